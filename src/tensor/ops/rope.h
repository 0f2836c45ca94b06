// Why: rotary position embedding (Su et al. 2021).
#pragma once

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"

namespace pioneer {

enum class RopeStyle {
  kInterleaved,  // rotates pairs (0,1), (2,3), ...: GGUF's llama layout
  kHalves,       // rotates pairs (0,n/2), (1,n/2+1), ...: NeoX layout
};

struct RopeParams {
  int dims = 0;  // rotated dimensions of each head, even, <= head_dim
  float base = 10000.0f;
  RopeStyle style = RopeStyle::kInterleaved;
  std::vector<float> frequency_factors;  // [dims/2] divisors of the frequencies, or empty
};

// Rotates x: [n_tokens, n_heads, head_dim] in place, token t by positions[t].
void Rope(ThreadPool& pool, const RopeParams& params, float* x, const int32_t* positions,
          int64_t n_tokens, int64_t n_heads, int64_t head_dim);

}  // namespace pioneer
