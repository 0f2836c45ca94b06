#include "model/blocks/feed_forward.h"

#include "base/error.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {

FeedForward LoadFeedForward(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  FeedForward block;
  block.gate = LoadLinear(load, prefix + "ffn_gate", d_ff, d_model);
  block.up = LoadLinear(load, prefix + "ffn_up", d_ff, d_model);
  block.down = LoadLinear(load, prefix + "ffn_down", d_model, d_ff);
  return block;
}

void FeedForward::Run(Pass& pass, const Matrix& x, Matrix& change) const {
  auto& work = pass.work.feed_forward;
  RunLinear(pass.pool, {{&gate, &work.gate}, {&up, &work.up}}, x.data(), pass.n);
  float* const hidden = work.gate.data();
  SiluMul(pass.pool, hidden, work.up.data(), pass.n * work.gate.cols(), hidden);
  RunLinear(pass.pool, {{&down, &change}}, hidden, pass.n);
}

}  // namespace pioneer
