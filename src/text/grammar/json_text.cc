#include "text/grammar/json_text.h"

#include <fmt/format.h>

#include <array>
#include <unordered_set>

#include "base/error.h"
#include "text/grammar/regex_parser.h"

namespace pioneer::grammar {
namespace {

constexpr int kMaxEmptinessSteps = 4096;
constexpr int64_t kMaxEmptinessWork = 100'000;
constexpr int64_t kMaxLength = 1 << 20;

// JSON's letters for the controls that have one.
constexpr std::array<std::pair<char, char>, 5> kShortEscapes = {
    {{'\b', 'b'}, {'\t', 't'}, {'\n', 'n'}, {'\f', 'f'}, {'\r', 'r'}}};

// The characters that do not stand for themselves.
const CharSet kEscaped{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};

std::string EscapeControl(char32_t c) {
  for (const auto& [control, letter] : kShortEscapes) {
    if (c == static_cast<char32_t>(control)) return std::string("\\") + letter;
  }
  return fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
}

// Any spelling of a character: as itself, \n and its like, \u0041, or a pair of surrogates.
Regex FullChar(RegexStore& store, Regex raw) {
  const Regex hex = store.Chars(CharSet{{'0', '9'}, {'A', 'F'}, {'a', 'f'}});
  const Regex d = store.Chars(CharSet{{'D', 'D'}, {'d', 'd'}});
  const Regex not_d =
      store.Chars(CharSet{{'0', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}});
  const Regex low_digit = store.Chars(CharSet{{'0', '7'}});
  const Regex high = store.Chars(CharSet{{'8', '9'}, {'A', 'B'}, {'a', 'b'}});
  const Regex low = store.Chars(CharSet{{'C', 'F'}, {'c', 'f'}});
  const Regex letter = store.Bytes([] {
    ByteSet set;
    for (const char c : std::string_view("\"\\/bfnrt")) set.Add(static_cast<uint8_t>(c));
    return set;
  }());
  const Regex unit =
      store.Or({store.Concat({not_d, hex, hex, hex}), store.Concat({d, low_digit, hex, hex}),
                store.Concat({d, high, hex, hex, store.Literal("\\u"), d, low, hex, hex})});
  const Regex escape = store.Or({letter, store.Concat(store.Literal("u"), unit)});
  return store.Or({raw, store.Concat(store.Literal("\\"), escape)});
}

}  // namespace

JsonText::JsonText(RegexStore& store) : store_(store) {
  CharSet raw = CharSet::All();
  raw.Remove(kEscaped);
  raw_char_ = store.Chars(raw);
  full_char_ = FullChar(store, raw_char_);
  plain_char_ = Encode(CharSet::All());
  full_text_ = store.Star(full_char_);
  plain_text_ = store.Star(plain_char_);
  digit_ = Digits(0, 9);
  zeros_ = store.Star(Digits(0, 0));
  fraction_ = store.Optional(store.Concat(store.Literal("."), store.Plus(digit_)));
  const Regex whole = store.Or({Digits(0, 0), store.Concat(Digits(1, 9), store.Star(digit_))});
  const Regex minus = store.Optional(store.Literal("-"));
  integer_ = store.Concat(minus, whole);
  plain_number_ = store.Concat({minus, whole, fraction_});
  const Regex sign = store.Optional(store.Chars(CharSet{{'+', '+'}, {'-', '-'}}));
  const Regex exponent =
      store.Concat({store.Chars(CharSet{{'E', 'E'}, {'e', 'e'}}), sign, store.Plus(digit_)});
  any_number_ = store.Concat(plain_number_, store.Optional(exponent));
}

// ---------------------------------------------------------------------------------- strings

Regex JsonText::Encode(const CharSet& set) {
  const bool all = set == CharSet::All();
  CharSet raw = set;
  raw.Remove(kEscaped);
  std::vector<Regex> parts = {all ? raw_char_ : store_.Chars(raw)};
  std::vector<std::string> escapes;
  for (char32_t c = 0; c < 0x20; ++c) {
    if (set.Has(c)) escapes.push_back(EscapeControl(c));
  }
  if (set.Has('"')) escapes.push_back("\\\"");
  if (set.Has('\\')) escapes.push_back("\\\\");
  if (!escapes.empty()) parts.push_back(store_.Literals(std::move(escapes)));
  return store_.Or(std::move(parts));
}

std::string JsonText::Encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < 0x20) {
      out += EscapeControl(static_cast<uint8_t>(c));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

Regex JsonText::Texts(const std::vector<std::string>& texts) {
  std::vector<std::string> encoded;
  for (const std::string& text : texts) encoded.push_back(Encode(text));
  return store_.Literals(std::move(encoded));
}

// A longer text than kMaxLength is never allowed where any maximum is stated.
Regex JsonText::Length(int64_t min, int64_t max) {
  if (min > kMaxLength) {
    Fail(ErrorCode::kUnsupported, "minLength {} is too large; at most {} can be held", min,
         kMaxLength);
  }
  const int64_t most = max < 0 ? kUnbounded : std::min(max, kMaxLength);
  return store_.Repeat(full_char_, static_cast<int>(min), static_cast<int>(most));
}

Regex JsonText::Parsed(std::string_view pattern, bool whole) {
  const std::string key = (whole ? "w" : "s") + std::string(pattern);
  if (const auto found = patterns_.find(key); found != patterns_.end()) return found->second;
  RegexSyntax syntax;
  syntax.whole = whole;
  syntax.encode = [this](RegexStore&, const CharSet& set) { return Encode(set); };
  Regex regex = ParseRegex(store_, pattern, syntax);
  // Look-aheads are made of complements, which hold more than text.
  const bool looks_ahead =
      pattern.find("(?=") != pattern.npos || pattern.find("(?!") != pattern.npos;
  if (looks_ahead) regex = store_.And({plain_text_, regex});
  return patterns_[key] = regex;
}

Regex JsonText::Pattern(std::string_view pattern) { return Parsed(pattern, false); }

Regex JsonText::WholePattern(std::string_view pattern) { return Parsed(pattern, true); }

Regex JsonText::NotText(Regex text) {
  if (text == store_.Nothing()) return full_text_;
  if (text == full_text_ || text == plain_text_) return store_.Nothing();
  return store_.And({plain_text_, store_.Not(text)});
}

Regex JsonText::Quoted(Regex text) {
  const Regex quote = store_.Literal("\"");
  return store_.Concat({quote, text, quote});
}

// ---------------------------------------------------------------------------------- numbers

Regex JsonText::Digits(int first, int last) {
  if (first > last) return store_.Nothing();
  return store_.Bytes(ByteSet::Range('0' + first, '0' + last));
}

Regex JsonText::NotInteger() { return NotNumber(FractionDigits(0)); }

Regex JsonText::NotNumber(Regex number) { return store_.And({plain_number_, store_.Not(number)}); }

Regex JsonText::Equal(const Decimal& value) {
  const Regex sign = value.is_zero()  ? store_.Optional(store_.Literal("-"))
                     : value.negative ? store_.Literal("-")
                                      : store_.Epsilon();
  const Regex fraction =
      value.is_integer()
          ? store_.Optional(store_.Concat(store_.Literal("."), store_.Plus(Digits(0, 0))))
          : store_.Concat(store_.Literal("." + value.fraction), zeros_);
  return store_.Concat({sign, store_.Literal(value.whole), fraction});
}

// Wholes without leading zeros, above or below `digits`.
Regex JsonText::WholeAbove(std::string_view digits, bool above) {
  const int n = static_cast<int>(digits.size());
  std::vector<Regex> parts;
  if (above) {
    const int more = digits == "0" ? 0 : n;
    parts.push_back(store_.Concat(Digits(1, 9), store_.Repeat(digit_, more, kUnbounded)));
  } else if (digits != "0") {
    parts.push_back(Digits(0, 0));
    if (n > 1) parts.push_back(store_.Concat(Digits(1, 9), store_.Repeat(digit_, 0, n - 2)));
  }
  if (digits == "0") return store_.Or(std::move(parts));
  for (int i = 0; i < n; ++i) {  // the first digit that differs
    const int digit = digits[i] - '0';
    const int least = i == 0 ? 1 : 0;
    const Regex differs = above ? Digits(digit + 1, 9) : Digits(least, digit - 1);
    parts.push_back(store_.Concat({store_.Literal(digits.substr(0, i)), differs,
                                   store_.Repeat(digit_, n - 1 - i, n - 1 - i)}));
  }
  return store_.Or(std::move(parts));
}

// Fractions with their point (or none at all) above or below 0.`digits`.
Regex JsonText::FractionAbove(std::string_view digits, bool above, bool inclusive) {
  const Regex point = store_.Literal(".");
  const Regex any = store_.Star(digit_);
  if (digits.empty()) {
    if (above && inclusive) return fraction_;
    if (above) return store_.Concat({point, zeros_, Digits(1, 9), any});
    if (!inclusive) return store_.Nothing();
    return store_.Optional(store_.Concat(point, store_.Plus(Digits(0, 0))));
  }
  Regex tail = above ? (inclusive ? any : store_.Concat({zeros_, Digits(1, 9), any}))
                     : (inclusive ? zeros_ : store_.Nothing());
  for (size_t i = digits.size(); i-- > 0;) {
    const int digit = digits[i] - '0';
    const Regex differs = above ? Digits(digit + 1, 9) : Digits(0, digit - 1);
    std::vector<Regex> parts = {store_.Concat(differs, any),
                                store_.Concat(Digits(digit, digit), tail)};
    if (!above && i > 0) parts.push_back(store_.Epsilon());  // a shorter fraction is less
    tail = store_.Or(std::move(parts));
  }
  const Regex with_point = store_.Concat(point, tail);
  return above ? with_point : store_.Optional(with_point);
}

Regex JsonText::Magnitude(const Decimal& bound, bool above, bool inclusive) {
  return store_.Or({store_.Concat(WholeAbove(bound.whole, above), fraction_),
                    store_.Concat(store_.Literal(bound.whole),
                                  FractionAbove(bound.fraction, above, inclusive))});
}

Regex JsonText::Above(const Decimal& bound, bool inclusive) {
  const Decimal zero;
  const Regex minus = store_.Literal("-");
  if (bound.negative) {
    return store_.Or({Magnitude(zero, true, true),
                      store_.Concat(minus, Magnitude(bound.Negated(), false, inclusive))});
  }
  const Regex positive = Magnitude(bound, true, inclusive);
  return bound.is_zero() && inclusive ? store_.Or({positive, Equal(zero)}) : positive;
}

Regex JsonText::Below(const Decimal& bound, bool inclusive) {
  const Decimal zero;
  const Regex minus = store_.Literal("-");
  if (bound.negative) return store_.Concat(minus, Magnitude(bound.Negated(), true, inclusive));
  if (bound.is_zero()) {
    const Regex negative = store_.Concat(minus, Magnitude(zero, true, false));
    return inclusive ? store_.Or({negative, Equal(zero)}) : negative;
  }
  return store_.Or(
      {Magnitude(bound, false, inclusive), store_.Concat(minus, Magnitude(zero, true, true))});
}

Regex JsonText::FractionDigits(int n) {
  const Regex digits =
      n == 0 ? store_.Plus(Digits(0, 0)) : store_.Concat(store_.Repeat(digit_, 1, n), zeros_);
  return store_.Concat(integer_, store_.Optional(store_.Concat(store_.Literal("."), digits)));
}

// -------------------------------------------------------------------------------- questions

bool JsonText::IsEmpty(Regex term) {
  if (term == store_.Nothing()) return true;
  if (store_.SurelyNonEmpty(term) || store_.Nullable(term)) return false;
  if (const auto found = empty_.find(term.id); found != empty_.end()) return found->second;
  int n_classes = 0;
  const std::vector<uint8_t> class_of = store_.ByteClasses(&n_classes);
  std::vector<uint8_t> representatives(n_classes);
  for (int byte = 0; byte < 256; ++byte)
    representatives[class_of[byte]] = static_cast<uint8_t>(byte);
  std::vector<Regex> queue = {term};
  std::unordered_set<int32_t> seen = {term.id};
  bool empty = true;
  for (size_t i = 0, steps = 0; i < queue.size() && empty; ++i) {
    for (const uint8_t byte : representatives) {
      const Regex next = store_.Derive(queue[i], byte);
      if (next == store_.Nothing()) continue;
      const bool tired = ++steps > kMaxEmptinessSteps || ++emptiness_work_ > kMaxEmptinessWork;
      if (store_.SurelyNonEmpty(next) || store_.Nullable(next) || tired) {
        empty = false;
        break;
      }
      if (seen.insert(next.id).second) queue.push_back(next);
    }
  }
  return empty_[term.id] = empty;
}

bool JsonText::Matches(Regex term, std::string_view bytes) {
  for (const char byte : bytes) {
    term = store_.Derive(term, static_cast<uint8_t>(byte));
    if (term == store_.Nothing()) return false;
  }
  return store_.Nullable(term);
}

}  // namespace pioneer::grammar
