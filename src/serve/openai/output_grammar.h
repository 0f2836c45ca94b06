// Why: clients ask for a form of the answer in many spellings: OpenAI's response_format, vLLM's
// guided_* and structured_outputs, llama.cpp's grammar and json_schema. One table reads them all.
#pragma once

#include <string_view>

#include "engine/generator.h"
#include "serve/json_fields.h"

namespace pioneer::serve::openai {

inline constexpr size_t kMaxChoices = 4096;  // guided_choice

// kNone where nothing is asked for. `text` is the request as it came: schemas keep their order of
// keys. Throws ApiError 400 for two forms at once and for a form that is not known; whether the
// grammar itself can be held is found out when the generation starts.
OutputGrammar ReadOutputGrammar(const FieldReader& body, std::string_view text);

}  // namespace pioneer::serve::openai
