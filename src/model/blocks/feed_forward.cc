#include "model/blocks/feed_forward.h"

#include "base/error.h"

namespace pioneer {

FeedForward LoadFeedForward(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff,
                            Activation f, bool gated) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  FeedForward block;
  block.f = f;
  block.gated = gated;
  if (gated) block.gate = LoadLinear(load, prefix + "ffn_gate", d_ff, d_model);
  block.up = LoadLinear(load, prefix + "ffn_up", d_ff, d_model);
  block.down = LoadLinear(load, prefix + "ffn_down", d_model, d_ff);
  return block;
}

void FeedForward::Run(Pass& pass, const Matrix& x, Matrix& change) const {
  auto& work = pass.work.feed_forward;
  if (gated) {
    RunLinear(pass, {{&gate, &work.gate}, {&up, &work.up}}, x);
  } else {
    RunLinear(pass, {{&up, &work.gate}}, x);
  }
  float* const hidden = work.gate.data();
  const int64_t n_hidden = pass.n * work.gate.cols();
  if (gated) {
    ActivateMul(pass.pool, f, hidden, work.up.data(), n_hidden, hidden);
  } else {
    Activate(pass.pool, f, hidden, n_hidden, hidden);
  }
  RunLinear(pass, {{&down, &change}}, work.gate);
}

}  // namespace pioneer
