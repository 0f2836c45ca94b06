// Why: root-mean-square normalization (Zhang & Sennrich 2019).
#pragma once

#include <cstdint>

#include "base/thread_pool.h"

namespace pioneer {

// y[t, i] = x[t, i] / sqrt(mean_i(x[t, i]^2) + eps) * weight[i].  x, y: [n_tokens, n]; y may be x.
void RmsNorm(ThreadPool& pool, const float* x, const float* weight, float eps, int64_t n_tokens,
             int64_t n, float* y);

}  // namespace pioneer
