// Why: AdamW over the flat parameter array, with global-norm clipping. A step that would spread
// NaN or infinity is refused before it changes anything.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/ops/train_buffer.h"
#include "train/llama_parameters.h"

namespace pioneer {

struct OptimizerOptions {
  float beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;
  float weight_decay = 0.1f;  // matrices only
  float clip_norm = 1.0f;     // 0 = no clipping
};

struct OptimizerResult {
  double gradient_norm = 0;  // before clipping
  bool applied = false;      // false: the norm is not finite and nothing was changed
};

// Moments live beside the parameters and go into the checkpoint. One thread at a time.
class AdamW {
 public:
  AdamW(const ParameterLayout& layout, const OptimizerOptions& options);

  // Sums the threads' gradients into the first one, then updates `weights` [layout.size()]. The
  // result depends on the number of gradients, not on how threads share the work.
  OptimizerResult Step(ThreadPool& pool, float learning_rate,
                       std::span<TrainBuffer<float>> gradients, float* weights);

  int64_t n_steps() const { return n_steps_; }
  void set_n_steps(int64_t n_steps) { n_steps_ = n_steps; }
  TrainBuffer<float>& first_moments() { return m_; }
  TrainBuffer<float>& second_moments() { return v_; }

 private:
  // A run of the flat array in which all numbers decay or none does.
  struct Run {
    int64_t begin, size;
    bool decays;
  };

  OptimizerOptions options_;
  std::vector<Run> runs_;
  int64_t n_steps_ = 0;
  TrainBuffer<float> m_, v_;
};

}  // namespace pioneer
