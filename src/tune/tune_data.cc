#include "tune/tune_data.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "train/line_reader.h"

namespace pioneer::tune {
namespace {

constexpr std::array<const char*, 3> kMethodNames = {"sft", "dpo", "grpo"};
constexpr std::array<std::pair<const char*, eval::AnswerKind>, 5> kMatches = {
    {{"exact", eval::AnswerKind::kExact},
     {"contains", eval::AnswerKind::kContains},
     {"regex", eval::AnswerKind::kRegex},
     {"number", eval::AnswerKind::kNumber},
     {"gsm8k", eval::AnswerKind::kGsm8k}}};

// What is wrong with an example; the reader puts the place in front.
[[noreturn]] void Wrong(const std::string& what) { throw Error(ErrorCode::kInvalidArgument, what); }

const Json* FieldOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string TextOf(const Json& object, const char* key) {
  const Json* value = FieldOf(object, key);
  if (value == nullptr) return "";
  if (!value->is_string()) Wrong(fmt::format("\"{}\" must be a text", key));
  return value->get<std::string>();
}

ChatMessage::ToolCall CallOf(const Json& json) {
  const Json* function = json.is_object() ? FieldOf(json, "function") : nullptr;
  if (function == nullptr || !function->is_object()) {
    Wrong("each of \"tool_calls\" must have a \"function\"");
  }
  ChatMessage::ToolCall call{TextOf(json, "id"), TextOf(*function, "name"), "{}"};
  if (const Json* arguments = FieldOf(*function, "arguments")) {
    call.arguments_json =
        arguments->is_string() ? arguments->get<std::string>() : DumpJson(*arguments);
  }
  return call;
}

ChatMessage MessageOf(const Json& json) {
  if (!json.is_object()) Wrong("a message must be an object with \"role\" and \"content\"");
  ChatMessage message;
  message.role = TextOf(json, "role");
  constexpr std::array<const char*, 5> kRoles = {"system", "user", "assistant", "tool",
                                                 "developer"};
  if (std::find(kRoles.begin(), kRoles.end(), message.role) == kRoles.end()) {
    Wrong(fmt::format("a message's \"role\" is \"{}\"; it must be one of {}",
                      message.role.substr(0, 64), fmt::join(kRoles, ", ")));
  }
  message.content = TextOf(json, "content");
  message.name = TextOf(json, "name");
  message.tool_call_id = TextOf(json, "tool_call_id");
  message.reasoning = TextOf(json, "reasoning_content");
  if (const Json* calls = FieldOf(json, "tool_calls")) {
    if (!calls->is_array()) Wrong("\"tool_calls\" must be a list");
    for (const Json& call : *calls) message.tool_calls.push_back(CallOf(call));
  }
  return message;
}

std::vector<ChatMessage> MessagesOf(const Json& json, const char* key) {
  if (!json.is_array() || json.empty() || json.size() > kMaxMessages) {
    Wrong(fmt::format("\"{}\" must be a list of 1 to {} messages", key, kMaxMessages));
  }
  std::vector<ChatMessage> messages;
  for (const Json& message : json) messages.push_back(MessageOf(message));
  return messages;
}

// A text is one message of this role.
std::vector<ChatMessage> TextOrMessages(const Json& example, const char* key, const char* role) {
  const Json* value = FieldOf(example, key);
  if (value == nullptr) Wrong(fmt::format("\"{}\" is missing", key));
  if (!value->is_string()) return MessagesOf(*value, key);
  ChatMessage message;
  message.role = role;
  message.content = value->get<std::string>();
  return {message};
}

std::vector<ChatMessage> PromptOf(const Json& example) {
  const bool has_prompt = FieldOf(example, "prompt") != nullptr;
  std::vector<ChatMessage> messages =
      TextOrMessages(example, has_prompt ? "prompt" : "messages", "user");
  if (messages.back().role == "assistant") {
    Wrong(
        "the prompt ends with the assistant's own words; the answer comes behind a message of "
        "another role");
  }
  return messages;
}

std::string AnswerText(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number()) return DumpJson(json);
  Wrong("\"answer\" must be a text, a number, or a list of them");
}

// Unless the line says how to compare: numbers as numbers, other answers letter by letter.
eval::AnswerRule RuleOf(const Json& example) {
  const Json* answer = FieldOf(example, "answer");
  if (answer == nullptr) Wrong("\"answer\" is missing");
  eval::AnswerRule rule;
  if (answer->is_array()) {
    for (const Json& one : *answer) rule.expected.push_back(AnswerText(one));
  } else {
    rule.expected.push_back(AnswerText(*answer));
  }
  if (rule.expected.empty()) Wrong("\"answer\" is an empty list");
  rule.kind = answer->is_number() ? eval::AnswerKind::kNumber : eval::AnswerKind::kExact;
  const std::string match = TextOf(example, "match");
  if (match.empty()) return rule;
  const auto found = std::find_if(kMatches.begin(), kMatches.end(),
                                  [&](const auto& known) { return match == known.first; });
  if (found == kMatches.end()) {
    Wrong(fmt::format("\"match\" is \"{}\"; it must be exact, contains, regex, number or gsm8k",
                      match.substr(0, 64)));
  }
  rule.kind = found->second;
  return rule;
}

TuneExample ExampleOf(const Json& json, Method method) {
  if (!json.is_object()) Wrong("the line must be a JSON object");
  TuneExample example;
  if (const Json* tools = FieldOf(json, "tools")) {
    if (!tools->is_array()) Wrong("\"tools\" must be a list");
    example.tools_json = DumpJson(*tools);
  }
  if (method == Method::kSft) {
    example.messages = TextOrMessages(json, "messages", "user");
    const bool answers =
        std::any_of(example.messages.begin(), example.messages.end(),
                    [](const ChatMessage& message) { return message.role == "assistant"; });
    if (!answers) Wrong("\"messages\" has no message of the role \"assistant\" to learn");
    return example;
  }
  example.messages = PromptOf(json);
  if (method == Method::kGrpo) {
    example.answer = RuleOf(json);
    eval::JudgeAnswer(example.answer, "");  // a pattern that is none is an error now, not later
    return example;
  }
  example.chosen = TextOrMessages(json, "chosen", "assistant");
  example.rejected = TextOrMessages(json, "rejected", "assistant");
  return example;
}

}  // namespace

const char* MethodName(Method method) { return kMethodNames[static_cast<size_t>(method)]; }

Method ParseMethod(const std::string& name) {
  for (size_t i = 0; i < kMethodNames.size(); ++i) {
    if (name == kMethodNames[i]) return static_cast<Method>(i);
  }
  Fail(ErrorCode::kInvalidArgument, "unknown method {}; known are sft, dpo, grpo", name);
}

std::vector<TuneExample> ReadTuneData(const fs::path& path, Method method) {
  LineReader reader(path);
  std::vector<TuneExample> examples;
  std::string line;
  while (reader.Next(line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      if (line.size() > kMaxExampleBytes) {
        Wrong(fmt::format("the line is longer than {} MiB", kMaxExampleBytes >> 20));
      }
      if (examples.size() == kMaxExamples) Wrong("there are too many examples");
      examples.push_back(ExampleOf(ParseJson(line), method));
      examples.back().line = reader.line_number();
    } catch (const Error& error) {
      Fail(ErrorCode::kInvalidArgument, "{}:{}: {}", path.string(), reader.line_number(),
           error.what());
    }
  }
  if (examples.empty()) Fail(ErrorCode::kInvalidArgument, "{} has no examples", path.string());
  return examples;
}

}  // namespace pioneer::tune
