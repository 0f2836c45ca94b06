#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/train_kernels.h"

namespace pioneer {
namespace {

// Numbers that one job handles; fits the second-level cache with moments and gradient.
constexpr int64_t kRunSize = 32768;

}  // namespace

AdamW::AdamW(const ParameterLayout& layout, const OptimizerOptions& options)
    : options_(options),
      m_(static_cast<size_t>(layout.size())),
      v_(static_cast<size_t>(layout.size())) {
  for (const ParameterPart& part : layout.parts()) {
    for (int64_t begin = 0; begin < part.size(); begin += kRunSize) {
      const int64_t size = std::min(kRunSize, part.size() - begin);
      runs_.push_back({part.offset + begin, size, part.is_matrix});
    }
  }
}

OptimizerResult AdamW::Step(ThreadPool& pool, float learning_rate,
                            std::span<TrainBuffer<float>> gradients, float* weights) {
  const TrainKernels& kernels = BestTrainKernels();
  float* total = gradients[0].data();
  std::vector<double> squares(runs_.size());
  const auto n_runs = static_cast<int64_t>(runs_.size());
  pool.ParallelFor(n_runs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Run& run = runs_[i];
      for (const TrainBuffer<float>& other : gradients.subspan(1)) {
        kernels.add(other.data() + run.begin, run.size, total + run.begin);
      }
      squares[i] = kernels.sum_squares(total + run.begin, run.size);
    }
  });
  OptimizerResult result;
  for (const double square : squares) result.gradient_norm += square;
  result.gradient_norm = std::sqrt(result.gradient_norm);
  if (!std::isfinite(result.gradient_norm)) return result;

  ++n_steps_;
  AdamWStep step{.learning_rate = learning_rate,
                 .beta1 = options_.beta1,
                 .beta2 = options_.beta2,
                 .epsilon = options_.epsilon};
  const double steps = static_cast<double>(n_steps_);
  step.correction1 = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta1, steps)));
  step.correction2 = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta2, steps)));
  if (options_.clip_norm > 0 && result.gradient_norm > options_.clip_norm) {
    step.gradient_scale = static_cast<float>(options_.clip_norm / result.gradient_norm);
  }
  pool.ParallelFor(n_runs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Run& run = runs_[i];
      AdamWStep own = step;
      own.weight_decay = run.decays ? options_.weight_decay : 0.0f;
      kernels.adamw(own, total + run.begin, run.size, weights + run.begin, m_.data() + run.begin,
                    v_.data() + run.begin);
    }
  });
  result.applied = true;
  return result;
}

}  // namespace pioneer
