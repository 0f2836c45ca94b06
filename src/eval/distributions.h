// Why: p values and intervals come from a handful of distributions, which the standard library does
// not have.
#pragma once

#include <cstdint>

namespace pioneer::eval {

// Standard normal: the share below z, and the z below which a share p in (0, 1) lies.
double NormalCdf(double z);
double NormalQuantile(double p);

// Student's t with `freedom` > 0 degrees: by the regularized incomplete beta function
// (https://dlmf.nist.gov/8.17, the continued fraction 8.17.22).
double StudentCdf(double t, double freedom);
double StudentQuantile(double p, double freedom);

// The chance of at most k successes in n draws that succeed with probability p.
double BinomialCdf(int64_t k, int64_t n, double p);

}  // namespace pioneer::eval
