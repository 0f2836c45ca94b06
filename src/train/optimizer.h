// Why: the step that changes the weights, over the flat parameter array: AdamW, or Muon for the
// matrices of the layers and AdamW for embedding, output and norms. The gradient is clipped by its
// norm over all parameters. Several processes each keep and step a share of it (sharding.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/ops/train_buffer.h"
#include "train/communicator.h"
#include "train/llama_parameters.h"
#include "train/sharding.h"

namespace pioneer {

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdamW;
  float beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f;  // AdamW's
  float momentum = 0.95f;                              // Muon's
  float weight_decay = 0.1f;                           // matrices only
  float clip_norm = 1.0f;                              // 0 = no clipping
};

// One thread at a time. With several processes all must make the same calls; weights and norms come
// out with the same bits in all of them, those of one process with as many threads as all have.
class Optimizer {
 public:
  // bf16: Muon's products in bfloat16, else in float32.
  Optimizer(const ParameterLayout& layout, const OptimizerOptions& options, bool bf16,
            Communicator& processes = OneProcess());

  // Sums the gradients of all threads of all processes, in their order, into the first one of each
  // process, as far as it steps that, and returns the norm of the sum; not finite when any number
  // is not. The result depends on the number of gradients, not on who computed them.
  double Sum(ThreadPool& pool, std::span<TrainBuffer<float>> gradients);

  // The first tensor in which the last sum holds a NaN or infinity; "" when all are finite.
  std::string FirstNotFinite() const;

  // Changes `weights` [layout.size()] by the summed gradient, whose norm is finite.
  void Step(ThreadPool& pool, float learning_rate, double gradient_norm, const float* gradient,
            float* weights);

  int64_t n_steps() const { return n_steps_; }
  void set_n_steps(int64_t n_steps) { n_steps_ = n_steps; }

  // This process's share of the state; of one process, the whole: first moments (or momentum) of
  // all parameters, then second moments of those that AdamW steps.
  TrainBuffer<float>& state() { return state_; }
  // The whole state, the same for any number of processes. Write hands it to the first process's
  // `write` in pieces, in their order.
  int64_t whole_state_size() const { return sharding_.state_size(); }
  void WriteWholeState(const std::function<void(std::span<const float>)>& write);
  void SetWholeState(std::span<const float> whole);

 private:
  void AddWindow(ThreadPool& pool, const ShardWindow& window, const float* before,
                 std::span<TrainBuffer<float>> gradients);
  void StepAdamW(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                 float* weights);
  template <typename T>
  void StepMuon(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                float* weights);

  std::vector<ParameterPart> parts_;
  OptimizerOptions options_;
  bool bf16_;
  Communicator& processes_;
  Sharding sharding_;
  std::vector<ShardMatrix> own_matrices_;  // largest first
  std::vector<double> squares_;            // of the sum, a run
  int64_t n_steps_ = 0;
  TrainBuffer<float> state_, received_;
};

}  // namespace pioneer
