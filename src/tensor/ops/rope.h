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
  int dims = 0;  // rotated dimensions of each head, even
  RopeStyle style = RopeStyle::kInterleaved;
  std::vector<double> frequencies;  // [dims/2] angle of each pair at position 1
  float magnitude = 1.0f;           // rotated numbers are multiplied by it (YaRN, LongRoPE)
};

// base^(-2i / dims), 0 <= i < dims/2: without any scaling.
std::vector<double> RopeFrequencies(double base, int dims);

// Rotates the first `dims` numbers of each head of x: [n_tokens, n_heads, head_dim] in place, token
// t by positions[t]. A part in the middle of heads is rotated by passing the address of its first
// number. Throws Error{kInvalidArgument} when the frequencies or the head do not fit.
void Rope(ThreadPool& pool, const RopeParams& params, float* x, const int32_t* positions,
          int64_t n_tokens, int64_t n_heads, int64_t head_dim);

}  // namespace pioneer
