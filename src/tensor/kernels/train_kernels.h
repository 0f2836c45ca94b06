// Why: the per-element loops of training, one table an instruction set. They are written once
// (train_loops.h) with vector types and compiled for several targets; the best one that the CPU has
// is chosen at run time. All matrices are dense and row-major. Kernels never throw and run on the
// calling thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor/ops/train_matmul.h"

namespace pioneer {

// The keys that a query sees: [begin, end), not empty.
struct KeyRange {
  int64_t begin = 0, end = 0;
};

struct AdamWStep {
  float learning_rate = 0, beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f, weight_decay = 0;
  float gradient_scale = 1;                // clipping: the gradient is multiplied by this first
  float correction1 = 1, correction2 = 1;  // 1 / (1 - beta^step)
};

// Kernels whose results feed products, in the products' element type T (float or Bf16).
template <typename T>
struct ProductKernels {
  void (*convert)(const float* x, int64_t n, T* y);

  // y = x * rstd * weight, rstd[r] = 1 / sqrt(mean(x[r]^2) + eps).  x, y: [rows, n].
  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t rows, int64_t n, T* y,
                   float* rstd);
  // dx += gradient of rms_norm, d_weight += likewise; dx_copy = the new dx as T.
  void (*rms_norm_backward)(const float* x, const float* weight, const float* rstd, const float* dy,
                            int64_t rows, int64_t n, float* dx, float* d_weight, T* dx_copy);

  // Rotates the first n_rotated of n_heads heads of each row by its position's table row:
  // y = x * cosines + swap_pairs(x) * sines; direction -1 turns back. The other heads are
  // converted. x, y: [rows, n_heads, head_dim]; cosines, sines: [rows, head_dim], pairs alike but
  // for the sign.
  void (*rope)(const float* x, const float* cosines, const float* sines, float direction,
               int64_t rows, int64_t n_heads, int64_t n_rotated, int64_t head_dim, T* y);

  // out = silu(gate) * up with gate_up: [rows, 2 n], gate first.
  void (*silu_mul)(const T* gate_up, int64_t rows, int64_t n, T* out);
  void (*silu_mul_backward)(const T* gate_up, const T* d_out, int64_t rows, int64_t n,
                            T* d_gate_up);

  // Row r sees the columns keys[r], within [0, cols): p = softmax(scale * scores) there, 0
  // elsewhere; log_sum[r] = log of the softmax's denominator. scores, p: [rows, cols].
  void (*masked_softmax)(const float* scores, float scale, const KeyRange* keys, int64_t rows,
                         int64_t cols, T* p, float* log_sum);
  // p again from scores and log_sum; d_scores = p * (dp - delta[r]) * scale. All [rows, cols].
  void (*masked_softmax_backward)(const float* scores, const float* dp, const float* log_sum,
                                  const float* delta, float scale, const KeyRange* keys,
                                  int64_t rows, int64_t cols, T* p, T* d_scores);
  // out[r] = a[r] . b[r], rows `stride` apart.
  void (*row_dots)(const T* a, const T* b, int64_t rows, int64_t n, int64_t stride, float* out);

  // Cross-entropy of one row of logits against `target`: returns -log softmax(logits)[target];
  // d_logits = (softmax(logits) - onehot) * gradient_scale; null d_logits: the loss only.
  float (*cross_entropy)(const float* logits, int64_t n, int32_t target, float gradient_scale,
                         T* d_logits);
};

struct TrainKernels {
  std::string_view name;
  ProductKernels<float> f32;
  ProductKernels<Bf16> bf16;
  void (*add)(const float* x, int64_t n, float* y);  // y += x
  double (*sum_squares)(const float* x, int64_t n);
  void (*adamw)(const AdamWStep& step, const float* gradient, int64_t n, float* weight, float* m,
                float* v);

  template <typename T>
  const ProductKernels<T>& For() const {
    if constexpr (sizeof(T) == 4) {
      return f32;
    } else {
      return bf16;
    }
  }
};

// The best table for this CPU.
const TrainKernels& BestTrainKernels();
// Every table that this CPU can run, plainest first; for tests.
std::vector<const TrainKernels*> UsableTrainKernels();

}  // namespace pioneer
