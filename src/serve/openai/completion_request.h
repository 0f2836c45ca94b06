// Why: the JSON of /v1/completions becomes plain CompletionRequests here, one for each prompt.
// docs/api.md lists every field and what becomes of it.
#pragma once

#include <string_view>
#include <vector>

#include "engine/generator.h"
#include "serve/openai/common_fields.h"

namespace pioneer::serve::openai {

inline constexpr int kMaxPrompts = 64;
inline constexpr int kDefaultCompletionTokens = 16;  // OpenAI's default for this endpoint

struct CompletionCall {
  WireOptions wire;
  // At least one; they differ only in the prompt. Choices are numbered prompt by prompt: answer i
  // of prompt p has index p * n + i.
  std::vector<CompletionRequest> requests;
  // best_of: each request makes options.n answers, of which the best so many are sent; 0 = all.
  int best = 0;
  std::string suffix;     // not "": fill the hole between each prompt and this
  bool logprobs = false;  // in the answer; with best_of the requests ask for them in any case
};

// Throws ApiError 400 that names the field.
CompletionCall ParseCompletionCall(std::string_view body);

}  // namespace pioneer::serve::openai
