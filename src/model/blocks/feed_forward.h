// Why: the part of a layer that looks at one row at a time.
#pragma once

#include <cstdint>
#include <string>

#include "model/blocks/linear.h"
#include "model/blocks/pass.h"

namespace pioneer {

// down(silu(gate(x)) * up(x)) (Shazeer 2020, https://arxiv.org/abs/2002.05202).
struct FeedForward {
  Linear gate, up;  // [d_ff, d_model]
  Linear down;      // [d_model, d_ff]

  // x, change: [n, d_model].
  void Run(Pass& pass, const Matrix& x, Matrix& change) const;
};

// From blk.LAYER.ffn_{gate,up,down}, with biases where the file has them.
FeedForward LoadFeedForward(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff);

}  // namespace pioneer
