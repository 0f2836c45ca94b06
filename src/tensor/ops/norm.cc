// Why: shares out rows of the norm kernels.
#include "tensor/ops/norm.h"

#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

template <typename NormRow>
void ForRows(ThreadPool& pool, int64_t n_rows, int64_t n, const NormRow& norm) {
  ForItems(pool, n_rows, 2 * n, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) norm(t * n);
  });
}

}  // namespace

void RmsNorm(ThreadPool& pool, const float* x, const float* weight, float eps, int64_t n_rows,
             int64_t n, float* y) {
  const KernelTable& kernels = Kernels();
  ForRows(pool, n_rows, n, [&](int64_t at) { kernels.rms_norm(x + at, weight, eps, n, y + at); });
}

void LayerNorm(ThreadPool& pool, const float* x, const float* weight, const float* bias, float eps,
               int64_t n_rows, int64_t n, float* y) {
  const KernelTable& kernels = Kernels();
  ForRows(pool, n_rows, n,
          [&](int64_t at) { kernels.layer_norm(x + at, weight, bias, eps, n, y + at); });
}

void L2Norm(ThreadPool& pool, const float* x, float eps, int64_t n_rows, int64_t n, float* y) {
  const KernelTable& kernels = Kernels();
  ForRows(pool, n_rows, n, [&](int64_t at) { kernels.l2_norm(x + at, eps, n, y + at); });
}

}  // namespace pioneer
