// Why: a conversation becomes the exact text that the model was trained to continue. Templates come
// with models, are written in Jinja and are untrusted: time, memory and output are limited.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace pioneer {

struct ChatTemplateInput {
  OrderedJson messages;         // array of {role, content, ...} as OpenAI's API has them
  OrderedJson tools = nullptr;  // array or null
  bool add_generation_prompt = true;
  std::string bos_token, eos_token;
  OrderedJson extra = OrderedJson::object();  // further variables, e.g. enable_thinking
  std::optional<int64_t> now_unix_s;          // what strftime_now() tells; absent = the clock
};

// Immutable after construction; any thread may use it.
class ChatTemplate {
 public:
  // Throws Error{kInvalidArgument} with line and reason when the source is no valid Jinja.
  explicit ChatTemplate(std::string_view source);
  ~ChatTemplate();

  // Throws Error{kInvalidArgument} when the template refuses (raise_exception) or fails, with its
  // words; kOutOfMemory when a limit is passed.
  std::string Render(const ChatTemplateInput& input) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// ChatML, for models whose file has no template.
extern const char* const kDefaultChatTemplate;

}  // namespace pioneer
