#include "text/chat_format/loose_value.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/chat_format/call_pattern.h"

namespace pioneer::chat_format {
namespace {

constexpr std::string_view kGemmaQuote = "<|\"|>";
constexpr int kMaxDepth = 32;

// The quote at the front of the text, or "".
std::string_view QuoteAt(std::string_view text, ValueStyle style) {
  if (style == ValueStyle::kGemma && text.starts_with(kGemmaQuote)) return kGemmaQuote;
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return text.substr(0, 1);
  return {};
}

// Position of the closing quote, from behind the opening one; npos = not there yet.
size_t FindClosingQuote(std::string_view text, size_t from, std::string_view quote) {
  for (size_t i = from; i < text.size(); ++i) {
    if (quote.size() == 1 && text[i] == '\\') {
      ++i;
    } else if (text.substr(i).starts_with(quote)) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Recursive descent over the notations; every function leaves `rest_` behind what it read.
class LooseParser {
 public:
  LooseParser(std::string_view text, ValueStyle style) : rest_(text), style_(style) {}

  std::optional<OrderedJson> ParseAll() {
    OrderedJson value;
    if (!ParseValue(value, 0)) return std::nullopt;
    rest_ = TrimmedFront(rest_);
    if (!rest_.empty()) return std::nullopt;
    return value;
  }

 private:
  bool ParseValue(OrderedJson& value, int depth) {
    rest_ = TrimmedFront(rest_);
    if (rest_.empty() || depth > kMaxDepth) return false;
    if (!QuoteAt(rest_, style_).empty()) return ParseString(value);
    if (rest_.front() == '[' || rest_.front() == '(') return ParseList(value, depth);
    if (rest_.front() == '{') return ParseDict(value, depth);
    return ParseWord(value);
  }

  bool ParseString(OrderedJson& value) {
    const std::string_view quote = QuoteAt(rest_, style_);
    const size_t end = FindClosingQuote(rest_, quote.size(), quote);
    if (end == std::string_view::npos) return false;
    const std::string_view inner = rest_.substr(quote.size(), end - quote.size());
    rest_.remove_prefix(end + quote.size());
    value = RepairUtf8(quote.size() == 1 ? Unescaped(inner) : std::string(inner));
    return true;
  }

  static std::string Unescaped(std::string_view text) {
    static constexpr std::string_view kFrom = "nrtbf0", kTo = std::string_view("\n\r\t\b\f\0", 6);
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        out += text[i];
        continue;
      }
      const char c = text[++i];
      const size_t known = kFrom.find(c);
      const bool hex = (c == 'u' || c == 'x') && AppendHex(text, i, c == 'u' ? 4 : 2, out);
      if (!hex) out += known == std::string_view::npos ? c : kTo[known];
    }
    return out;
  }

  static bool AppendHex(std::string_view text, size_t& i, size_t n, std::string& out) {
    if (i + n >= text.size()) return false;
    const std::string digits(text.substr(i + 1, n));
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return false;
    AppendUtf8(out, static_cast<char32_t>(std::stoul(digits, nullptr, 16)));
    i += n;
    return true;
  }

  bool ParseList(OrderedJson& value, int depth) {
    const char close = rest_.front() == '[' ? ']' : ')';
    rest_.remove_prefix(1);
    value = OrderedJson::array();
    while (true) {
      rest_ = TrimmedFront(rest_);
      if (TakeByte(close)) return true;
      OrderedJson item;
      if (!ParseValue(item, depth + 1)) return false;
      value.push_back(std::move(item));
      if (!TakeSeparator(close)) return false;
    }
  }

  bool ParseDict(OrderedJson& value, int depth) {
    rest_.remove_prefix(1);
    value = OrderedJson::object();
    while (true) {
      rest_ = TrimmedFront(rest_);
      if (TakeByte('}')) return true;
      OrderedJson key, item;
      if (!ParseKey(key) || !ParseValue(item, depth + 1)) return false;
      value[key.get<std::string>()] = std::move(item);
      if (!TakeSeparator('}')) return false;
    }
  }

  // A string or a bare word, and the colon behind it.
  bool ParseKey(OrderedJson& key) {
    if (!QuoteAt(rest_, style_).empty()) {
      if (!ParseString(key)) return false;
    } else {
      const size_t colon = rest_.find(':');
      if (colon == std::string_view::npos || colon == 0) return false;
      key = RepairUtf8(rest_.substr(0, colon));
      rest_.remove_prefix(colon);
    }
    rest_ = TrimmedFront(rest_);
    return TakeByte(':');
  }

  bool TakeByte(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool TakeSeparator(char close) {
    rest_ = TrimmedFront(rest_);
    return TakeByte(',') || (!rest_.empty() && rest_.front() == close);
  }

  bool ParseWord(OrderedJson& value) {
    const size_t end = std::min(rest_.find_first_of(",)]} \n\t\r"), rest_.size());
    const std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (word == "True" || word == "False") {
      value = word == "True";
    } else if (word == "None") {
      value = nullptr;
    } else {
      try {
        value = ParseOrderedJson(word);
      } catch (const Error&) {
        return false;
      }
    }
    return true;
  }

  std::string_view rest_;
  const ValueStyle style_;
};

}  // namespace

std::optional<size_t> ValueEndFinder::Find(std::string_view text) {
  // A quote of several bytes may be only partly there.
  const size_t safe = style_ == ValueStyle::kGemma ? kGemmaQuote.size() - 1 : 1;
  while (position_ < text.size()) {
    const std::string_view rest = text.substr(position_);
    const char c = rest.front();
    const std::string_view quote = QuoteAt(rest, style_);
    if (c == '<' && quote.empty() && rest.size() < safe + 1 && style_ == ValueStyle::kGemma) {
      return std::nullopt;
    }
    if (!quote_.empty()) {
      if (quote_.size() == 1 && c == '\\') {
        if (rest.size() < 2) return std::nullopt;
        position_ += 2;
      } else if (rest.starts_with(quote_)) {
        position_ += quote_.size();
        quote_ = {};
      } else {
        ++position_;
      }
      continue;
    }
    if (!quote.empty()) {
      quote_ = quote == kGemmaQuote ? kGemmaQuote : c == '"' ? "\"" : "'";
      position_ += quote.size();
      continue;
    }
    const bool ends = c == ')' || c == ']' || c == '}';
    if (depth_ == 0 && (ends || c == ',')) return position_;
    if (c == '(' || c == '[' || c == '{') ++depth_;
    if (ends) --depth_;
    ++position_;
  }
  return std::nullopt;
}

std::optional<OrderedJson> ParseLooseValue(std::string_view text, ValueStyle style) {
  return LooseParser(text, style).ParseAll();
}

}  // namespace pioneer::chat_format
