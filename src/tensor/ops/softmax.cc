// Why: the maths around the vector kernels; no copy of the row.
#include "tensor/ops/softmax.h"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/kernel_table.h"

namespace pioneer {

float Largest(const float* x, int64_t n) { return Kernels().max(x, n); }

double SumExp(const float* x, int64_t n, float max, float scale) {
  return Kernels().sum_exp(x, max, scale, n);
}

void ExpEach(const float* x, int64_t n, float max, float scale, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - max) * scale;
  Kernels().exp(out, n, out);
}

double LogSumExp(const float* x, int64_t n) {
  const float max = Largest(x, n);
  if (std::isinf(max)) {
    const float* nan = std::find_if(x, x + n, [](float v) { return std::isnan(v); });
    return nan == x + n ? max : *nan;
  }
  return max + std::log(SumExp(x, n, max));
}

void Softmax(float* x, int64_t n) {
  ExpEach(x, n, Largest(x, n), 1, x);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  Kernels().scale(x, static_cast<float>(1.0 / sum), n);
}

}  // namespace pioneer
