// Why: normalization of rows. Heads are rows too: [n_tokens, n_heads, head_dim] is n_tokens *
// n_heads rows. In all of them y may be x, and a null weight or bias is left out.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"

namespace pioneer {

// y[t, i] = x[t, i] / sqrt(mean_i(x[t, i]^2) + eps) * weight[i].  x, y: [n_rows, n]
// (Zhang & Sennrich 2019).
void RmsNorm(ThreadPool& pool, const float* x, const float* weight, float eps, int64_t n_rows,
             int64_t n, float* y);

// y[t, i] = (x[t, i] - mean_i) / sqrt(variance_i + eps) * weight[i] + bias[i] (Ba et al. 2016).
void LayerNorm(ThreadPool& pool, const float* x, const float* weight, const float* bias, float eps,
               int64_t n_rows, int64_t n, float* y);

// y[t, i] = x[t, i] / max(sqrt(sum_i(x[t, i]^2)), eps).
void L2Norm(ThreadPool& pool, const float* x, float eps, int64_t n_rows, int64_t n, float* y);

}  // namespace pioneer
