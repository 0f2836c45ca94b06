#include "serve/web/chat_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/utf8.h"
#include "serve/api_error.h"
#include "serve/openai/common_fields.h"

namespace pioneer::serve::web {
namespace {

constexpr size_t kTitleCharacters = 60;
constexpr std::array<std::string_view, 6> kSettings = {"temperature", "top_p",    "max_tokens",
                                                       "system",      "thinking", "search"};
constexpr size_t kMaxSystemBytes = size_t{128} << 10;

OrderedJson TextOrNull(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

template <typename T>
OrderedJson ValueOrNull(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson SettingsJson(const ChatSettings& settings) {
  OrderedJson json = OrderedJson::object();
  if (settings.temperature) json["temperature"] = *settings.temperature;
  if (settings.top_p) json["top_p"] = *settings.top_p;
  if (settings.max_tokens) json["max_tokens"] = *settings.max_tokens;
  if (settings.system) json["system"] = *settings.system;
  if (settings.thinking) json["thinking"] = *settings.thinking;
  if (settings.search) json["search"] = SearchSettingsJson(*settings.search);
  return json;
}

OrderedJson ToolCallsJson(const Message& message) {
  OrderedJson json = OrderedJson::array();
  for (const MessageToolCall& call : message.tool_calls) {
    json.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  }
  return json;
}

// A fence longer than any run of backticks inside.
std::string CallMarkdown(const MessageToolCall& call) {
  size_t run = 0, longest = 2;
  for (const char c : call.arguments) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fmt::format("\n*({})*\n\n{}json\n{}\n{}\n", call.name, fence, call.arguments, fence);
}

// As it was stored; null in messages that no search answered.
OrderedJson SearchJson(const Message& message) {
  if (message.search_json.empty()) return nullptr;
  try {
    return ParseOrderedJson(message.search_json);
  } catch (const Error&) {
    return nullptr;
  }
}

// What the answer cites, one a line, with the link to the very place.
std::string SourcesMarkdown(const Message& message) {
  const OrderedJson search = SearchJson(message);
  if (!search.is_object()) return "";
  std::map<int, std::string> links;
  for (const OrderedJson& sentence : search.value("sentences", OrderedJson::array())) {
    for (const OrderedJson& citation : sentence.value("citations", OrderedJson::array())) {
      links.emplace(citation.value("n", 0), citation.value("link", ""));
    }
  }
  std::string text;
  for (const OrderedJson& passage : search.value("passages", OrderedJson::array())) {
    const auto link = links.find(passage.value("n", 0));
    if (link == links.end()) continue;
    text +=
        fmt::format("- [{}] [{}](<{}>)\n", link->first, passage.value("title", ""), link->second);
  }
  return text.empty() ? "" : "\n" + text;
}

OrderedJson UsageJson(const Message& message) {
  if (!message.prompt_tokens && !message.completion_tokens) return nullptr;
  return {{"prompt_tokens", message.prompt_tokens.value_or(0)},
          {"completion_tokens", message.completion_tokens.value_or(0)}};
}

}  // namespace

OrderedJson ChatSummaryJson(const Chat& chat) {
  return {{"id", chat.id},
          {"title", TextOrNull(chat.title)},
          {"created_at", chat.created_at_ms},
          {"updated_at", chat.updated_at_ms},
          {"search", SettingsFromText(chat.settings_json).search.has_value()}};
}

OrderedJson ChatJson(const Chat& chat) {
  OrderedJson json = ChatSummaryJson(chat);
  json["model"] = TextOrNull(chat.model);
  json["settings"] = SettingsJson(SettingsFromText(chat.settings_json));
  json["leaf_id"] = ValueOrNull(chat.leaf_id);
  return json;
}

OrderedJson MessageJson(const Message& message) {
  return {{"id", message.id},
          {"parent_id", ValueOrNull(message.parent_id)},
          {"role", MessageRoleName(message.role)},
          {"content", message.content},
          {"reasoning", TextOrNull(message.reasoning)},
          {"reasoning_ms", ValueOrNull(message.reasoning_ms)},
          {"tool_calls", ToolCallsJson(message)},
          {"status", MessageStatusName(message.status)},
          {"model", TextOrNull(message.model)},
          {"created_at", message.created_at_ms},
          {"usage", UsageJson(message)},
          {"error", ValueOrNull(message.error)},
          {"search", SearchJson(message)}};
}

ChatSettings ReadSettings(const Json& json) {
  const FieldReader fields(json, "settings");
  for (const auto& [key, value] : json.items()) {
    if (std::find(kSettings.begin(), kSettings.end(), key) == kSettings.end()) {
      throw InvalidField("settings", fmt::format("has {} only", fmt::join(kSettings, ", ")));
    }
  }
  ChatSettings settings;
  settings.temperature = fields.Number("temperature", 0, 2);
  settings.top_p = fields.Number("top_p", 0, 1);
  if (settings.top_p == 0.0) throw InvalidField("settings.top_p", "must be above 0");
  if (const auto limit = fields.Int("max_tokens", 1, openai::kMaxTokensLimit)) {
    settings.max_tokens = static_cast<int>(*limit);
  }
  settings.thinking = fields.Bool("thinking");
  if (const Json* search = fields.Object("search")) {
    settings.search = ReadSearchSettings(FieldReader(*search, "settings.search"));
  }
  settings.system = fields.String("system");
  if (settings.system && settings.system->size() > kMaxSystemBytes) {
    throw InvalidField("settings.system",
                       fmt::format("must not be longer than {} bytes", kMaxSystemBytes));
  }
  return settings;
}

std::string SettingsToText(const ChatSettings& settings) {
  return DumpJson(SettingsJson(settings));
}

ChatSettings SettingsFromText(const std::string& text) {
  try {
    return ReadSettings(ParseJson(text));
  } catch (const std::runtime_error&) {
    return {};
  }
}

std::vector<Message> PathTo(const std::vector<Message>& messages, const std::string& leaf_id) {
  std::map<std::string_view, const Message*> by_id;
  for (const Message& message : messages) by_id[message.id] = &message;
  std::vector<Message> path;
  auto it = by_id.find(leaf_id);
  // A parent is always older than its children, so this ends.
  while (it != by_id.end()) {
    const Message& message = *it->second;
    path.push_back(message);
    it = message.parent_id ? by_id.find(*message.parent_id) : by_id.end();
  }
  std::reverse(path.begin(), path.end());
  return path;
}

std::string TitleFrom(const std::string& question) {
  const size_t begin = question.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  const size_t line_end = std::min(question.find_first_of("\r\n", begin), question.size());
  std::string_view line = std::string_view(question).substr(begin, line_end - begin);
  size_t end = 0, last_space = 0, n_characters = 0;
  while (end < line.size() && n_characters < kTitleCharacters) {
    if (line[end] == ' ') last_space = end;
    end += DecodeUtf8(line.substr(end)).length;
    ++n_characters;
  }
  if (end == line.size()) return std::string(line);
  return std::string(line.substr(0, last_space > end / 2 ? last_space : end)) + "…";
}

std::string ExportMarkdown(const Chat& chat, const std::vector<Message>& path) {
  std::string text = fmt::format("# {}\n", chat.title.empty() ? "Chat" : chat.title);
  for (const Message& message : path) {
    const bool user = message.role == MessageRole::kUser;
    const std::string name = user ? "You" : message.model.empty() ? "Assistant" : message.model;
    text += fmt::format("\n## {}\n", name);
    if (!message.content.empty()) text += fmt::format("\n{}\n", message.content);
    text += SourcesMarkdown(message);
    for (const MessageToolCall& call : message.tool_calls) text += CallMarkdown(call);
    if (message.status == MessageStatus::kStopped) text += "\n*(stopped)*\n";
    if (message.status == MessageStatus::kError) {
      text += fmt::format("\n*(failed: {})*\n", message.error.value_or("unknown"));
    }
  }
  return text;
}

}  // namespace pioneer::serve::web
