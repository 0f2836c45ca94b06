// Why: the step that changes the weights, over the flat parameter array: AdamW, or Muon for the
// matrices of the layers and AdamW for embedding, output and norms. The gradient is clipped by its
// norm over all parameters.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/ops/train_buffer.h"
#include "train/llama_parameters.h"

namespace pioneer {

enum class OptimizerKind { kAdamW, kMuon };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdamW;
  float beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;  // AdamW's
  float momentum = 0.95f;                              // Muon's
  float weight_decay = 0.1f;                           // matrices only
  float clip_norm = 1.0f;                              // 0 = no clipping
};

// Its state lies beside the parameters and goes into the checkpoint. One thread at a time.
class Optimizer {
 public:
  // bf16: Muon's products in bfloat16, else in float32.
  Optimizer(const ParameterLayout& layout, const OptimizerOptions& options, bool bf16);

  // Sums the threads' gradients into the first one and returns the norm of the sum; not finite when
  // any number is not. The result depends on the number of gradients, not on how threads share the
  // work.
  double Sum(ThreadPool& pool, std::span<TrainBuffer<float>> gradients) const;

  // Changes `weights` [layout.size()] by the summed gradient, whose norm is finite.
  void Step(ThreadPool& pool, float learning_rate, double gradient_norm, const float* gradient,
            float* weights);

  int64_t n_steps() const { return n_steps_; }
  void set_n_steps(int64_t n_steps) { n_steps_ = n_steps; }
  // First moments (or momentum) of all parameters, then second moments of those that AdamW steps.
  TrainBuffer<float>& state() { return state_; }

 private:
  // A run of the flat array for one job of AdamW, in which all numbers decay or none does.
  struct Run {
    int64_t begin, size;
    int64_t second;  // where its second moments lie in state_; -1: Muon's
    bool decays;
  };

  void StepAdamW(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                 float* weights);
  template <typename T>
  void StepMuon(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                float* weights);

  OptimizerOptions options_;
  bool bf16_;
  std::vector<Run> runs_;
  std::vector<ParameterPart> muon_parts_;  // largest first
  int64_t n_steps_ = 0;
  TrainBuffer<float> state_;
};

}  // namespace pioneer
