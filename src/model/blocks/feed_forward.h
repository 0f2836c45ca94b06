// Why: the part of a layer that looks at one row at a time.
#pragma once

#include <cstdint>
#include <string>

#include "model/blocks/linear.h"
#include "model/blocks/pass.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {

// Gated: down(f(gate(x)) * up(x)) (Shazeer 2020, https://arxiv.org/abs/2002.05202). Plain:
// down(f(up(x))).
struct FeedForward {
  bool gated = true;
  Linear gate, up;  // [d_ff, d_model]; gate only where gated
  Linear down;      // [d_model, d_ff]
  Activation f = Activation::kSilu;

  // x, change: [n, d_model].
  void Run(Pass& pass, const Matrix& x, Matrix& change) const;
};

// From blk.LAYER.ffn_{gate,up,down}, with biases where the file has them.
FeedForward LoadFeedForward(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff,
                            Activation f = Activation::kSilu, bool gated = true);

}  // namespace pioneer
