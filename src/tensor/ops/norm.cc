// Why: shares out rows of the norm kernel.
#include "tensor/ops/norm.h"

#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {

void RmsNorm(ThreadPool& pool, const float* x, const float* weight, float eps, int64_t n_tokens,
             int64_t n, float* y) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n_tokens, 2 * n, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      kernels.rms_norm(x + t * n, weight, eps, n, y + t * n);
    }
  });
}

}  // namespace pioneer
