#include "text/grammar/json_decimal.h"

#include <charconv>

#include "base/error.h"

namespace pioneer::grammar {
namespace {

int CompareMagnitudes(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
  if (const int compared = a.whole.compare(b.whole); compared != 0) return compared;
  return a.fraction.compare(b.fraction);  // a shorter fraction is a smaller prefix
}

int ParseExponent(std::string_view digits, std::string_view number) {
  if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      exponent < -kMaxDecimalDigits || exponent > kMaxDecimalDigits) {
    Fail(ErrorCode::kInvalidArgument, "the number {} has too many digits", number);
  }
  return exponent;
}

}  // namespace

Decimal Decimal::Negated() const {
  Decimal result = *this;
  result.negative = !negative && !is_zero();
  return result;
}

Decimal Decimal::Parse(std::string_view text) {
  const std::string_view number = text;
  Decimal result;
  if (!text.empty() && text[0] == '-') {
    result.negative = true;
    text.remove_prefix(1);
  }
  int exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != text.npos) {
    exponent = ParseExponent(text.substr(e + 1), number);
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  int n_whole = static_cast<int>(digits.size()) + exponent;
  if (point < text.size()) digits += text.substr(point + 1);
  if (digits.size() > kMaxDecimalDigits) {
    Fail(ErrorCode::kInvalidArgument, "a number of the schema has more than {} digits",
         kMaxDecimalDigits);
  }
  if (n_whole < 0) {
    digits.insert(0, static_cast<size_t>(-n_whole), '0');
    n_whole = 0;
  }
  if (static_cast<size_t>(n_whole) > digits.size()) digits.resize(n_whole, '0');
  result.whole = digits.substr(0, n_whole);
  result.fraction = digits.substr(n_whole);
  result.whole.erase(0, std::min(result.whole.find_first_not_of('0'), result.whole.size()));
  if (result.whole.empty()) result.whole = "0";
  result.fraction.resize(result.fraction.find_last_not_of('0') + 1);
  if (result.is_zero()) result.negative = false;
  return result;
}

int Compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? CompareMagnitudes(b, a) : CompareMagnitudes(a, b);
}

}  // namespace pioneer::grammar
