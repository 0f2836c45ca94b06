#include "train/gradient_workers.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <numeric>
#include <type_traits>

#include "base/memory.h"
#include "tensor/kernels/train_kernels.h"

namespace pioneer {
namespace {

template <typename T>
class Workers : public GradientWorkers {
 public:
  Workers(const ParameterLayout& layout, ThreadPool& pool)
      : pool_(pool), n_parameters_(layout.size()) {
    const bool recompute = RecomputesLayers(layout.shape(), pool.size(), !std::is_same_v<T, float>);
    for (int i = 0; i < pool.size(); ++i) {
      passes_.push_back(std::make_unique<LlamaPass<T>>(layout, recompute));
    }
  }

  void SetWeights(const float* weights) override {
    if constexpr (std::is_same_v<T, float>) {
      weights_ = {weights, weights};
    } else {
      rounded_.resize(static_cast<size_t>(n_parameters_));
      constexpr int64_t kGrain = 1 << 16;
      pool_.ParallelFor(n_parameters_, kGrain, [&](int64_t begin, int64_t end) {
        BestTrainKernels().For<T>().convert(weights + begin, end - begin, rounded_.data() + begin);
      });
      weights_ = {weights, rounded_.data()};
    }
  }

  double Loss(std::span<const TrainSequence> batch) override {
    return Share(batch, [&](int thread, const TrainSequence& sequence) {
      return passes_[thread]->Loss(weights_, sequence);
    });
  }

  double LossAndGradient(std::span<const TrainSequence> batch, float scale) override {
    gradients_.resize(passes_.size());
    pool_.Run(
        [&](int thread) { gradients_[thread].assign(static_cast<size_t>(n_parameters_), 0.0f); });
    return Share(batch, [&](int thread, const TrainSequence& sequence) {
      return passes_[thread]->LossAndGradient(weights_, sequence, scale, gradients_[thread].data());
    });
  }

  std::span<TrainBuffer<float>> gradients() override { return gradients_; }

  std::string FirstNotFinite(std::span<const TrainSequence> batch) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      const std::string place = passes_[0]->FirstNotFinite(weights_, batch[i]);
      if (!place.empty()) return fmt::format("{} in sequence {} of the batch", place, i);
    }
    return "";
  }

 private:
  // Jobs of the pool must not throw: the first failure is carried to the caller.
  double Share(std::span<const TrainSequence> batch,
               const std::function<double(int, const TrainSequence&)>& job) {
    std::vector<double> losses(batch.size());
    std::vector<std::exception_ptr> failures(passes_.size());
    pool_.Run([&](int thread) {
      try {
        for (size_t i = static_cast<size_t>(thread); i < batch.size(); i += passes_.size()) {
          losses[i] = job(thread, batch[i]);
        }
      } catch (...) {
        failures[thread] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  }

  ThreadPool& pool_;
  int64_t n_parameters_;
  std::vector<std::unique_ptr<LlamaPass<T>>> passes_;
  std::vector<TrainBuffer<float>> gradients_;
  TrainBuffer<T> rounded_;
  TrainWeights<T> weights_;
};

}  // namespace

bool RecomputesLayers(const LlamaShape& shape, int n_threads, bool bf16) {
  const int64_t one = bf16 ? LlamaPass<Bf16>::ActivationBytes(shape, false)
                           : LlamaPass<float>::ActivationBytes(shape, false);
  return one * n_threads > UsableMemoryBytes() / 2;
}

std::unique_ptr<GradientWorkers> GradientWorkers::Make(const ParameterLayout& layout,
                                                       ThreadPool& pool, bool bf16) {
  if (bf16) return std::make_unique<Workers<Bf16>>(layout, pool);
  return std::make_unique<Workers<float>>(layout, pool);
}

}  // namespace pioneer
