#include "train/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>

#include "tensor/kernels/train_kernels.h"
#include "tensor/ops/train_muon.h"

namespace pioneer {
namespace {

// Numbers that one job handles; fits the second-level cache with moments and gradient.
constexpr int64_t kRunSize = 32768;

bool IsLayerMatrix(const ParameterPart& part) {
  return part.is_matrix && part.name.starts_with("blk.");
}

}  // namespace

Optimizer::Optimizer(const ParameterLayout& layout, const OptimizerOptions& options, bool bf16)
    : options_(options), bf16_(bf16) {
  int64_t n_state = layout.size();
  for (const ParameterPart& part : layout.parts()) {
    const bool muon = options.kind == OptimizerKind::kMuon && IsLayerMatrix(part);
    for (int64_t begin = 0; begin < part.size(); begin += kRunSize) {
      const int64_t size = std::min(kRunSize, part.size() - begin);
      runs_.push_back({part.offset + begin, size, muon ? -1 : n_state, part.is_matrix});
      if (!muon) n_state += size;
    }
    if (muon) muon_parts_.push_back(part);
  }
  std::stable_sort(muon_parts_.begin(), muon_parts_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  state_.resize(static_cast<size_t>(n_state));
}

double Optimizer::Sum(ThreadPool& pool, std::span<TrainBuffer<float>> gradients) const {
  const TrainKernels& kernels = BestTrainKernels();
  float* total = gradients[0].data();
  std::vector<double> squares(runs_.size());
  pool.ParallelFor(static_cast<int64_t>(runs_.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Run& run = runs_[i];
      for (const TrainBuffer<float>& other : gradients.subspan(1)) {
        kernels.add(other.data() + run.begin, run.size, total + run.begin);
      }
      squares[i] = kernels.sum_squares(total + run.begin, run.size);
    }
  });
  double sum = 0;
  for (const double square : squares) sum += square;
  return std::sqrt(sum);
}

void Optimizer::Step(ThreadPool& pool, float learning_rate, double gradient_norm,
                     const float* gradient, float* weights) {
  ++n_steps_;
  float scale = 1;
  if (options_.clip_norm > 0 && gradient_norm > options_.clip_norm) {
    scale = static_cast<float>(options_.clip_norm / gradient_norm);
  }
  StepAdamW(pool, learning_rate, scale, gradient, weights);
  if (bf16_) {
    StepMuon<Bf16>(pool, learning_rate, scale, gradient, weights);
  } else {
    StepMuon<float>(pool, learning_rate, scale, gradient, weights);
  }
}

void Optimizer::StepAdamW(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                          float* weights) {
  AdamWStep step{.learning_rate = learning_rate,
                 .beta1 = options_.beta1,
                 .beta2 = options_.beta2,
                 .epsilon = options_.epsilon,
                 .gradient_scale = scale};
  const double steps = static_cast<double>(n_steps_);
  step.correction1 = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta1, steps)));
  step.correction2 = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta2, steps)));
  pool.ParallelFor(static_cast<int64_t>(runs_.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Run& run = runs_[i];
      if (run.second < 0) continue;
      AdamWStep own = step;
      own.weight_decay = run.decays ? options_.weight_decay : 0.0f;
      BestTrainKernels().adamw(own, gradient + run.begin, run.size, weights + run.begin,
                               state_.data() + run.begin, state_.data() + run.second);
    }
  });
}

// Threads take whole matrices: what a matrix becomes does not depend on who took it.
template <typename T>
void Optimizer::StepMuon(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                         float* weights) {
  if (muon_parts_.empty()) return;
  const MuonStep step{.learning_rate = learning_rate,
                      .momentum = options_.momentum,
                      .weight_decay = options_.weight_decay,
                      .gradient_scale = scale};
  std::atomic<size_t> next{0};
  std::vector<std::exception_ptr> failures(static_cast<size_t>(pool.size()));
  pool.Run([&](int thread) {
    try {
      thread_local Muon<T> muon;
      for (size_t i = next++; i < muon_parts_.size(); i = next++) {
        const ParameterPart& part = muon_parts_[i];
        muon.Step(step, gradient + part.offset, part.rows, part.cols, weights + part.offset,
                  state_.data() + part.offset);
      }
    } catch (...) {
      failures[static_cast<size_t>(thread)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace pioneer
