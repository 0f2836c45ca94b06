// Why: what is asked of a row of logits or scores. Passes over the whole row are vector kernels.
#pragma once

#include <cstdint>

namespace pioneer {

// The largest value; NaN is passed over. -inf when n is 0.
float Largest(const float* x, int64_t n);

// sum_i exp((x[i] - max) * scale). NaN when an x is NaN.
double SumExp(const float* x, int64_t n, float max, float scale = 1);

// out[i] = exp((x[i] - max) * scale).
void ExpEach(const float* x, int64_t n, float max, float scale, float* out);

// log(sum_i exp(x[i])), stable; n > 0. NaN when an x is NaN, +inf when one is +inf.
double LogSumExp(const float* x, int64_t n);

// x[i] = exp(x[i]) / sum_j exp(x[j]), stable.
void Softmax(float* x, int64_t n);

}  // namespace pioneer
