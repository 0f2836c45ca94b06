// Why: editors complete code where the cursor stands, with text before and behind it. llama.cpp's
// /infill is what their plug-ins speak; OpenAI's completions have "suffix" for the same.
#pragma once

#include <string_view>

#include "engine/generator.h"
#include "serve/openai/answering.h"
#include "serve/service.h"

namespace pioneer::serve::openai {

struct InfillCall {
  WireOptions wire;
  InfillRequest request;
  GenerationOptions options;
};

// Throws ApiError 400 that names the field.
InfillCall ParseInfillCall(std::string_view body);

// llama.cpp's JSON of a completion.
AnswerFormat InfillFormat(const std::string& model);

void Infill(Service& service, const HttpRequest& request, ServeWriter& writer);

// How many tokens of a context the prompt may have when so many are to be generated (-1 = open).
int InfillPromptTokens(int context_length, int max_tokens);

}  // namespace pioneer::serve::openai
