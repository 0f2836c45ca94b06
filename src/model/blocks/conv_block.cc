#include "model/blocks/conv_block.h"

#include <vector>

namespace pioneer {

ConvBlock LoadConv(WeightLoader& load, const std::string& name, int n_channels, int n_taps,
                   MemoryPlan& memory) {
  const std::vector<float> weights = load.Floats(name + ".weight", {n_channels, n_taps});
  ConvBlock block;
  block.conv = {n_channels, n_taps, std::vector<float>(weights.size())};
  for (int64_t channel = 0; channel < n_channels; ++channel) {
    for (int64_t tap = 0; tap < n_taps; ++tap) {
      block.conv.weights[tap * n_channels + channel] = weights[channel * n_taps + tap];
    }
  }
  block.state_begin = memory.state_floats;
  memory.state_floats += block.conv.StateFloats();
  return block;
}

void ConvBlock::Run(Pass& pass, const Matrix& x, Matrix& y) const {
  std::vector<ShortConvSequence> sequences;
  for (const StepBatch::Sequence& s : pass.sequences) {
    sequences.push_back({s.kv->state() + state_begin, s.first_row, s.n_rows});
  }
  y.Resize(pass.n, conv.n_channels);
  RunShortConv(pass.pool, conv, sequences, x.data(), y.data());
}

}  // namespace pioneer
