// Why: shares out rows of the elementwise kernels.
#include "tensor/ops/elementwise.h"

#include <cmath>
#include <cstring>

#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

constexpr int64_t kActivationWork = 4;  // of one element, in additions

}  // namespace

void AddInPlace(ThreadPool& pool, float* x, const float* y, int64_t n) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, 1,
           [&](int64_t begin, int64_t end) { kernels.add(x + begin, y + begin, end - begin); });
}

void AddScaledInPlace(ThreadPool& pool, float* x, float factor, const float* y, int64_t n) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, 1, [&](int64_t begin, int64_t end) {
    kernels.add_scaled(x + begin, factor, y + begin, end - begin);
  });
}

void AddBias(ThreadPool& pool, float* x, const float* bias, int64_t n_tokens, int64_t n) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n_tokens, n, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) kernels.add(x + t * n, bias, n);
  });
}

void ScaleInPlace(ThreadPool& pool, float* x, float factor, int64_t n) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, 1,
           [&](int64_t begin, int64_t end) { kernels.scale(x + begin, factor, end - begin); });
}

void Multiply(ThreadPool& pool, const float* a, const float* b, int64_t n, float* out) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, 1, [&](int64_t begin, int64_t end) {
    kernels.multiply_each(a + begin, b + begin, end - begin, out + begin);
  });
}

void Activate(ThreadPool& pool, Activation f, const float* x, int64_t n, float* out) {
  const auto kernel = Kernels().activate[static_cast<int>(f)];
  ForItems(pool, n, kActivationWork, [&](int64_t begin, int64_t end) {
    kernel(x + begin, nullptr, end - begin, out + begin);
  });
}

void ActivateMul(ThreadPool& pool, Activation f, const float* gate, const float* up, int64_t n,
                 float* out) {
  const auto kernel = Kernels().activate[static_cast<int>(f)];
  ForItems(pool, n, kActivationWork, [&](int64_t begin, int64_t end) {
    kernel(gate + begin, up + begin, end - begin, out + begin);
  });
}

void SiluMul(ThreadPool& pool, const float* gate, const float* up, int64_t n, float* out) {
  ActivateMul(pool, Activation::kSilu, gate, up, n, out);
}

void ClampedSwiglu(ThreadPool& pool, const float* gate, const float* up, float alpha, float limit,
                   int64_t n, float* out) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, kActivationWork, [&](int64_t begin, int64_t end) {
    kernels.clamped_swiglu(gate + begin, up + begin, alpha, limit, end - begin, out + begin);
  });
}

void SoftCap(ThreadPool& pool, float* x, float cap, int64_t n) {
  const KernelTable& kernels = Kernels();
  ForItems(pool, n, kActivationWork,
           [&](int64_t begin, int64_t end) { kernels.soft_cap(x + begin, cap, end - begin); });
}

void Softplus(float* x, int64_t n) {
  // From 20 on, log(1 + e^x) is x in float32.
  for (int64_t i = 0; i < n; ++i) x[i] = x[i] > 20 ? x[i] : std::log1p(std::exp(x[i]));
}

void CopyColumns(ThreadPool& pool, const float* x, int64_t x_stride, int64_t n_tokens, int64_t n,
                 float* y) {
  ForItems(pool, n_tokens, n, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      std::memcpy(y + t * n, x + t * x_stride, sizeof(float) * static_cast<size_t>(n));
    }
  });
}

}  // namespace pioneer
