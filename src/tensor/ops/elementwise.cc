// Why: shares out rows of the elementwise kernels.
#include "tensor/ops/elementwise.h"

#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {

void AddInPlace(ThreadPool& pool, float* x, const float* y, int64_t n) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, 1,
           [&](int64_t begin, int64_t end) { kernels.add(x + begin, y + begin, end - begin); });
}

void SiluMul(ThreadPool& pool, const float* gate, const float* up, int64_t n, float* out) {
  constexpr int64_t kElementWork = 4;
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, kElementWork, [&](int64_t begin, int64_t end) {
    kernels.silu_mul(gate + begin, up + begin, end - begin, out + begin);
  });
}

}  // namespace pioneer
