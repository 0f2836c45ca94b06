#include "text/chat_format/call_reader.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer::chat_format {
namespace {

using Kind = PatternPart::Kind;

constexpr size_t kMaxNameBytes = 128, kMaxAnyBytes = 256;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/';
}

// How the literal that follows part i begins: up to its first white space, which may be any.
std::string_view LiteralBehind(const Pattern& parts, size_t i) {
  if (i + 1 >= parts.size() || parts[i + 1].kind != Kind::kLiteral) return {};
  const std::string_view literal = Trimmed(parts[i + 1].text);
  return literal.substr(0, literal.find_first_of(" \n"));
}

// How much of `marker` is at the front of `text`: all, a part that may become all, or nothing.
enum class Presence : uint8_t { kNo, kPartly, kYes };
Presence FindAtFront(std::string_view text, std::string_view marker) {
  if (marker.empty()) return Presence::kNo;
  if (text.starts_with(marker)) return Presence::kYes;
  return marker.starts_with(text) ? Presence::kPartly : Presence::kNo;
}

std::string JsonString(std::string_view text) { return DumpJson(OrderedJson(text)); }

// Escaped, without quotes.
std::string JsonCharacters(std::string_view text) {
  const std::string quoted = JsonString(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string UnquoteJson(const std::string& quoted) {
  try {
    const OrderedJson value = ParseOrderedJson(quoted);
    return value.is_string() ? value.get<std::string>() : "";
  } catch (const Error&) {
    return "";  // half a surrogate pair
  }
}

// The last position at or before `at` where a character begins.
size_t CharacterBoundary(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && (text[at] & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

CallReader::CallReader(const CallSyntax& syntax, const Pattern& pattern, const ToolSet& tools)
    : syntax_(syntax),
      pattern_(pattern),
      tools_(tools),
      parameter_(ParsePattern(syntax.parameter, false)) {}

CallReader::State CallReader::Read(std::string_view text, bool last) {
  text_ = text;
  last_ = last;
  for (; part_ < pattern_.size(); ++part_) {
    const Step step = ReadPart(pattern_, part_);
    if (step == Step::kBroken) return State::kBroken;
    if (step == Step::kMore) return last && arguments_whole_ ? State::kDone : State::kMore;
  }
  return State::kDone;
}

CallReader::Step CallReader::ReadPart(const Pattern& parts, size_t i) {
  const PatternPart& part = parts[i];
  switch (part.kind) {
    case Kind::kLiteral: {
      const bool behind_json = arguments_whole_ || i == 0;
      if (behind_json) SkipSpace();
      const bool before_value = i + 1 < parts.size() && parts[i + 1].kind == Kind::kValue;
      return ReadLiteral(before_value ? Trimmed(part.text) : std::string_view(part.text));
    }
    case Kind::kName:
      return ReadName();
    case Kind::kArguments:
      return ReadArguments();
    case Kind::kObject:
      return ReadObject(part);
    case Kind::kParameters:
      return ReadParameters();
    case Kind::kAny:
      return ReadUntil(LiteralBehind(parts, i), in_parameter_ ? nullptr : &any_);
    case Kind::kKey:
      return ReadUntil(LiteralBehind(parts, i), &key_);
    case Kind::kType:
      return ReadUntil(LiteralBehind(parts, i), &type_);
    case Kind::kValue:
      return syntax_.values == ValueStyle::kTyped ? ReadTypedValue() : ReadLooseValue();
  }
  return Step::kBroken;
}

// White space of the literal stands for any white space of the text.
CallReader::Step CallReader::ReadLiteral(std::string_view literal) {
  size_t at = position_;
  for (size_t i = 0; i < literal.size(); ++i) {
    if (IsSpaceByte(literal[i])) {
      while (at < text_.size() && IsSpaceByte(text_[at])) ++at;
      continue;
    }
    if (at == text_.size()) return Step::kMore;
    if (text_[at] != literal[i]) return Step::kBroken;
    ++at;
  }
  position_ = at;
  return Step::kNext;
}

CallReader::Step CallReader::ReadName() {
  size_t end = position_;
  while (end < text_.size() && IsNameByte(text_[end])) ++end;
  if (end - position_ > kMaxNameBytes) return Step::kBroken;
  if (end == text_.size() && !last_) return Step::kMore;
  if (end == position_) return Step::kBroken;
  name_ = text_.substr(position_, end - position_);
  position_ = end;
  return Step::kNext;
}

CallReader::Step CallReader::ReadUntil(std::string_view end, std::string* out) {
  const size_t found = rest().find(end);
  if (found == std::string_view::npos || end.empty()) {
    return rest().size() > kMaxAnyBytes + end.size() ? Step::kBroken : Step::kMore;
  }
  if (found > kMaxAnyBytes) return Step::kBroken;
  if (out) *out = Trimmed(rest().substr(0, found));
  position_ += found;
  return Step::kNext;
}

CallReader::Step CallReader::ReadJson(std::string* out) {
  if (!scanner_) scanner_.emplace();
  while (position_ < text_.size()) {
    bool taken = false;
    const JsonScanner::State state = scanner_->Take(text_[position_], &taken);
    if (state == JsonScanner::State::kBroken) return Step::kBroken;
    if (taken && scanner_->begun()) *out += text_[position_];
    if (taken) ++position_;
    if (state == JsonScanner::State::kDone) {
      scanner_.reset();
      return Step::kNext;
    }
  }
  return Step::kMore;
}

CallReader::Step CallReader::ReadArguments() {
  if (arguments_.empty()) {
    SkipSpace();
    if (!rest().empty() && rest().front() != '{') return Step::kBroken;
  }
  const Step step = ReadJson(&arguments_);
  arguments_begun_ = !arguments_.empty();
  arguments_whole_ = step == Step::kNext;
  return step;
}

// ---- a JSON object around name and arguments

CallReader::Step CallReader::ReadObject(const PatternPart& part) {
  while (true) {
    Step step = Step::kBroken;
    if (!scanner_) SkipSpace();
    if (rest().empty()) return Step::kMore;
    switch (object_state_) {
      case ObjectState::kOpen:
        if (!SkipByte('{')) return Step::kBroken;
        object_state_ = ObjectState::kKey;
        continue;
      case ObjectState::kKey:
        step = ReadObjectKey(part);
        break;
      case ObjectState::kColon:
        if (!SkipByte(':')) return Step::kBroken;
        object_state_ = ObjectState::kValue;
        continue;
      case ObjectState::kValue:
        step = ReadObjectValue(part);
        break;
      case ObjectState::kCommaOrEnd:
        if (!SkipByte(',')) return ReadObjectEnd();
        object_state_ = ObjectState::kKey;
        continue;
    }
    if (step != Step::kNext) return step;
  }
}

CallReader::Step CallReader::ReadObjectKey(const PatternPart& part) {
  if (object_key_.empty() && rest().front() != '"') return Step::kBroken;
  const Step step = ReadJson(&object_key_);
  if (step != Step::kNext) return step;
  object_key_ = UnquoteJson(object_key_);
  if (part.name_key.empty()) {
    if (object_key_.empty()) return Step::kBroken;
    TakeName(object_key_);
  }
  object_value_.clear();
  object_state_ = ObjectState::kColon;
  return Step::kNext;
}

bool CallReader::IsArgumentsKey(const PatternPart& part) const {
  return part.name_key.empty() || object_key_ == part.arguments_key || object_key_ == "arguments" ||
         object_key_ == "parameters";
}

bool CallReader::IsNameKey(const PatternPart& part) const {
  return object_key_ == part.name_key || object_key_ == "name" || object_key_ == "tool_name";
}

CallReader::Step CallReader::ReadObjectValue(const PatternPart& part) {
  const bool is_arguments = IsArgumentsKey(part);
  if (is_arguments && arguments_whole_) return Step::kBroken;  // for a second time
  // Some models write the arguments as a string that holds JSON.
  if (!scanner_) value_is_text_ = rest().front() == '"';
  const bool as_text = !is_arguments || value_is_text_;
  const Step step = as_text ? ReadJson(&object_value_) : ReadArguments();
  if (step != Step::kNext) return step;
  if (is_arguments && as_text) {
    arguments_ = UnquoteJson(object_value_);
    JsonScanner scanner;
    bool taken = false;
    JsonScanner::State state = JsonScanner::State::kMore;
    for (const char c : arguments_) state = scanner.Take(c, &taken);
    if (state != JsonScanner::State::kDone || !scanner.is_object()) return Step::kBroken;
    arguments_begun_ = arguments_whole_ = true;
  } else if (IsNameKey(part)) {
    TakeName(UnquoteJson(object_value_));
    if (name_.empty()) return Step::kBroken;
  } else if (!is_arguments && object_key_.ends_with("id")) {
    any_ = object_value_.front() == '"' ? UnquoteJson(object_value_) : object_value_;
  } else if (!is_arguments && name_.empty() && !arguments_begun_ && object_key_ != "type") {
    return Step::kBroken;  // some other object
  }
  object_key_.clear();
  object_state_ = ObjectState::kCommaOrEnd;
  return Step::kNext;
}

CallReader::Step CallReader::ReadObjectEnd() {
  if (!SkipByte('}') || name_.empty()) return Step::kBroken;
  if (!arguments_begun_) arguments_ = "{}";
  arguments_begun_ = arguments_whole_ = true;
  // The loop of ReadObject ends here: this part is read.
  object_state_ = ObjectState::kOpen;
  return Step::kNext;
}

void CallReader::TakeName(std::string name) {
  if (name.size() <= kMaxNameBytes) name_ = std::move(name);
}

// ---- parameters, one by one

CallReader::Step CallReader::ReadParameters() {
  const std::string_view end = LiteralBehind(pattern_, part_);
  while (true) {
    if (!in_parameter_) {
      const Step step = BeginParameter(end);
      if (step != Step::kNext) return step;
      if (arguments_whole_) return Step::kNext;
    }
    for (; parameter_part_ < parameter_.size(); ++parameter_part_) {
      const Step step = ReadPart(parameter_, parameter_part_);
      if (step != Step::kNext) return step;
    }
    in_parameter_ = false;
  }
}

// kNext: a parameter begins (in_parameter_), or they have ended (arguments_whole_).
CallReader::Step CallReader::BeginParameter(std::string_view end) {
  SkipSpace();
  const Presence ends = FindAtFront(rest(), end);
  if (ends == Presence::kYes) {
    EndParameters();
    return Step::kNext;
  }
  const std::string_view separator = Trimmed(syntax_.parameter_separator);
  const size_t before = position_;
  if (has_parameters_ && !separator.empty()) {
    const Presence separates = FindAtFront(rest(), separator);
    if (separates == Presence::kNo) return ends == Presence::kPartly ? Step::kMore : Step::kBroken;
    if (separates == Presence::kPartly) return Step::kMore;
    position_ += separator.size();
    SkipSpace();
  }
  const bool has_lead = parameter_.front().kind == Kind::kLiteral;
  const Presence begins =
      has_lead ? FindAtFront(rest(), Trimmed(parameter_.front().text)) : Presence::kYes;
  if (rest().empty() || begins == Presence::kPartly || ends == Presence::kPartly) {
    position_ = before;
    return Step::kMore;
  }
  if (begins == Presence::kNo) return Step::kBroken;
  in_parameter_ = true;
  in_value_ = string_open_ = false;
  parameter_part_ = 0;
  type_.clear();
  value_end_.reset();
  return Step::kNext;
}

void CallReader::EndParameters() {
  arguments_ += has_parameters_ ? "}" : "{}";
  arguments_begun_ = arguments_whole_ = true;
}

void CallReader::OpenParameter() {
  arguments_ += has_parameters_ ? ", " : "{";
  arguments_ += JsonString(key_) + ": ";
  arguments_begun_ = has_parameters_ = true;
}

CallReader::Step CallReader::ReadLooseValue() {
  if (!in_value_) value_begin_ = position_;
  in_value_ = true;
  if (!value_end_) value_end_.emplace(syntax_.values);
  const std::optional<size_t> end = value_end_->Find(text_.substr(value_begin_));
  if (!end) return Step::kMore;
  const std::string_view text = text_.substr(value_begin_, *end);
  const std::optional<OrderedJson> value = ParseLooseValue(text, syntax_.values);
  OpenParameter();
  arguments_ += DumpJson(value ? *value : OrderedJson(Trimmed(text)));
  position_ = value_begin_ + *end;
  return Step::kNext;
}

bool CallReader::ValueIsString() const {
  if (!type_.empty()) return type_ == "string" || type_ == "true";
  return tools_.IsString(name_, key_);
}

// The line breaks that a pattern puts around a value are no part of it.
CallReader::Step CallReader::ReadTypedValue() {
  const std::string_view end = LiteralBehind(parameter_, parameter_part_);
  const bool on_lines = parameter_part_ > 0 && parameter_[parameter_part_ - 1].text.ends_with('\n');
  if (!in_value_) {
    if (on_lines && rest().empty()) return Step::kMore;
    if (on_lines && rest().front() == '\n') ++position_;
    value_begin_ = value_searched_ = position_;
    in_value_ = true;
  }
  const size_t found = text_.find(end, value_searched_);
  const size_t searched = text_.size() - std::min(text_.size(), end.size() - 1);
  value_searched_ = std::max(value_begin_, searched);
  if (ValueIsString()) return ReadStringValue(end, found);
  if (found == std::string_view::npos) return Step::kMore;
  const std::string value(Trimmed(text_.substr(value_begin_, found - value_begin_)));
  OpenParameter();
  // A declared type wins over the schema; what is no JSON after all is text.
  arguments_ += DumpJson(tools_.TypedValue(type_.empty() ? name_ : "", key_, value));
  position_ = found;
  return Step::kNext;
}

// Text goes on as it comes, but for what may be its end.
CallReader::Step CallReader::ReadStringValue(std::string_view end, size_t found) {
  if (!string_open_) {
    OpenParameter();
    arguments_ += '"';
    string_open_ = true;
  }
  const bool on_lines = parameter_part_ + 1 < parameter_.size() &&
                        parameter_[parameter_part_ + 1].text.starts_with('\n');
  const bool ended = found != std::string_view::npos;
  size_t until = found;
  if (!ended) {
    until = CharacterBoundary(text_, text_.size() - std::min(text_.size(), end.size() + 1));
  } else if (on_lines && found > value_begin_ && text_[found - 1] == '\n') {
    --until;
  }
  if (until > value_begin_) {
    arguments_ += JsonCharacters(text_.substr(value_begin_, until - value_begin_));
    value_begin_ = until;
  }
  if (!ended) return Step::kMore;
  arguments_ += '"';
  position_ = found;
  return Step::kNext;
}

bool CallReader::SkipByte(char c) {
  if (rest().empty() || rest().front() != c) return false;
  ++position_;
  return true;
}

void CallReader::SkipSpace() {
  while (position_ < text_.size() && IsSpaceByte(text_[position_])) ++position_;
}

}  // namespace pioneer::chat_format
