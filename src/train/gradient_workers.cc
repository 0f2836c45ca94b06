#include "train/gradient_workers.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <numeric>
#include <type_traits>

#include "base/hash.h"
#include "base/memory.h"
#include "tensor/kernels/train_kernels.h"
#include "tensor/ops/contrastive_loss.h"

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
        d_model_(layout.shape().d_model),
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
    return *Share(std::ssize(batch), {},
                  [&](int thread, int64_t i) { return passes_[thread]->Loss(weights_, batch[i]); });
  }

  std::optional<double> LossAndGradient(std::span<const TrainSequence> batch, float scale,
                                        const CancelToken& cancel) override {
    ClearGradients();
    return Share(std::ssize(batch), cancel, [&](int thread, int64_t i) {
      return passes_[thread]->LossAndGradient(weights_, batch[i], scale, gradients_[thread].data());
    });
  }

  double PairLoss(std::span<const TrainSequence> batch, float scale) override {
    const PairBatch pairs(batch);
    return PairsOf(*Vectors(pairs, {}), pairs).Loss(scale);
  }

  std::optional<double> PairLossAndGradient(std::span<const TrainSequence> batch, float scale,
                                            const CancelToken& cancel) override {
    ClearGradients();
    const PairBatch texts(batch);
    const auto vectors = Vectors(texts, cancel);
    if (!vectors) return std::nullopt;
    Pairs pairs = PairsOf(*vectors, texts);
    pairs.d_a.resize(pairs.a.size());
    pairs.d_b.resize(pairs.b.size());
    const double loss = pairs.Loss(scale);
    const std::vector<float> d_vectors = pairs.Gradient();
    const auto done = Share(std::ssize(texts.packs), cancel, [&](int thread, int64_t i) {
      passes_[thread]->EmbedGradient(weights_, texts.packs[i], d_vectors.data(),
                                     gradients_[thread].data());
      return 0.0;
    });
    return done ? std::optional(loss) : std::nullopt;
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
  using Job = std::function<double(int, int64_t)>;  // thread, index

  struct PairBatch {
    explicit PairBatch(std::span<const TrainSequence> batch) {
      for (const TrainSequence& text : batch) texts.push_back(text.inputs);
      packs = PackTexts(texts);
    }
    std::vector<std::span<const int32_t>> texts;
    std::vector<TextPack> packs;
  };

  struct Pairs {
    double Loss(float scale) {
      return ContrastiveLoss(a, b, std::ssize(kinds_a), d, kinds_a, kinds_b, scale,
                             d_a.empty() ? nullptr : d_a.data(),
                             d_b.empty() ? nullptr : d_b.data());
    }
    // Of all texts, in the batch's order.
    std::vector<float> Gradient() const {
      std::vector<float> all;
      for (size_t i = 0; i < d_a.size(); i += static_cast<size_t>(d)) {
        for (const auto* side : {&d_a, &d_b}) {
          all.insert(all.end(), side->begin() + i, side->begin() + i + d);
        }
      }
      return all;
    }
    int64_t d = 0;
    std::vector<float> a, b, d_a, d_b;
    std::vector<uint64_t> kinds_a, kinds_b;
  };

  // Of all texts, in all processes: [texts, d_model].
  std::optional<std::vector<double>> Vectors(const PairBatch& batch, const CancelToken& cancel) {
    std::vector<float> own(batch.texts.size() * static_cast<size_t>(d_model_));
    const auto done = Share(std::ssize(batch.packs), cancel, [&](int thread, int64_t i) {
      passes_[thread]->Embed(weights_, batch.packs[i], own.data());
      return 0.0;
    });
    if (!done) return std::nullopt;
    std::vector<double> all(own.begin(), own.end());
    processes_.Sum(all);
    return all;
  }

  Pairs PairsOf(const std::vector<double>& vectors, const PairBatch& batch) const {
    Pairs pairs;
    pairs.d = d_model_;
    for (size_t i = 0; i < batch.texts.size(); ++i) {
      auto& side = i % 2 == 0 ? pairs.a : pairs.b;
      for (int64_t j = 0; j < d_model_; ++j) {
        side.push_back(static_cast<float>(vectors[i * static_cast<size_t>(d_model_) + j]));
      }
      const auto text = batch.texts[i];
      const std::string_view bytes(reinterpret_cast<const char*>(text.data()), text.size_bytes());
      (i % 2 == 0 ? pairs.kinds_a : pairs.kinds_b).push_back(Fnv1a(bytes));
    }
    return pairs;
  }

  void ClearGradients() {
    gradients_.resize(passes_.size());
    pool_.Run(
        [&](int thread) { gradients_[thread].assign(static_cast<size_t>(n_parameters_), 0.0f); });
  }

  // The sum of what n jobs return, in their order; nothing when cancelled. Jobs of the pool must
  // not throw: the first failure is carried to the caller.
  std::optional<double> Share(int64_t n, const CancelToken& cancel, const Job& job) {
    std::vector<double> losses(static_cast<size_t>(n) +
                               1);  // and whether this process was cancelled
    std::vector<std::exception_ptr> failures(passes_.size());
    pool_.Run([&](int thread) {
      try {
        for (int64_t i = threads_.first + thread; i < n; i += threads_.total) {
          if (cancel.cancelled()) return;
          losses[i] = job(thread, i);
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
  int64_t n_parameters_, d_model_, vocab_size_;
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
