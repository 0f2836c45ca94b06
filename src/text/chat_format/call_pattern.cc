#include "text/chat_format/call_pattern.h"

namespace pioneer::chat_format {
namespace {

PatternPart::Kind KindOf(char placeholder) {
  switch (placeholder) {
    case 'n':
      return PatternPart::Kind::kName;
    case 'a':
      return PatternPart::Kind::kArguments;
    case 'p':
      return PatternPart::Kind::kParameters;
    case 'k':
      return PatternPart::Kind::kKey;
    case 'v':
      return PatternPart::Kind::kValue;
    case 't':
      return PatternPart::Kind::kType;
    default:
      return PatternPart::Kind::kAny;
  }
}

void AppendParts(std::string_view text, Pattern& parts) {
  while (!text.empty()) {
    const size_t percent = text.find('%');
    if (percent != 0) {
      parts.push_back({.kind = PatternPart::Kind::kLiteral,
                       .text = std::string(text.substr(0, percent)),
                       .name_key = "",
                       .arguments_key = ""});
    }
    if (percent == std::string_view::npos) return;
    parts.push_back(
        {.kind = KindOf(text[percent + 1]), .text = "", .name_key = "", .arguments_key = ""});
    text.remove_prefix(percent + 2);
  }
}

// The key in front of `value`: what stands between the last two quotes before it.
std::string KeyBefore(std::string_view object, std::string_view value) {
  const std::string_view front = object.substr(0, object.find(value));
  const size_t end = front.rfind("\": ");
  if (end == std::string_view::npos) return "";
  const size_t begin = front.rfind('"', end - 1);
  return std::string(front.substr(begin + 1, end - begin - 1));
}

}  // namespace

bool IsSpaceByte(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view TrimmedFront(std::string_view text) {
  while (!text.empty() && IsSpaceByte(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view Trimmed(std::string_view text) {
  text = TrimmedFront(text);
  while (!text.empty() && IsSpaceByte(text.back())) text.remove_suffix(1);
  return text;
}

Pattern ParsePattern(std::string_view pattern, bool objects) {
  Pattern parts;
  const size_t begin = objects ? pattern.find("{\"") : std::string_view::npos;
  if (begin == std::string_view::npos) {
    AppendParts(pattern, parts);
    return parts;
  }
  const size_t end = pattern.rfind('}') + 1;
  const std::string_view object = pattern.substr(begin, end - begin);
  AppendParts(pattern.substr(0, begin), parts);
  parts.push_back({.kind = PatternPart::Kind::kObject,
                   .text = std::string(object),
                   .name_key = object.starts_with("{\"%n") ? "" : KeyBefore(object, "\"%n\""),
                   .arguments_key = object.starts_with("{\"%n") ? "" : KeyBefore(object, "%a")});
  AppendParts(pattern.substr(end), parts);
  return parts;
}

std::string LeadingLiteral(std::string_view pattern) {
  const Pattern parts = ParsePattern(pattern, true);
  if (parts.empty() || parts.front().kind != PatternPart::Kind::kLiteral) return "";
  return std::string(TrimmedFront(parts.front().text));
}

}  // namespace pioneer::chat_format
