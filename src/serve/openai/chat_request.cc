#include "serve/openai/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "serve/api_error.h"
#include "serve/openai/output_grammar.h"
#include "serve/openai/tool_fields.h"
#include "serve/openai/web_search.h"

namespace pioneer::serve::openai {
namespace {

constexpr int kMaxParts = 1024;
constexpr int kMaxToolCalls = 128;
constexpr size_t kMaxObjectKeys = 1024;

std::string ReadTextPart(const Json& part, const std::string& path) {
  const FieldReader fields(part, path);
  const auto type = fields.String("type");
  if (!type) throw InvalidField(path + ".type", "is missing");
  if (*type == "text") {
    const auto text = fields.String("text");
    if (!text) throw InvalidField(path + ".text", "is missing");
    return *text;
  }
  for (const char* known : {"image_url", "input_audio", "file", "refusal"}) {
    if (*type == known) {
      throw UnsupportedField(
          path + ".type",
          fmt::format("\"{}\" parts are not supported yet by this version; only \"text\"", known));
    }
  }
  throw InvalidField(path + ".type", "must be \"text\"");
}

// A string, or text parts, which are joined as they are.
std::string ReadContent(const Json& content, const std::string& path) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    throw InvalidField(path, "must be a string or an array of parts, not " + DescribeType(content));
  }
  if (content.empty()) throw InvalidField(path, "must have at least one part");
  if (content.size() > kMaxParts) {
    throw InvalidField(path, fmt::format("must have at most {} parts", kMaxParts));
  }
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) {
    text += ReadTextPart(content[i], fmt::format("{}[{}]", path, i));
  }
  return text;
}

std::string RequireField(const FieldReader& fields, const char* name) {
  auto value = fields.String(name);
  if (!value) throw InvalidField(fields.Path(name), "is missing");
  return *value;
}

ChatMessage::ToolCall ReadToolCall(const Json& call, const std::string& path) {
  const FieldReader fields(call, path);
  if (fields.String("type").value_or("function") != "function") {
    throw UnsupportedField(path + ".type", "must be \"function\"");
  }
  const Json* function = fields.Object("function");
  if (!function) throw InvalidField(path + ".function", "is missing");
  const FieldReader inner(*function, path + ".function");
  return {RequireField(fields, "id"), RequireField(inner, "name"),
          RequireField(inner, "arguments")};
}

std::vector<ChatMessage::ToolCall> ReadToolCalls(const FieldReader& message) {
  std::vector<ChatMessage::ToolCall> calls;
  const Json* list = message.Array("tool_calls");
  if (!list) return calls;
  if (list->size() > kMaxToolCalls) {
    throw InvalidField(message.Path("tool_calls"),
                       fmt::format("must have at most {} calls", kMaxToolCalls));
  }
  for (size_t i = 0; i < list->size(); ++i) {
    calls.push_back(ReadToolCall((*list)[i], fmt::format("{}[{}]", message.Path("tool_calls"), i)));
  }
  return calls;
}

std::string ReadRole(const FieldReader& message) {
  static constexpr std::array kRoles = {"system", "developer", "user", "assistant", "tool"};
  const std::string role = RequireField(message, "role");
  for (const char* known : kRoles) {
    // Templates know only "system".
    if (role == known) return role == "developer" ? "system" : role;
  }
  throw InvalidField(message.Path("role"),
                     fmt::format("must be one of {}", fmt::join(kRoles, ", ")));
}

void RefuseMedia(const FieldReader& message) {
  for (const char* name : {"audio", "function_call"}) {
    if (message.Has(name)) {
      throw UnsupportedField(message.Path(name), "is not supported yet by this version");
    }
  }
}

ChatMessage ReadMessage(const Json& json, const std::string& path) {
  const FieldReader fields(json, path);
  ChatMessage message;
  message.role = ReadRole(fields);
  message.name = fields.String("name").value_or("");
  RefuseMedia(fields);
  if (message.role == "assistant") {
    message.tool_calls = ReadToolCalls(fields);
    message.reasoning = fields.String("reasoning_content").value_or("");
    if (message.reasoning.empty()) message.reasoning = fields.String("reasoning").value_or("");
  }
  if (message.role == "tool") message.tool_call_id = RequireField(fields, "tool_call_id");
  if (const Json* content = fields.Find("content")) {
    message.content = ReadContent(*content, fields.Path("content"));
  } else if (message.tool_calls.empty()) {
    throw InvalidField(fields.Path("content"), "is missing");
  }
  return message;
}

std::vector<ChatMessage> ReadMessages(const FieldReader& body) {
  const Json* list = body.Array("messages");
  if (!list) throw InvalidField("messages", "is missing");
  if (list->empty()) throw InvalidField("messages", "must have at least one message");
  if (list->size() > kMaxMessages) {
    throw InvalidField("messages", fmt::format("must have at most {} messages", kMaxMessages));
  }
  std::vector<ChatMessage> messages;
  messages.reserve(list->size());
  for (size_t i = 0; i < list->size(); ++i) {
    messages.push_back(ReadMessage((*list)[i], fmt::format("messages[{}]", i)));
  }
  return messages;
}

void RefuseUnsupported(const FieldReader& body) {
  for (const char* name : {"audio", "functions", "function_call"}) {
    if (body.Has(name)) throw UnsupportedField(name, "is not supported yet by this version");
  }
  if (const Json* modalities = body.Array("modalities")) {
    if (*modalities != Json::array({"text"})) {
      throw UnsupportedField("modalities", "only [\"text\"] is supported by this version");
    }
  }
}

void ReadTokenLimit(const FieldReader& body, GenerationLimits& limits) {
  const auto old_name = body.Int("max_tokens", 1, kMaxTokensLimit);
  const auto new_name = body.Int("max_completion_tokens", 1, kMaxTokensLimit);
  if (new_name || old_name) limits.max_tokens = static_cast<int>(new_name ? *new_name : *old_name);
}

void ReadLogprobs(const FieldReader& body, GenerationOptions& options) {
  options.logprobs = body.Bool("logprobs").value_or(false);
  const auto top = body.Int("top_logprobs", 0, kMaxTopLogprobs);
  if (top && *top > 0 && !options.logprobs) {
    throw InvalidField("top_logprobs", "is allowed only when logprobs is true");
  }
  options.top_logprobs = static_cast<int>(top.value_or(0));
}

std::string ReadReasoningEffort(const FieldReader& body) {
  static constexpr std::array kEfforts = {"none", "minimal", "low", "medium", "high", "xhigh"};
  const std::string effort = body.String("reasoning_effort").value_or("");
  if (effort.empty() || std::find(kEfforts.begin(), kEfforts.end(), effort) != kEfforts.end()) {
    return effort;
  }
  throw InvalidField("reasoning_effort",
                     fmt::format("must be one of {}", fmt::join(kEfforts, ", ")));
}

std::string ReadPrediction(const FieldReader& body) {
  const Json* prediction = body.Object("prediction");
  if (!prediction) return "";
  const FieldReader fields(*prediction, "prediction");
  if (RequireField(fields, "type") != "content") {
    throw InvalidField("prediction.type", "must be \"content\"");
  }
  const Json* content = fields.Find("content");
  if (!content) throw InvalidField("prediction.content", "is missing");
  return ReadContent(*content, "prediction.content");
}

std::string ReadTemplateVariables(const FieldReader& body) {
  OrderedJson variables = OrderedJson::object();
  if (const Json* extra = body.Object("chat_template_kwargs")) {
    if (extra->size() > kMaxObjectKeys) {
      throw InvalidField("chat_template_kwargs", "has too many keys");
    }
    for (const auto& [key, value] : extra->items()) variables[key] = value;
  }
  return variables.empty() ? "" : DumpJson(variables);
}

}  // namespace

ChatCall ParseChatCall(std::string_view text) {
  const Json json = ParseBody(text);
  const FieldReader body(json, "");
  ChatCall call;
  call.wire = ReadWireOptions(body);
  call.request.messages = ReadMessages(body);
  RefuseUnsupported(body);
  ReadToolFields(body, json, text, call);
  call.request.reasoning_effort = ReadReasoningEffort(body);
  call.request.template_variables_json = ReadTemplateVariables(body);
  call.request.options = ReadGenerationOptions(body);
  call.request.options.prediction = ReadPrediction(body);
  call.request.options.grammar = ReadOutputGrammar(body, text);
  ReadTokenLimit(body, call.request.options.limits);
  ReadLogprobs(body, call.request.options);
  ReadWebSearchOptions(body, call);
  return call;
}

}  // namespace pioneer::serve::openai
