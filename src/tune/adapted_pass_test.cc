// Why: a wrong gradient trains, only worse; so the gradients of both halves of every matrix are
// checked against finite differences, on every architecture, and the forward pass against the
// engine.
#include "tune/adapted_pass.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/adapter.h"
#include "model/test_models.h"
#include "tensor/kernels/train_kernels.h"
#include "tune/adapter_export.h"
#include "tune/test_tuning.h"
#include "tune/tune_workers.h"

namespace pioneer::tune {
namespace {

using Floats = TrainBuffer<float>;

// With halves B that are not 0, so that everything has a gradient.
Floats LivelyAdapter(const AdapterLayout& layout) {
  Floats values = layout.InitialValues(3);
  Random random(4);
  for (const AdapterSlot& slot : layout.slots()) {
    for (int64_t i = 0; i < slot.n_out * layout.rank(); ++i) {
      values[slot.b + i] = 0.2f * static_cast<float>(random.Normal());
    }
  }
  return values;
}

struct Rig {
  Rig(const fs::path& path, bool keep, bool recompute, int rank = 3)
      : model(OpenFrozenModel(path)),
        layout(model, rank, 1.5f * static_cast<float>(rank)),
        source(model, keep, pool),
        pass(model, layout, source, recompute) {}
  ThreadPool pool{1};
  FrozenModel model;
  AdapterLayout layout;
  MatrixSource<float> source;
  AdaptedPass<float> pass;

  Floats Scaled(const Floats& values) const {
    Floats scaled = values;
    for (const AdapterSlot& slot : layout.slots()) {
      for (int64_t i = 0; i < slot.n_out * layout.rank(); ++i) {
        scaled[slot.b + i] *= layout.scale();
      }
    }
    return scaled;
  }
};

class AdaptedPassTest : public ::testing::Test {
 protected:
  fs::path Model(const ModelKind& kind, DType dtype = DType::kF32) {
    WriteTestModel(folder_ / "model.gguf", kind, dtype);
    return folder_ / "model.gguf";
  }
  TuneFolder folder_;
};

// Along the gradient itself the derivative is its length: the best signal over rounding.
void CheckGradient(Rig& rig, const PackedTexts& pack, const Loss& loss) {
  const Floats values = rig.Scaled(LivelyAdapter(rig.layout));
  Floats gradient(values.size());
  rig.pass.LossAndGradient(values.data(), pack, loss, gradient.data());
  const auto loss_at = [&](const Floats& at) {
    std::vector<float> log_probs(pack.inputs.size()), slopes(pack.inputs.size());
    rig.pass.LogProbs(at.data(), pack, log_probs.data());
    return loss.Evaluate(pack, log_probs, slopes).loss;
  };
  for (const AdapterSlot& slot : rig.layout.slots()) {
    for (const bool is_a : {true, false}) {
      const int64_t begin = is_a ? slot.a : slot.b;
      const int64_t size = rig.layout.rank() * (is_a ? slot.n_in : slot.n_out);
      double squares = 0;
      for (int64_t i = begin; i < begin + size; ++i) squares += double{gradient[i]} * gradient[i];
      const double length = std::sqrt(squares);
      ASSERT_GT(length, 0) << slot.tensor;
      const double step = 4e-3;
      const auto moved = [&](double distance) {
        Floats at = values;
        for (int64_t i = begin; i < begin + size; ++i) {
          at[i] += static_cast<float>(distance * double{gradient[i]} / length);
        }
        return at;
      };
      const double slope = (loss_at(moved(step)) - loss_at(moved(-step))) / (2 * step);
      EXPECT_NEAR(slope / length, 1.0, 0.02) << slot.tensor << (is_a ? " A " : " B ") << length;
    }
  }
}

TEST_F(AdaptedPassTest, GradientOfEveryArchitecture) {
  const PackedTexts pack = RandomPack(1);
  for (const ModelKind& kind : ModelKinds()) {
    SCOPED_TRACE(kind.architecture);
    Rig rig(Model(kind), true, false);
    CheckGradient(rig, pack, CrossEntropyLoss(pack.n_counted()));
  }
}

TEST_F(AdaptedPassTest, GradientOfAQuantizedModel) {
  const PackedTexts pack = RandomPack(2);
  Rig rig(Model(ModelKinds()[0], DType::kQ4_K), false, true);
  CheckGradient(rig, pack, CrossEntropyLoss(pack.n_counted()));
}

TEST_F(AdaptedPassTest, GradientOfPreferencesAndRewards) {
  PackedTexts pack = RandomPack(3, {6, 8, 7, 5});
  Rig rig(Model(ModelKinds()[4]), true, false);
  pack.reference.resize(pack.inputs.size());
  rig.pass.LogProbs(nullptr, pack, pack.reference.data());
  CheckGradient(rig, pack, PreferenceLoss(0.5f, 2));
  pack.advantages = {1.0f, -1.0f, 0.5f, -0.5f};
  pack.behaviour.resize(pack.inputs.size());
  const Floats values = rig.Scaled(LivelyAdapter(rig.layout));
  rig.pass.LogProbs(values.data(), pack, pack.behaviour.data());
  for (float& log_prob : pack.behaviour) log_prob += 0.05f;  // within the clip
  CheckGradient(rig, pack, GroupRelativeLoss(0.2f, 0.1f, pack.n_counted()));
}

// Logits of the base model, and with the adapter, beside the engine's with the same adapter.
TEST_F(AdaptedPassTest, LogitsAreTheEngines) {
  for (const ModelKind& kind : ModelKinds()) {
    SCOPED_TRACE(kind.architecture);
    const fs::path path = Model(kind);
    Rig rig(path, false, true);
    const Floats values = LivelyAdapter(rig.layout);
    const PackedTexts pack = RandomPack(5, {40});
    const Floats scaled = rig.Scaled(values);
    ModelRunner runner(path);
    const AdapterMix mix{
        {{BindAdapter(ViewAdapter(rig.layout, values.data(), "test"), runner.model()), 1.0f}}};
    for (const bool adapted : {false, true}) {
      std::vector<float> logits(pack.inputs.size() * 300);
      rig.pass.Logits(adapted ? scaled.data() : nullptr, pack, logits.data());
      KvSequence kv(runner.pages());
      const Matrix& wanted = runner.Step({{&kv, 0, pack.inputs, true, adapted ? &mix : nullptr}});
      double largest = 0;
      for (size_t i = 0; i < logits.size(); ++i) {
        largest = std::max(largest, std::fabs(double{logits[i]} - double{wanted.data()[i]}));
      }
      EXPECT_LT(largest, 8e-3) << adapted;  // the engine keeps keys and values as float16
    }
  }
}

TEST_F(AdaptedPassTest, PackingChangesNothing) {
  Rig rig(Model(ModelKinds()[3]), true, false);
  const Floats values = rig.Scaled(LivelyAdapter(rig.layout));
  const PackedTexts both = RandomPack(7, {12, 20});
  std::vector<float> packed(both.inputs.size()), alone(both.inputs.size());
  rig.pass.LogProbs(values.data(), both, packed.data());
  for (size_t text = 0; text < both.n_texts(); ++text) {
    const auto begin = both.begins[text], end = both.end(text);
    PackedTexts one;
    one.inputs.assign(both.inputs.begin() + begin, both.inputs.begin() + end);
    one.targets.assign(both.targets.begin() + begin, both.targets.begin() + end);
    one.counted.assign(both.counted.begin() + begin, both.counted.begin() + end);
    one.begins = {0};
    one.texts = {0};
    rig.pass.LogProbs(values.data(), one, alone.data() + begin);
  }
  for (size_t i = 0; i < packed.size(); ++i) EXPECT_NEAR(packed[i], alone[i], 1e-4);
}

// What is kept and what is made again, of matrices and of activations, changes no bit.
TEST_F(AdaptedPassTest, MemoryChangesNoBit) {
  const fs::path path = Model(ModelKinds()[4], DType::kQ8_0);
  const PackedTexts pack = RandomPack(8, {30, 17});
  Floats first;
  for (const bool keep : {true, false}) {
    for (const bool recompute : {true, false}) {
      Rig rig(path, keep, recompute);
      const Floats values = rig.Scaled(LivelyAdapter(rig.layout));
      Floats gradient(values.size());
      rig.pass.LossAndGradient(values.data(), pack, CrossEntropyLoss(pack.n_counted()),
                               gradient.data());
      if (first.empty()) first = gradient;
      EXPECT_EQ(gradient, first) << keep << recompute;
    }
  }
}

TEST_F(AdaptedPassTest, Bf16GradientPointsTheSameWay) {
  if (!HasFastBf16()) GTEST_SKIP() << "this CPU has no bfloat16 products";
  const FrozenModel model = OpenFrozenModel(Model(ModelKinds()[4]));
  const AdapterLayout layout(model, 4, 8);
  const Floats values = LivelyAdapter(layout);
  const std::vector<PackedTexts> packs = {RandomPack(9, {30}), RandomPack(10, {20, 11})};
  ThreadPool pool(2);
  Floats exact, coarse;
  double losses[2];
  for (const bool bf16 : {false, true}) {
    const auto workers = TuneWorkers::Make(model, layout, pool, {bf16, 64});
    workers->SetAdapter(values.data());
    losses[bf16] =
        workers->LossAndGradient(packs, CrossEntropyLoss(40), bf16 ? coarse : exact).loss;
  }
  EXPECT_NEAR(losses[1], losses[0], 0.02 * losses[0]);
  double dot = 0, exact_squares = 0, coarse_squares = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    dot += double{exact[i]} * double{coarse[i]};
    exact_squares += double{exact[i]} * double{exact[i]};
    coarse_squares += double{coarse[i]} * double{coarse[i]};
  }
  EXPECT_GT(dot / std::sqrt(exact_squares * coarse_squares), 0.99);
}

TEST_F(AdaptedPassTest, RefusesWhatItDoesNotKnow) {
  WriteTestModel(folder_ / "m.gguf", {"smollm3", {}, {}});
  EXPECT_THROW(OpenFrozenModel(folder_ / "m.gguf"), Error);
  WriteTestModel(folder_ / "m.gguf", {"llama",
                                      {},
                                      {{"expert_count", uint64_t{4}},
                                       {"expert_used_count", uint64_t{2}},
                                       {"expert_feed_forward_length", uint64_t{64}}}});
  EXPECT_THROW(OpenFrozenModel(folder_ / "m.gguf"), Error);
}

}  // namespace
}  // namespace pioneer::tune
