// Why: the JSON of /v1/chat/completions becomes a plain ChatRequest here, and nowhere else.
// docs/api.md lists every field and what becomes of it.
#pragma once

#include <string_view>

#include "engine/generator.h"
#include "serve/openai/common_fields.h"

namespace pioneer::serve::openai {

inline constexpr int kMaxMessages = 4096;

struct ChatCall {
  WireOptions wire;
  ChatRequest request;
};

// Throws ApiError 400 that names the field.
ChatCall ParseChatCall(std::string_view body);

}  // namespace pioneer::serve::openai
