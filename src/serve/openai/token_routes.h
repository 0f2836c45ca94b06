// Why: clients that count or cut tokens themselves ask for them here, with the fields that vLLM
// ("prompt", "add_special_tokens") and llama.cpp ("content", "add_special") use.
#pragma once

#include "serve/service.h"

namespace pioneer::serve::openai {

void TokenizeText(Service& service, const HttpRequest& request, ServeWriter& writer);
void DetokenizeIds(Service& service, const HttpRequest& request, ServeWriter& writer);
// vLLM's: the texts of BOS and EOS. lm-evaluation-harness asks for them and then leaves tokenizing
// to the service.
void DescribeTokenizer(Service& service, const HttpRequest& request, ServeWriter& writer);

}  // namespace pioneer::serve::openai
