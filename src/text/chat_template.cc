#include "text/chat_template.h"

#include "base/error.h"
#include "text/jinja/parser.h"
#include "text/jinja/runtime.h"

namespace pioneer {

struct ChatTemplate::Impl {
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::string_view source) : impl_(std::make_unique<Impl>()) {
  impl_->body = jinja::ParseTemplate(source);
}

ChatTemplate::~ChatTemplate() = default;

std::string ChatTemplate::Render(const ChatTemplateInput& input) const {
  using jinja::Value;
  jinja::Runtime runtime;
  jinja::Heap& heap = runtime.heap();
  runtime.now_unix_s = input.now_unix_s;
  runtime.SetGlobal("messages", heap.FromJson(input.messages));
  runtime.SetGlobal("tools", heap.FromJson(input.tools));
  runtime.SetGlobal("documents", Value::None());
  runtime.SetGlobal("add_generation_prompt", Value::Bool(input.add_generation_prompt));
  runtime.SetGlobal("bos_token", Value::String(input.bos_token));
  runtime.SetGlobal("eos_token", Value::String(input.eos_token));
  if (!input.extra.is_object() && !input.extra.is_null()) {
    Fail(ErrorCode::kInvalidArgument, "the chat template's variables must be an object");
  }
  for (const auto& [name, value] : input.extra.items()) {
    runtime.SetGlobal(heap.NewString(name).text(), heap.FromJson(value));
  }
  return runtime.Render(impl_->body);
}

const char* const kDefaultChatTemplate =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

}  // namespace pioneer
