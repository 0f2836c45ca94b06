// Why: the small per-element operations between products.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"

namespace pioneer {

enum class Activation {
  kSilu,     // x / (1 + exp(-x))
  kGelu,     // x * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
  kGeluErf,  // x * (1 + erf(x / sqrt(2))) / 2
  kSigmoid,  // 1 / (1 + exp(-x))
  kTanh,
};
inline constexpr int kActivations = 5;

// x[i] += y[i], 0 <= i < n.
void AddInPlace(ThreadPool& pool, float* x, const float* y, int64_t n);

// x[i] += factor * y[i].
void AddScaledInPlace(ThreadPool& pool, float* x, float factor, const float* y, int64_t n);

// x[t, i] += bias[i].  x: [n_tokens, n].
void AddBias(ThreadPool& pool, float* x, const float* bias, int64_t n_tokens, int64_t n);

// x[i] *= factor.
void ScaleInPlace(ThreadPool& pool, float* x, float factor, int64_t n);

// out[i] = a[i] * b[i]; out may be a or b.
void Multiply(ThreadPool& pool, const float* a, const float* b, int64_t n, float* out);

// out[i] = f(x[i]); out may be x.
void Activate(ThreadPool& pool, Activation f, const float* x, int64_t n, float* out);

// out[i] = f(gate[i]) * up[i]; out may be gate or up.
void ActivateMul(ThreadPool& pool, Activation f, const float* gate, const float* up, int64_t n,
                 float* out);

// ActivateMul with kSilu.
void SiluMul(ThreadPool& pool, const float* gate, const float* up, int64_t n, float* out);

// gpt-oss: with g = min(gate[i], limit) and u = up[i] within [-limit, limit],
// out[i] = g * sigmoid(alpha * g) * (u + 1); out may be gate or up.
void ClampedSwiglu(ThreadPool& pool, const float* gate, const float* up, float alpha, float limit,
                   int64_t n, float* out);

// x[i] = cap * tanh(x[i] / cap), cap > 0.
void SoftCap(ThreadPool& pool, float* x, float cap, int64_t n);

// x[i] = log(1 + exp(x[i])), for a few numbers a row.
void Softplus(float* x, int64_t n);

// Columns of a matrix by themselves: y[t, i] = x[t * x_stride + i], 0 <= i < n; y: [n_tokens, n].
void CopyColumns(ThreadPool& pool, const float* x, int64_t x_stride, int64_t n_tokens, int64_t n,
                 float* y);

}  // namespace pioneer
