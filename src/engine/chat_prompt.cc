#include "engine/chat_prompt.h"

#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

// Text that a tool or a client wrote as JSON; what is not JSON stays text.
OrderedJson ParseArguments(const std::string& text) {
  try {
    OrderedJson value = ParseOrderedJson(text);
    if (value.is_object()) return value;
  } catch (const Error&) {
    // A model may have written broken JSON; its template sees it as it is.
  }
  return RepairUtf8(text);
}

OrderedJson ParseField(const std::string& text, const char* field, bool array) {
  try {
    OrderedJson value = ParseOrderedJson(text);
    if (array ? value.is_array() : value.is_object()) return value;
  } catch (const Error& error) {
    Fail(ErrorCode::kInvalidArgument, "{} is no valid JSON: {}", field, error.what());
  }
  Fail(ErrorCode::kInvalidArgument, "{} must be a JSON {}", field, array ? "array" : "object");
}

// Whether any string of the value, keys included, contains `needle`.
bool Contains(const OrderedJson& value, std::string_view needle) {
  if (value.is_string()) {
    return value.get_ref<const std::string&>().find(needle) != std::string::npos;
  }
  if (!value.is_structured()) return false;
  for (const auto& item : value.items()) {
    if (value.is_object() && item.key().find(needle) != std::string::npos) return true;
    if (Contains(item.value(), needle)) return true;
  }
  return false;
}

std::string TokenText(const Tokenizer& tokenizer, int32_t id) {
  return id < 0 ? "" : tokenizer.vocabulary().tokens[id];
}

}  // namespace

ChatPrompt::ChatPrompt(const Tokenizer& tokenizer, std::string template_source)
    : tokenizer_(tokenizer),
      source_(template_source.empty() ? kDefaultChatTemplate : std::move(template_source)),
      guard_(tokenizer) {
  try {
    template_ = std::make_unique<ChatTemplate>(source_);
  } catch (const Error& error) {
    template_error_ = error.what();
  }
}

std::vector<int32_t> ChatPrompt::Tokens(const ChatRequest& request) const {
  if (!template_) {
    Fail(ErrorCode::kUnsupported,
         "this model's chat template cannot be used ({}); it can complete text, but not chat",
         template_error_);
  }
  ChatTemplateInput input = MakeInput(request);
  const std::string marker =
      ChooseMarker(OrderedJson::array({input.messages, input.tools, input.extra}));
  input.messages = MarkMessages(input.messages, marker);
  input.tools = MarkStrings(input.tools, marker);
  input.extra = MarkStrings(input.extra, marker);
  std::vector<int32_t> ids = guard_.Encode(template_->Render(input), marker);
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  const bool has_bos = !ids.empty() && ids.front() == vocabulary.bos_id;
  if (vocabulary.add_bos && vocabulary.bos_id >= 0 && !has_bos) {
    ids.insert(ids.begin(), vocabulary.bos_id);
  }
  return ids;
}

ChatTemplateInput ChatPrompt::MakeInput(const ChatRequest& request) const {
  ChatTemplateInput input;
  input.messages = OrderedJson::array();
  for (const ChatMessage& message : request.messages) {
    input.messages.push_back(MakeMessage(message));
  }
  if (!request.tools_json.empty()) input.tools = ParseField(request.tools_json, "tools", true);
  if (!request.template_variables_json.empty()) {
    input.extra = ParseField(request.template_variables_json, "chat_template_kwargs", false);
  }
  input.add_generation_prompt = request.add_generation_prompt;
  input.bos_token = TokenText(tokenizer_, tokenizer_.vocabulary().bos_id);
  input.eos_token = TokenText(tokenizer_, tokenizer_.vocabulary().eos_id);
  return input;
}

OrderedJson ChatPrompt::MakeMessage(const ChatMessage& message) const {
  // Templates from before the developer role know it as the system's.
  const bool rename = message.role == "developer" && source_.find("developer") == std::string::npos;
  OrderedJson json = {{"role", rename ? "system" : message.role}, {"content", message.content}};
  if (!message.name.empty()) json["name"] = message.name;
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  for (const ChatMessage::ToolCall& call : message.tool_calls) {
    json["tool_calls"].push_back(
        {{"id", call.id},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", ParseArguments(call.arguments_json)}}}});
  }
  return json;
}

// There are 66 noncharacters, never used for text exchange. A request that holds all of them has
// no other purpose than to get in the way.
std::string ChatPrompt::ChooseMarker(const OrderedJson& input) const {
  const auto is_free = [&](const std::string& marker) {
    return source_.find(marker) == std::string::npos && !Contains(input, marker);
  };
  for (char32_t c = 0xFDD0; c <= 0xFDEF; ++c) {
    std::string marker;
    AppendUtf8(marker, c);
    if (is_free(marker)) return marker;
  }
  for (char32_t c = 0xFFFE; c <= 0x10FFFF; c += c % 2 == 0 ? 1 : 0xFFFF) {
    std::string marker;
    AppendUtf8(marker, c);
    if (is_free(marker)) return marker;
  }
  Fail(ErrorCode::kInvalidArgument, "the messages contain every Unicode noncharacter; remove one");
}

// Templates look keys up and compare values ("string", "function"), so only what looks like a
// control token is marked here.
OrderedJson ChatPrompt::MarkStrings(const OrderedJson& value, std::string_view marker) const {
  if (value.is_string()) return guard_.Mark(value.get_ref<const std::string&>(), marker);
  if (value.is_array()) {
    OrderedJson marked = OrderedJson::array();
    for (const OrderedJson& item : value) marked.push_back(MarkStrings(item, marker));
    return marked;
  }
  if (value.is_object()) {
    OrderedJson marked = OrderedJson::object();
    for (const auto& item : value.items()) {
      marked[guard_.Mark(item.key(), marker)] = MarkStrings(item.value(), marker);
    }
    return marked;
  }
  return value;
}

// The keys of a message, its role and the type of its calls are ours; the rest is the user's.
OrderedJson ChatPrompt::MarkMessages(const OrderedJson& messages, std::string_view marker) const {
  const auto mark_text = [&](OrderedJson& text) {
    text = guard_.MarkWhole(text.get_ref<const std::string&>(), marker);
  };
  OrderedJson marked = messages;
  for (OrderedJson& message : marked) {
    for (const char* key : {"content", "name", "tool_call_id"}) {
      if (message.contains(key)) mark_text(message[key]);
    }
    if (!message.contains("tool_calls")) continue;
    for (OrderedJson& call : message["tool_calls"]) {
      mark_text(call["id"]);
      mark_text(call["function"]["name"]);
      call["function"]["arguments"] = MarkStrings(call["function"]["arguments"], marker);
    }
  }
  return marked;
}

}  // namespace pioneer
