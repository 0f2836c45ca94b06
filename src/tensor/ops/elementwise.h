// Why: the small per-element operations between products.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"

namespace pioneer {

// x[i] += y[i], 0 <= i < n.
void AddInPlace(ThreadPool& pool, float* x, const float* y, int64_t n);

// out[i] = silu(gate[i]) * up[i], silu(v) = v / (1 + exp(-v)); out may be gate or up.
void SiluMul(ThreadPool& pool, const float* gate, const float* up, int64_t n, float* out);

}  // namespace pioneer
