// room: serve
// Why: request bodies come from strangers; each becomes a plain request or an ApiError.
#include <cstdint>
#include <string_view>

#include "serve/api_error.h"
#include "serve/openai/chat_request.h"
#include "serve/openai/completion_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  try {
    pioneer::serve::openai::ParseChatCall(body);
  } catch (const pioneer::serve::ApiError&) {
  }
  try {
    pioneer::serve::openai::ParseCompletionCall(body);
  } catch (const pioneer::serve::ApiError&) {
  }
  return 0;
}
