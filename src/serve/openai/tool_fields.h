// Why: tools, tool_choice and their kin are read here and nowhere else.
#pragma once

#include <string_view>

#include "serve/json_fields.h"
#include "serve/openai/chat_request.h"

namespace pioneer::serve::openai {

// Fills the request's tools, choice and parallel_tool_calls, and the search where it is among the
// tools. `text` is the whole body: templates print the tools with their keys in the caller's order.
// Throws ApiError 400 that names the field.
void ReadToolFields(const FieldReader& body, const Json& json, std::string_view text,
                    ChatCall& call);

}  // namespace pioneer::serve::openai
