// Why: of several answers to a prompt, a client may want only those that the model finds likeliest.
#pragma once

#include <vector>

#include "serve/openai/responses.h"

namespace pioneer::serve::openai {

// Of each group of `n_each` answers the `n_kept` with the highest mean log probability of a token,
// best first, the earlier one first among equals. The answers must carry logprobs.
std::vector<Answer> KeepBest(std::vector<Answer> answers, int n_each, int n_kept);

}  // namespace pioneer::serve::openai
