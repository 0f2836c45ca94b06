#include "train/optimizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>

#include "tensor/kernels/train_kernels.h"
#include "tensor/ops/train_muon.h"

namespace pioneer {

Optimizer::Optimizer(const ParameterLayout& layout, const OptimizerOptions& options, bool bf16,
                     Communicator& processes)
    : parts_(layout.parts()),
      options_(options),
      bf16_(bf16),
      processes_(processes),
      sharding_(layout, options.kind, processes.size()) {
  for (const ShardMatrix& matrix : sharding_.matrices()) {
    if (matrix.owner == processes.rank()) own_matrices_.push_back(matrix);
  }
  state_.resize(static_cast<size_t>(sharding_.state_size(processes.rank())));
}

// The partial sums go from process to process, window by window, and each adds its threads'
// gradients in their order: so the additions are those of one process. The last one has the sums
// and sends each to its owner.
double Optimizer::Sum(ThreadPool& pool, std::span<TrainBuffer<float>> gradients) {
  const int rank = processes_.rank(), last = processes_.size() - 1;
  TrainBuffer<float>& total = gradients[0];
  squares_.assign(sharding_.runs().size(), 0.0);
  for (const ShardWindow& window : sharding_.windows()) {
    received_.resize(rank > 0 ? static_cast<size_t>(window.size) : 0);
    if (rank > 0) processes_.Receive(received_, rank - 1);
    AddWindow(pool, window, rank > 0 ? received_.data() : nullptr, gradients);
    if (rank < last) {
      processes_.Send(std::span(total).subspan(window.begin, window.size), rank + 1);
      continue;
    }
    for (int64_t i = window.first_range; i < window.end_range; ++i) {
      const ShardRange& range = sharding_.ranges()[i];
      if (range.owner == rank) continue;
      processes_.Send(std::span(total).subspan(range.begin, range.size), range.owner);
    }
  }
  processes_.Finish();
  for (const ShardRange& range : sharding_.ranges()) {
    if (range.owner != rank || rank == last) continue;
    processes_.Receive(std::span(total).subspan(range.begin, range.size), last);
  }
  processes_.Sum(squares_);
  double sum = 0;
  for (const double square : squares_) sum += square;
  return std::sqrt(sum);
}

// Adds what came `before` (null: nothing) and all threads' gradients into the first one. In the
// last process that is the sum.
void Optimizer::AddWindow(ThreadPool& pool, const ShardWindow& window, const float* before,
                          std::span<TrainBuffer<float>> gradients) {
  const TrainKernels& kernels = BestTrainKernels();
  const bool is_sum = processes_.rank() + 1 == processes_.size();
  float* total = gradients[0].data();
  const int64_t n_runs = window.end_run - window.first_run;
  pool.ParallelFor(n_runs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = window.first_run + begin; i < window.first_run + end; ++i) {
      const ShardRun& run = sharding_.runs()[i];
      if (before != nullptr) {
        kernels.add(before + (run.begin - window.begin), run.size, total + run.begin);
      }
      for (const TrainBuffer<float>& other : gradients.subspan(1)) {
        kernels.add(other.data() + run.begin, run.size, total + run.begin);
      }
      if (is_sum) squares_[i] = kernels.sum_squares(total + run.begin, run.size);
    }
  });
}

std::string Optimizer::FirstNotFinite() const {
  for (size_t i = 0; i < squares_.size(); ++i) {
    if (std::isfinite(squares_[i])) continue;
    const int64_t at = sharding_.runs()[i].begin;
    for (const ParameterPart& part : parts_) {
      if (at >= part.offset && at < part.offset + part.size()) return part.name;
    }
  }
  return "";
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
  for (const ShardRange& range : sharding_.ranges()) {
    processes_.Broadcast({weights + range.begin, static_cast<size_t>(range.size)}, range.owner);
  }
  processes_.Finish();
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
  const std::vector<ShardRun>& runs = sharding_.runs();
  pool.ParallelFor(static_cast<int64_t>(runs.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const ShardRun& run = runs[i];
      if (run.muon || run.owner != processes_.rank()) continue;
      AdamWStep own = step;
      own.weight_decay = run.decays ? options_.weight_decay : 0.0f;
      BestTrainKernels().adamw(own, gradient + run.begin, run.size, weights + run.begin,
                               state_.data() + run.first, state_.data() + run.second);
    }
  });
}

// Threads take whole matrices: what a matrix becomes does not depend on who took it.
template <typename T>
void Optimizer::StepMuon(ThreadPool& pool, float learning_rate, float scale, const float* gradient,
                         float* weights) {
  if (own_matrices_.empty()) return;
  const MuonStep step{.learning_rate = learning_rate,
                      .momentum = options_.momentum,
                      .weight_decay = options_.weight_decay,
                      .gradient_scale = scale};
  std::atomic<size_t> next{0};
  std::vector<std::exception_ptr> failures(static_cast<size_t>(pool.size()));
  pool.Run([&](int thread) {
    try {
      thread_local Muon<T> muon;
      for (size_t i = next++; i < own_matrices_.size(); i = next++) {
        const auto& [part, owner, first] = own_matrices_[i];
        muon.Step(step, gradient + part.offset, part.rows, part.cols, weights + part.offset,
                  state_.data() + first);
      }
    } catch (...) {
      failures[static_cast<size_t>(thread)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

void Optimizer::WriteWholeState(const std::function<void(std::span<const float>)>& write) {
  TrainBuffer<float> received;
  const auto pass_on = [&](const ShardRange& range, int64_t offset) {
    if (offset < 0) return;
    const auto size = static_cast<size_t>(range.size);
    if (range.owner == processes_.rank()) {
      const std::span<const float> own(state_.data() + offset, size);
      processes_.first() ? write(own) : processes_.Send(own, 0);
    } else if (processes_.first()) {
      received.resize(size);
      processes_.Receive(received, range.owner);
      write(received);
    }
  };
  for (const ShardRange& range : sharding_.ranges()) pass_on(range, range.first);
  for (const ShardRange& range : sharding_.ranges()) pass_on(range, range.second);
  processes_.Finish();
}

void Optimizer::SetWholeState(std::span<const float> whole) {
  int64_t next = 0;
  const auto take = [&](const ShardRange& range, int64_t offset) {
    if (offset < 0) return;
    if (range.owner == processes_.rank()) {
      std::copy_n(whole.begin() + next, range.size, state_.begin() + offset);
    }
    next += range.size;
  };
  for (const ShardRange& range : sharding_.ranges()) take(range, range.first);
  for (const ShardRange& range : sharding_.ranges()) take(range, range.second);
}

}  // namespace pioneer
