// Why: prompts and texts to embed come in four forms: a string, strings, tokens, arrays of tokens.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "serve/json_fields.h"

namespace pioneer::serve::openai {

using TextInput = std::variant<std::string, std::vector<int32_t>>;

// Throws ApiError 400 that names the field: missing, empty, of a wrong type, more than max_inputs.
std::vector<TextInput> ReadTextInputs(const FieldReader& body, const char* name, int max_inputs);

}  // namespace pioneer::serve::openai
