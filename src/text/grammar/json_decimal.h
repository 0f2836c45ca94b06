// Why: bounds of numbers in a schema are decimals of any length, and a double would round them.
#pragma once

#include <string>
#include <string_view>

namespace pioneer::grammar {

inline constexpr int kMaxDecimalDigits = 400;

// An exact decimal. whole: digits without leading zeros, "0" for none; fraction: digits without
// trailing zeros. Zero is never negative.
struct Decimal {
  bool negative = false;
  std::string whole = "0";
  std::string fraction;

  bool is_zero() const { return whole == "0" && fraction.empty(); }
  bool is_integer() const { return fraction.empty(); }
  Decimal Negated() const;
  bool operator==(const Decimal&) const = default;

  // A JSON number. Throws Error{kInvalidArgument} beyond kMaxDecimalDigits.
  static Decimal Parse(std::string_view text);
};

// < 0, 0 or > 0.
int Compare(const Decimal& a, const Decimal& b);

}  // namespace pioneer::grammar
