// Why: several processes compute what one does, bit for bit.
#include "train/sharding.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/test_communicator.h"

namespace pioneer {
namespace {

// Larger than a window of the sum, with matrices of all shapes.
LlamaShape ShardedShape() {
  LlamaShape shape;
  shape.vocab_size = 3000;
  shape.d_model = 128;
  shape.n_layers = 3;
  shape.n_heads = 4;
  shape.n_kv_heads = 2;
  shape.head_dim = 32;
  shape.d_ff = 900;
  shape.context = 16;
  return shape;
}

TEST(Sharding, EveryNumberHasOneOwnerAndOnePlace) {
  const ParameterLayout layout(ShardedShape());
  for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kMuon}) {
    for (const int n : {1, 2, 3, 7}) {
      const Sharding sharding(layout, kind, n);
      std::vector<std::vector<int>> used(static_cast<size_t>(n));
      for (int rank = 0; rank < n; ++rank) used[rank].resize(sharding.state_size(rank));
      int64_t at = 0;
      for (const ShardRun& run : sharding.runs()) {
        EXPECT_EQ(run.begin, at);
        at += run.size;
        EXPECT_EQ(run.second < 0, run.muon);
        for (int64_t i = 0; i < run.size; ++i) ++used[run.owner][run.first + i];
        for (int64_t i = 0; !run.muon && i < run.size; ++i) ++used[run.owner][run.second + i];
      }
      EXPECT_EQ(at, layout.size());
      for (const auto& places : used)
        EXPECT_EQ(std::count(places.begin(), places.end(), 1), places.size());
      at = 0;
      for (const ShardWindow& window : sharding.windows()) {
        for (int64_t i = window.first_range; i < window.end_range; ++i) {
          EXPECT_EQ(sharding.ranges()[i].begin, at);
          at += sharding.ranges()[i].size;
        }
        EXPECT_EQ(at, window.begin + window.size);
      }
      EXPECT_EQ(at, layout.size());
    }
  }
}

TEST(Sharding, AProcessOfFourKeepsAboutAQuarter) {
  const ParameterLayout layout(ShardedShape());
  for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kMuon}) {
    const Sharding sharding(layout, kind, 4);
    const int64_t whole = Sharding(layout, kind, 1).state_size();
    EXPECT_EQ(sharding.state_size(), whole);
    for (int rank = 0; rank < 4; ++rank) EXPECT_LT(sharding.state_size(rank), 0.35 * whole);
  }
}

// What some steps leave behind.
struct Trained {
  TrainBuffer<float> weights, state;
  std::vector<double> losses, norms;
  bool operator==(const Trained&) const = default;
};

struct Tokens {
  explicit Tokens(const LlamaShape& shape) {
    Random random(5);
    for (int i = 0; i < 5 * (shape.context + 1); ++i) {
      ids.push_back(static_cast<int32_t>(random.Below(shape.vocab_size)));
    }
    counted.assign(static_cast<size_t>(shape.context), 1);
    for (size_t i = 0; i < 5; ++i) {
      const auto all = std::span<const int32_t>(ids).subspan(i * (counted.size() + 1));
      batch.push_back({all.first(counted.size()), all.subspan(1, counted.size()), counted});
    }
  }
  std::vector<int32_t> ids;
  std::vector<uint8_t> counted;
  std::vector<TrainSequence> batch;
};

// More than one pack a thread, of texts of all lengths.
struct Texts {
  explicit Texts(const LlamaShape& shape) {
    Random random(6);
    for (size_t i = 0; i < 320; ++i) {
      std::vector<int32_t>& text = ids.emplace_back();
      for (size_t n = 1 + i % static_cast<size_t>(shape.context); n > 0; --n) {
        text.push_back(static_cast<int32_t>(random.Below(shape.vocab_size)));
      }
    }
    for (const auto& text : ids) batch.push_back({text, {}, {}});
  }
  std::vector<std::vector<int32_t>> ids;
  std::vector<TrainSequence> batch;
};

// Process r of the run has threads[r] threads.
Trained TrainSome(const OptimizerOptions& options, const std::vector<int>& threads,
                  bool learns_pairs = false) {
  const ParameterLayout layout(ShardedShape());
  const Tokens tokens(layout.shape());
  const Texts texts(layout.shape());
  Trained trained;
  TrainBuffer<float> checkpoint;
  RunProcesses(static_cast<int>(threads.size()), [&](Communicator& processes) {
    ThreadPool pool(threads[processes.rank()]);
    Optimizer optimizer(layout, options, false, processes);
    const auto workers = GradientWorkers::Make(layout, pool, false, processes);
    TrainBuffer<float> weights = InitialParameters(layout, 3);
    const auto step = [&](Optimizer& stepped) {
      workers->SetWeights(weights.data());
      const double loss = learns_pairs ? workers->PairLossAndGradient(texts.batch, 20).value()
                                       : workers->LossAndGradient(tokens.batch, 0.01f).value();
      const double norm = stepped.Sum(pool, workers->gradients());
      stepped.Step(pool, 0.01f, norm, workers->gradients()[0].data(), weights.data());
      if (!processes.first()) return;
      trained.losses.push_back(loss);
      trained.norms.push_back(norm);
    };
    const auto write = [&](Optimizer& from, TrainBuffer<float>& whole) {
      from.WriteWholeState([&](std::span<const float> piece) {
        whole.insert(whole.end(), piece.begin(), piece.end());
      });
    };
    step(optimizer);
    step(optimizer);
    // Through a checkpoint: what the first process wrote, all read.
    write(optimizer, checkpoint);
    processes.Barrier();
    Optimizer resumed(layout, options, false, processes);
    resumed.SetWholeState(checkpoint);
    resumed.set_n_steps(optimizer.n_steps());
    step(resumed);
    write(resumed, trained.state);
    if (processes.first()) trained.weights = weights;
    EXPECT_EQ(resumed.state().size() == static_cast<size_t>(resumed.whole_state_size()),
              threads.size() == 1);
  });
  return trained;
}

TEST(Sharding, ProcessesEndWithTheBitsOfOneWithAllTheirThreads) {
  for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kMuon}) {
    const OptimizerOptions options{.kind = kind};
    const Trained one = TrainSome(options, {3});
    EXPECT_LT(one.losses[2], one.losses[0]);
    EXPECT_EQ(TrainSome(options, {1, 1, 1}), one);
    EXPECT_EQ(TrainSome(options, {1, 2}), one);
    EXPECT_EQ(TrainSome(options, {2, 1}), one);
    EXPECT_NE(TrainSome(options, {2}).weights, one.weights);  // another order of additions
  }
}

TEST(Sharding, ProcessesLearnPairsWithTheBitsOfOne) {
  const Trained one = TrainSome({}, {3}, true);
  EXPECT_LT(one.losses[2], one.losses[0]);
  EXPECT_EQ(TrainSome({}, {1, 2}, true), one);
  EXPECT_EQ(TrainSome({}, {1, 1, 1}, true), one);
}

TEST(Sharding, ANanInOneProcessIsSeenByAll) {
  const ParameterLayout layout(ShardedShape());
  const ParameterPart& part = layout.parts()[4];
  RunProcesses(3, [&](Communicator& processes) {
    ThreadPool pool(1);
    Optimizer optimizer(layout, {}, false, processes);
    std::vector<TrainBuffer<float>> gradients(1, TrainBuffer<float>(layout.size(), 1.0f));
    EXPECT_NEAR(optimizer.Sum(pool, gradients), 3 * std::sqrt(layout.size()), 1e-3);
    EXPECT_EQ(optimizer.FirstNotFinite(), "");
    if (processes.rank() == 1) gradients[0][part.offset + 5] = std::nanf("");
    EXPECT_FALSE(std::isfinite(optimizer.Sum(pool, gradients)));
    EXPECT_EQ(optimizer.FirstNotFinite(), part.name);
  });
}

TEST(Sharding, OneCancelledProcessStopsTheStepOfAll) {
  const ParameterLayout layout(ShardedShape());
  const Tokens tokens(layout.shape());
  RunProcesses(2, [&](Communicator& processes) {
    ThreadPool pool(1);
    const auto workers = GradientWorkers::Make(layout, pool, false, processes);
    const TrainBuffer<float> weights = InitialParameters(layout, 3);
    workers->SetWeights(weights.data());
    CancelToken cancel;
    EXPECT_TRUE(workers->LossAndGradient(tokens.batch, 1, cancel).has_value());
    if (processes.rank() == 1) cancel.Cancel();
    EXPECT_FALSE(workers->LossAndGradient(tokens.batch, 1, cancel).has_value());
  });
}

}  // namespace
}  // namespace pioneer
