// Why: causal convolutions over the last few tokens, a filter a channel (LFM2, Gated DeltaNet).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace pioneer {

struct ShortConv {
  int n_channels = 0;
  int n_taps = 0;  // tokens that a result sees, at least 1
  // [n_taps][n_channels], the newest token's tap last: the transpose of how files have it.
  std::vector<float> weights;

  int64_t StateFloats() const { return int64_t{n_taps - 1} * n_channels; }
};

// Rows [first_row, first_row + n_rows) are the next tokens of one sequence, in order.
struct ShortConvSequence {
  float* state =
      nullptr;  // [n_taps - 1][n_channels] the inputs before, zero at the start; advanced
  int64_t first_row = 0, n_rows = 0;
};

// y[t, c] = sum_j weights[j][c] * x[t - (n_taps - 1) + j, c], where rows before the first come from
// the state.  x, y: [rows, n_channels], y is not x.
void RunShortConv(ThreadPool& pool, const ShortConv& conv,
                  std::span<const ShortConvSequence> sequences, const float* x, float* y);

}  // namespace pioneer
