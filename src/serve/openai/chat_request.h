// Why: the JSON of /v1/chat/completions becomes a plain ChatRequest here, and nowhere else.
// docs/api.md lists every field and what becomes of it.
#pragma once

#include <optional>
#include <string_view>

#include "engine/generator.h"
#include "serve/openai/common_fields.h"

namespace pioneer::serve::openai {

inline constexpr int kMaxMessages = 4096;

// web_search_options, or the tool "web_search": the service searches, and the answer cites what it
// found.
struct WebSearchOptions {
  int max_passages = 8;
  bool model_decides = false;  // it is one of the request's tools; else the search is made always
};

struct ChatCall {
  WireOptions wire;
  ChatRequest request;
  std::optional<WebSearchOptions> web_search = std::nullopt;
};

// Throws ApiError 400 that names the field.
ChatCall ParseChatCall(std::string_view body);

}  // namespace pioneer::serve::openai
