// Why: the short convolution of a recurrent layer, with the place of what it remembers.
#pragma once

#include <string>

#include "model/blocks/pass.h"
#include "model/memory_plan.h"
#include "model/weight_loader.h"
#include "tensor/ops/short_conv.h"

namespace pioneer {

struct ConvBlock {
  ShortConv conv;
  int64_t state_begin = 0;  // in the state of a sequence

  // x, y: [n, n_channels]; y is resized and not x.
  void Run(Pass& pass, const Matrix& x, Matrix& y) const;
};

// From NAME.weight [n_channels, n_taps]; takes its share of memory.state_floats.
ConvBlock LoadConv(WeightLoader& load, const std::string& name, int n_channels, int n_taps,
                   MemoryPlan& memory);

}  // namespace pioneer
