#include "tune/tune_workers.h"

#include <exception>
#include <functional>
#include <type_traits>

#include "base/memory.h"
#include "tensor/kernels/train_kernels.h"
#include "tune/adapted_pass.h"

namespace pioneer::tune {
namespace {

template <typename T>
bool RecomputesTuning(const FrozenModel& model, int64_t pack_tokens, int n_threads) {
  return AdaptedPass<T>::ActivationBytes(model, pack_tokens, false) * n_threads >
         UsableMemoryBytes() / 4;
}

template <typename T>
class TuneWorkersOf : public TuneWorkers {
 public:
  TuneWorkersOf(const FrozenModel& model, const AdapterLayout& layout, ThreadPool& pool,
                const Options& options)
      : layout_(layout), pool_(pool), source_(model, KeepsMatrices<T>(model), pool) {
    const bool recompute = RecomputesTuning<T>(model, options.pack_tokens, pool.size());
    for (int i = 0; i < pool.size(); ++i) {
      passes_.push_back(std::make_unique<AdaptedPass<T>>(model, layout, source_, recompute));
    }
  }

  void SetAdapter(const float* values) override {
    TrainBuffer<float> scaled(values, values + layout_.size());
    ScaleSecondHalves(scaled.data());
    adapter_.resize(scaled.size());
    BestTrainKernels().For<T>().convert(scaled.data(), layout_.size(), adapter_.data());
  }

  std::vector<std::vector<float>> LogProbs(std::span<const PackedTexts> packs,
                                           bool adapted) override {
    std::vector<std::vector<float>> all(packs.size());
    Share(packs.size(), [&](int thread, size_t i) {
      all[i].assign(packs[i].inputs.size(), 0.0f);
      passes_[thread]->LogProbs(adapted ? adapter_.data() : nullptr, packs[i], all[i].data());
    });
    return all;
  }

  LossSums LossAndGradient(std::span<const PackedTexts> packs, const Loss& loss,
                           TrainBuffer<float>& gradient) override {
    const auto size = static_cast<size_t>(layout_.size());
    gradients_.resize(passes_.size());
    for (TrainBuffer<float>& own : gradients_) own.assign(size, 0.0f);
    std::vector<LossSums> sums(packs.size());
    Share(packs.size(), [&](int thread, size_t i) {
      sums[i] = passes_[thread]->LossAndGradient(adapter_.data(), packs[i], loss,
                                                 gradients_[thread].data());
    });
    gradient.assign(size, 0.0f);
    for (const TrainBuffer<float>& own : gradients_) {
      BestTrainKernels().add(own.data(), layout_.size(), gradient.data());
    }
    ScaleSecondHalves(gradient.data());  // by the chain rule: passes see scale * B
    LossSums total;
    for (const LossSums& one : sums) total.Add(one);
    return total;
  }

 private:
  void ScaleSecondHalves(float* values) const {
    const float scale = layout_.scale();
    for (const AdapterSlot& slot : layout_.slots()) {
      float* const b = values + slot.b;
      std::transform(b, b + slot.n_out * layout_.rank(), b, [&](float x) { return x * scale; });
    }
  }

  // Jobs of the pool must not throw: the first failure is carried to the caller.
  void Share(size_t n, const std::function<void(int, size_t)>& job) {
    std::vector<std::exception_ptr> failures(passes_.size());
    pool_.Run([&](int thread) {
      try {
        for (auto i = static_cast<size_t>(thread); i < n; i += passes_.size()) job(thread, i);
      } catch (...) {
        failures[thread] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  const AdapterLayout& layout_;
  ThreadPool& pool_;
  MatrixSource<T> source_;
  std::vector<std::unique_ptr<AdaptedPass<T>>> passes_;
  std::vector<TrainBuffer<float>> gradients_;
  TrainBuffer<T> adapter_;
};

}  // namespace

std::unique_ptr<TuneWorkers> TuneWorkers::Make(const FrozenModel& model,
                                               const AdapterLayout& layout, ThreadPool& pool,
                                               const Options& options) {
  if (options.bf16) return std::make_unique<TuneWorkersOf<Bf16>>(model, layout, pool, options);
  return std::make_unique<TuneWorkersOf<float>>(model, layout, pool, options);
}

}  // namespace pioneer::tune
