// Why: AdamW over an adapter's flat array: no number decays, and the gradient is clipped by its
// norm over all of them.
#pragma once

#include <cstdint>

#include "tensor/ops/train_buffer.h"

namespace pioneer::tune {

// Its state goes into the checkpoint beside the adapter. One thread at a time.
class AdapterOptimizer {
 public:
  explicit AdapterOptimizer(int64_t size);

  // Changes `values` by a gradient whose norm is finite.
  void Step(float learning_rate, const TrainBuffer<float>& gradient, double gradient_norm,
            float* values);

  int64_t n_steps() const { return n_steps_; }
  void set_n_steps(int64_t n_steps) { n_steps_ = n_steps; }
  TrainBuffer<float>& state() { return state_; }  // first moments, then second ones

 private:
  int64_t size_, n_steps_ = 0;
  TrainBuffer<float> state_;
};

// Not finite when any number is not.
double GradientNorm(const TrainBuffer<float>& gradient);

}  // namespace pioneer::tune
