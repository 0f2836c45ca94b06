#include "eval/distributions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pioneer::eval {
namespace {

// Where a growing function takes this value, between bounds that enclose it.
template <typename Function>
double Solve(const Function& function, double value, double low, double high) {
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (function(middle) < value ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

// The continued fraction of the incomplete beta function by Lentz's method; converges fast where x
// is below (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kEnough = 1e-15;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < kEnough) break;
  }
  return fraction;
}

double RegularizedBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

}  // namespace

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double NormalQuantile(double p) {
  // The lower tail keeps its digits; the upper one is its mirror image.
  if (p > 0.5) return -NormalQuantile(1 - p);
  return Solve(NormalCdf, p, -40, 0);
}

double StudentCdf(double t, double freedom) {
  const double tail = 0.5 * RegularizedBeta(freedom / 2, 0.5, freedom / (freedom + t * t));
  return t > 0 ? 1 - tail : tail;
}

double StudentQuantile(double p, double freedom) {
  if (p > 0.5) return -StudentQuantile(1 - p, freedom);
  return Solve([freedom](double t) { return StudentCdf(t, freedom); }, p, -1e8, 0);
}

double BinomialCdf(int64_t k, int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return RegularizedBeta(static_cast<double>(n - k), static_cast<double>(k) + 1, 1 - p);
}

}  // namespace pioneer::eval
