// Why: what is asked of a row of logits or scores.
#pragma once

#include <cstdint>

namespace pioneer {

// log(sum_i exp(x[i])), stable; n > 0. NaN when an x is NaN, +inf when one is +inf.
double LogSumExp(const float* x, int64_t n);

// The first index of the largest value; NaN counts as smaller than all. n > 0; 0 if all are NaN.
int64_t ArgMax(const float* x, int64_t n);

// x[i] = exp(x[i]) / sum_j exp(x[j]), stable.
void Softmax(float* x, int64_t n);

}  // namespace pioneer
