#include "text/chat_format/json_scanner.h"

#include <cctype>
#include <string_view>

#include "text/chat_format/call_pattern.h"

namespace pioneer::chat_format {
namespace {

bool IsNumber(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const size_t first = i, n_whole = digits();
  if (n_whole == 0 || (n_whole > 1 && text[first] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

bool BelongsToNumber(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

}  // namespace

JsonScanner::State JsonScanner::Take(char c, bool* taken) {
  *taken = true;
  switch (expect_) {
    case Expect::kString:
      if (c == '\\') {
        expect_ = Expect::kEscape;
      } else if (c == '"') {
        if (!in_key_) return EndValue();
        expect_ = Expect::kColon;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return State::kBroken;
      }
      return State::kMore;
    case Expect::kEscape:
      expect_ = c == 'u' ? Expect::kHex : Expect::kString;
      hex_left_ = 4;
      return std::string_view("\"\\/bfnrtu").find(c) == std::string_view::npos ? State::kBroken
                                                                               : State::kMore;
    case Expect::kHex:
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return State::kBroken;
      if (--hex_left_ == 0) expect_ = Expect::kString;
      return State::kMore;
    case Expect::kNumber:
      return TakeNumber(c, taken);
    case Expect::kWord:
      if (c != word_.front()) return State::kBroken;
      word_.erase(0, 1);
      return word_.empty() ? EndValue() : State::kMore;
    default:
      return IsSpaceByte(c) ? State::kMore : TakeValue(c);
  }
}

JsonScanner::State JsonScanner::TakeValue(char c) {
  switch (expect_) {
    case Expect::kColon:
      expect_ = Expect::kValue;
      return c == ':' ? State::kMore : State::kBroken;
    case Expect::kCommaOrEnd:
      if (c != ',') return Close(c);
      expect_ = stack_.back() == '{' ? Expect::kKey : Expect::kValue;
      return State::kMore;
    case Expect::kKeyOrEnd:
      if (c == '}') return Close(c);
      [[fallthrough]];
    case Expect::kKey:
      in_key_ = true;
      expect_ = Expect::kString;
      return c == '"' ? State::kMore : State::kBroken;
    case Expect::kValueOrEnd:
      if (c == ']') return Close(c);
      [[fallthrough]];
    default:
      return Open(c);
  }
}

JsonScanner::State JsonScanner::Open(char c) {
  if (!begun_) is_object_ = c == '{';
  begun_ = true;
  if (c == '{' || c == '[') {
    stack_ += c;
    expect_ = c == '{' ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
    return stack_.size() > kMaxDepth ? State::kBroken : State::kMore;
  }
  if (c == '"') {
    in_key_ = false;
    expect_ = Expect::kString;
    return State::kMore;
  }
  if (c == '-' || (c >= '0' && c <= '9')) {
    number_ = c;
    expect_ = Expect::kNumber;
    return State::kMore;
  }
  expect_ = Expect::kWord;
  word_ = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : "";
  return word_.empty() ? State::kBroken : State::kMore;
}

JsonScanner::State JsonScanner::TakeNumber(char c, bool* taken) {
  if (BelongsToNumber(c)) {
    number_ += c;
    return number_.size() > 1024 ? State::kBroken : State::kMore;
  }
  if (!IsNumber(number_)) return State::kBroken;
  if (EndValue() == State::kDone) {
    *taken = false;
    return State::kDone;
  }
  return IsSpaceByte(c) ? State::kMore : TakeValue(c);
}

JsonScanner::State JsonScanner::Close(char c) {
  if (stack_.empty() || c != (stack_.back() == '{' ? '}' : ']')) return State::kBroken;
  stack_.pop_back();
  return EndValue();
}

JsonScanner::State JsonScanner::EndValue() {
  expect_ = Expect::kCommaOrEnd;
  return stack_.empty() ? State::kDone : State::kMore;
}

}  // namespace pioneer::chat_format
