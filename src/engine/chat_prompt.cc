#include "engine/chat_prompt.h"

#include <algorithm>
#include <unordered_map>
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

// Calls of earlier messages, by id: templates want the tool's name beside its result.
void NameResults(std::vector<ChatMessage>& messages) {
  std::unordered_map<std::string, std::string> names;
  for (ChatMessage& message : messages) {
    for (const ChatMessage::ToolCall& call : message.tool_calls) names[call.id] = call.name;
    if (message.role != "tool" || !message.name.empty()) continue;
    if (const auto found = names.find(message.tool_call_id); found != names.end()) {
      message.name = found->second;
    }
  }
}

}  // namespace

ChatPrompt::ChatPrompt(const Tokenizer& tokenizer, std::string template_source)
    : tokenizer_(tokenizer),
      source_(template_source.empty() ? kDefaultChatTemplate : std::move(template_source)),
      guard_(tokenizer),
      format_(std::make_shared<chat_format::ChatFormat>(chat_format::DetectChatFormat(source_))) {
  try {
    template_ = std::make_unique<ChatTemplate>(source_);
    abilities_ = ProbeTemplate(*template_);
    if (!abilities_.tools) format_->calls = chat_format::GenericCalls();
    thinking_ = ProbeThinking();
  } catch (const Error& error) {
    template_error_ = error.what();
  }
  FindMarkerTokens();
}

void ChatPrompt::FindMarkerTokens() {
  const std::vector<std::string> markers = chat_format::Markers(*format_);
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  for (size_t id = 0; id < vocabulary.types.size(); ++id) {
    const std::string& text = vocabulary.tokens[id];
    if (vocabulary.types[id] != TokenType::kControl || text.empty()) continue;
    const auto token = static_cast<int32_t>(id);
    control_tokens_.push_back({text, token, tokenizer_.IsEndOfGeneration(token)});
    const bool is_marker = std::any_of(
        markers.begin(), markers.end(),
        [&](const std::string& marker) { return marker.find(text) != std::string::npos; });
    if (!is_marker) continue;
    marker_tokens_.insert(token);
    marker_texts_.push_back(text);
  }
}

RenderedChat ChatPrompt::Render(const ChatRequest& request) const {
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
  const std::string text = template_->Render(input);
  constexpr size_t kEndBytes = 256;
  RenderedChat chat;
  chat.end = text.substr(text.size() - std::min(text.size(), kEndBytes));
  chat.tokens = guard_.Encode(text, marker);
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  const bool has_bos = !chat.tokens.empty() && chat.tokens.front() == vocabulary.bos_id;
  if (vocabulary.add_bos && vocabulary.bos_id >= 0 && !has_bos) {
    chat.tokens.insert(chat.tokens.begin(), vocabulary.bos_id);
  }
  return chat;
}

std::unique_ptr<chat_format::AnswerParser> ChatPrompt::MakeParser(const ChatRequest& request,
                                                                  const RenderedChat& prompt,
                                                                  bool stream_arguments) const {
  const bool wanted = !request.tools_json.empty() && request.tool_choice != ToolChoice::kNone;
  const bool calls = format_->has_calls() && (wanted || request.read_all_calls);
  if (!calls && format_->reasoning_end.empty() && format_->hidden.empty()) return nullptr;
  chat_format::AnswerParserOptions options;
  if (calls) options.tools = std::make_shared<chat_format::ToolSet>(request.tools_json);
  options.prompt_end = prompt.end;
  options.stream_arguments = stream_arguments;
  options.control_tokens = marker_texts_;
  return std::make_unique<chat_format::AnswerParser>(format_, std::move(options));
}

std::optional<grammar::Grammar> ChatPrompt::MakeCallGrammar(const ChatRequest& request,
                                                            const RenderedChat& prompt) const {
  if (request.tools_json.empty() || request.tool_choice == ToolChoice::kNone) return std::nullopt;
  chat_format::CallGrammarOptions options;
  options.required = request.tool_choice != ToolChoice::kAuto;
  options.name = request.tool_name;
  options.parallel = request.parallel_tool_calls;
  options.thinks = source_.find(format_->reasoning_end) != std::string::npos;
  options.prompt_end = prompt.end;
  options.control_tokens = control_tokens_;
  const OutputGrammar& answer = request.options.grammar;
  if (answer.kind == OutputGrammar::Kind::kJsonSchema) {
    options.answer_schema = answer.source;
  } else if (answer.kind == OutputGrammar::Kind::kJsonObject) {
    options.answer_schema = R"({"type": "object"})";
  } else if (answer.kind != OutputGrammar::Kind::kNone) {
    Fail(ErrorCode::kUnsupported,
         "tools: cannot be combined with a regex or a grammar of the answer; set tool_choice to "
         "\"none\"");
  }
  return chat_format::MakeCallGrammar(*format_, chat_format::ToolSet(request.tools_json), options);
}

ChatTemplateInput ChatPrompt::MakeInput(const ChatRequest& request) const {
  ChatTemplateInput input;
  input.messages = OrderedJson::array();
  std::vector<ChatMessage> messages = request.messages;
  NameResults(messages);
  if (!request.tools_json.empty()) input.tools = ParseField(request.tools_json, "tools", true);
  if (!abilities_.tools) {
    messages = TellAboutTools(std::move(messages), input.tools, abilities_.system);
    input.tools = nullptr;
  }
  if (!abilities_.calls_without_results) TellCallsWithoutResults(messages);
  for (const ChatMessage& message : messages) input.messages.push_back(MakeMessage(message));
  if (!request.template_variables_json.empty()) {
    input.extra = ParseField(request.template_variables_json, "chat_template_kwargs", false);
  }
  if (format_->name == "firefunction") input.extra["functions"] = DumpJson(input.tools);
  if (!request.reasoning_effort.empty()) SetReasoning(request.reasoning_effort, input.extra);
  input.add_generation_prompt = request.add_generation_prompt;
  input.bos_token = TokenText(tokenizer_, tokenizer_.vocabulary().bos_id);
  input.eos_token = TokenText(tokenizer_, tokenizer_.vocabulary().eos_id);
  return input;
}

// Every family has its own variable for it; what the caller set is left alone.
void ChatPrompt::SetReasoning(const std::string& effort, OrderedJson& variables) const {
  const bool thinks = effort != "none";
  const auto set = [&](const char* name, OrderedJson value) {
    const bool used = source_.find(name) != std::string::npos;
    if (used && !variables.contains(name)) variables[name] = std::move(value);
  };
  if (thinks) {
    set("reasoning_effort", effort);
    set("thinking_effort", effort);
  }
  set("enable_thinking", thinks);
  set("thinking", thinks);
}

Thinking ChatPrompt::ProbeThinking() const {
  const std::string& end = format_->reasoning_end;
  if (end.empty() || source_.find(end) == std::string::npos) return Thinking::kNever;
  const auto render = [&](const char* effort) {
    ChatTemplateInput input;
    input.messages = OrderedJson::array({{{"role", "user"}, {"content", "probe"}}});
    input.extra["datetime"] = "now";
    if (*effort != '\0') SetReasoning(effort, input.extra);
    return template_->Render(input);
  };
  try {
    const std::string usual = render(""), off = render("none"), on = render("medium");
    if (off == on) return Thinking::kAlways;
    return usual == off ? Thinking::kOffByDefault : Thinking::kOnByDefault;
  } catch (const Error&) {
    return Thinking::kAlways;  // templates that need more than this say so when they are used
  }
}

OrderedJson ChatPrompt::MakeMessage(const ChatMessage& message) const {
  // Templates from before the developer role know it as the system's.
  const bool rename = message.role == "developer" && source_.find("developer") == std::string::npos;
  OrderedJson json = {{"role", rename ? "system" : message.role}, {"content", message.content}};
  if (!message.reasoning.empty()) SetThoughts(message, json);
  if (!message.name.empty()) json["name"] = message.name;
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  if (!message.tool_calls.empty() && message.content.empty() && abilities_.calls_without_content) {
    json["content"] = nullptr;
  }
  for (const ChatMessage::ToolCall& call : message.tool_calls) {
    OrderedJson arguments = abilities_.arguments_as_text
                                ? OrderedJson(RepairUtf8(call.arguments_json))
                                : ParseArguments(call.arguments_json);
    json["tool_calls"].push_back(
        {{"id", call.id},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", std::move(arguments)}}}});
  }
  return json;
}

// Most templates call them reasoning_content; those that call them otherwise refuse both thoughts
// and content beside calls.
void ChatPrompt::SetThoughts(const ChatMessage& message, OrderedJson& json) const {
  json["reasoning_content"] = message.reasoning;
  for (const char* key : {"thinking", "reasoning"}) {
    const bool used = source_.find(std::string("message.") + key) != std::string::npos ||
                      source_.find(std::string("message['") + key + "']") != std::string::npos;
    if (used && (message.tool_calls.empty() || message.content.empty())) {
      json[key] = message.reasoning;
    }
  }
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
    for (const char* key :
         {"content", "name", "tool_call_id", "reasoning_content", "thinking", "reasoning"}) {
      if (message.contains(key) && message[key].is_string()) mark_text(message[key]);
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
