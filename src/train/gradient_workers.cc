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
  Workers(const ParameterLayout& layout, ThreadPool& pool, Communicator& processes)
      : pool_(pool),
        processes_(processes),
        threads_(ShareThreads(processes, pool.size())),
        n_parameters_(layout.size()),
        vocab_size_(layout.shape().vocab_size) {
    const bool recompute = RecomputesLayers(layout.shape(), pool.size() * processes.host_size(),
                                            !std::is_same_v<T, float>);
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
    return *Share(batch, {}, [&](int thread, const TrainSequence& sequence) {
      return passes_[thread]->Loss(weights_, sequence);
    });
  }

  std::optional<double> LossAndGradient(std::span<const TrainSequence> batch, float scale,
                                        const CancelToken& cancel) override {
    gradients_.resize(passes_.size());
    pool_.Run(
        [&](int thread) { gradients_[thread].assign(static_cast<size_t>(n_parameters_), 0.0f); });
    return Share(batch, cancel, [&](int thread, const TrainSequence& sequence) {
      return passes_[thread]->LossAndGradient(weights_, sequence, scale, gradients_[thread].data());
    });
  }

  std::span<TrainBuffer<float>> gradients() override { return gradients_; }

  int32_t MostLikelyNext(std::span<const int32_t> tokens) override {
    TrainBuffer<float> logits(tokens.size() * static_cast<size_t>(vocab_size_));
    passes_[0]->Logits(weights_, {tokens, {}, {}}, logits.data());
    const auto last = logits.end() - vocab_size_;
    return static_cast<int32_t>(std::max_element(last, logits.end()) - last);
  }

  std::string FirstNotFinite(std::span<const TrainSequence> batch) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      const std::string place = passes_[0]->FirstNotFinite(weights_, batch[i]);
      if (!place.empty()) return fmt::format("{} in sequence {} of the batch", place, i);
    }
    return "";
  }

 private:
  using Job = std::function<double(int, const TrainSequence&)>;

  // The sum of all sequences' losses in the batch's order; nothing when cancelled. Jobs of the pool
  // must not throw: the first failure is carried to the caller.
  std::optional<double> Share(std::span<const TrainSequence> batch, const CancelToken& cancel,
                              const Job& job) {
    std::vector<double> losses(batch.size() + 1);  // and whether this process was cancelled
    std::vector<std::exception_ptr> failures(passes_.size());
    pool_.Run([&](int thread) {
      try {
        const auto first = static_cast<size_t>(threads_.first + thread);
        for (size_t i = first; i < batch.size(); i += static_cast<size_t>(threads_.total)) {
          if (cancel.cancelled()) return;
          losses[i] = job(thread, batch[i]);
        }
      } catch (...) {
        failures[thread] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    losses.back() = cancel.cancelled() ? 1.0 : 0.0;
    processes_.Sum(losses);
    if (losses.back() > 0) return std::nullopt;
    return std::accumulate(losses.begin(), losses.end() - 1, 0.0);
  }

  ThreadPool& pool_;
  Communicator& processes_;
  ThreadShare threads_;
  int64_t n_parameters_, vocab_size_;
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
                                                       ThreadPool& pool, bool bf16,
                                                       Communicator& processes) {
  if (bf16) return std::make_unique<Workers<Bf16>>(layout, pool, processes);
  return std::make_unique<Workers<float>>(layout, pool, processes);
}

}  // namespace pioneer
