// Why: binds responses.h's pure functions to one request, for the answering loop.
#pragma once

#include "serve/openai/answering.h"

namespace pioneer::serve::openai {

AnswerFormat ChatFormat(ResponseHead head, bool logprobs, bool usage_follows);

// `n_choices`: of the whole request; each keeps its place in its text.
AnswerFormat CompletionFormat(ResponseHead head, bool logprobs, bool usage_follows, int n_choices);

}  // namespace pioneer::serve::openai
