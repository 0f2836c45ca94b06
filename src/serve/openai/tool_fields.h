// Why: tools, tool_choice and their kin are read here and nowhere else.
#pragma once

#include <string_view>

#include "engine/generator.h"
#include "serve/json_fields.h"

namespace pioneer::serve::openai {

// Fills the request's tools, choice and parallel_tool_calls. `text` is the whole body: templates
// print the tools with their keys in the caller's order. Throws ApiError 400 that names the field.
void ReadToolFields(const FieldReader& body, const Json& json, std::string_view text,
                    ChatRequest& request);

}  // namespace pioneer::serve::openai
