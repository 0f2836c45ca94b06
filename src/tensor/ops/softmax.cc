// Why: two passes over the logits with vector kernels; no copy of the row.
#include "tensor/ops/softmax.h"

#include <cmath>

#include "tensor/kernels/kernel_table.h"

namespace pioneer {

double LogSumExp(const float* x, int64_t n) {
  const KernelTable& kernels = Kernels();
  const float max = kernels.max(x, n);
  if (std::isinf(max)) {
    for (int64_t i = 0; i < n; ++i) {
      if (std::isnan(x[i])) return x[i];
    }
    return max;
  }
  return max + std::log(kernels.sum_exp(x, max, n));
}

int64_t ArgMax(const float* x, int64_t n) {
  const float max = Kernels().max(x, n);
  for (int64_t i = 0; i < n; ++i) {
    if (x[i] == max) return i;
  }
  return 0;
}

void Softmax(float* x, int64_t n) {
  const KernelTable& kernels = Kernels();
  const float max = kernels.max(x, n);
  for (int64_t i = 0; i < n; ++i) x[i] -= max;
  kernels.exp(x, n, x);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  kernels.scale(x, static_cast<float>(1.0 / sum), n);
}

}  // namespace pioneer
