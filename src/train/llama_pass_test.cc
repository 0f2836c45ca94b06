// Why: a wrong gradient trains, only worse, so the whole model is checked against finite
// differences, parameter group by parameter group.
#include "train/llama_pass.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/random.h"
#include "tensor/kernels/train_kernels.h"

namespace pioneer {
namespace {

LlamaShape TinyShape(bool tied) {
  LlamaShape shape;
  shape.vocab_size = 19;
  shape.d_model = 16;
  shape.n_layers = 2;
  shape.n_heads = 4;
  shape.n_kv_heads = 2;
  shape.head_dim = 6;
  shape.d_ff = 20;
  shape.context = 140;  // more than one block of queries
  shape.tied = tied;
  return shape;
}

struct Example {
  explicit Example(const LlamaShape& shape, int64_t n_tokens) {
    Random random(5);
    for (int64_t i = 0; i < n_tokens; ++i) {
      inputs.push_back(static_cast<int32_t>(random.Below(shape.vocab_size)));
      targets.push_back(static_cast<int32_t>(random.Below(shape.vocab_size)));
      counted.push_back(i % 3 != 0);
    }
  }
  TrainSequence view() const { return {inputs, targets, counted}; }
  std::vector<int32_t> inputs, targets;
  std::vector<uint8_t> counted;
};

// Larger than the real start, so that nothing is nearly linear.
TrainBuffer<float> LivelyParameters(const ParameterLayout& layout) {
  TrainBuffer<float> weights = InitialParameters(layout, 3);
  Random random(4);
  for (const ParameterPart& part : layout.parts()) {
    for (int64_t i = 0; i < part.size(); ++i) {
      float& w = weights[part.offset + i];
      w = part.is_matrix ? w * 15 : w + 0.2f * static_cast<float>(random.Normal());
    }
  }
  return weights;
}

// The derivative along a random direction within one tensor, in float32 by a central difference,
// must agree with the gradient to 1 % of the gradient's size along that direction.
void CheckGradient(bool tied, int64_t n_tokens) {
  const ParameterLayout layout(TinyShape(tied));
  TrainBuffer<float> weights = LivelyParameters(layout);
  const Example example(layout.shape(), n_tokens);
  LlamaPass<float> pass(layout);
  TrainBuffer<float> gradient(weights.size());
  pass.LossAndGradient({weights.data(), weights.data()}, example.view(), 1.0f, gradient.data());
  for (const ParameterPart& part : layout.parts()) {
    // Along the gradient itself the derivative is its length: the best signal over rounding.
    double squares = 0;
    for (int64_t i = 0; i < part.size(); ++i) {
      squares += std::pow(static_cast<double>(gradient[part.offset + i]), 2);
    }
    const double length = std::sqrt(squares);
    ASSERT_GT(length, 0) << part.name;
    const double step = 4e-3 * (part.is_matrix ? 1 : 2);
    const auto loss_at = [&](double distance) {
      TrainBuffer<float> moved = weights;
      for (int64_t i = 0; i < part.size(); ++i) {
        moved[part.offset + i] += static_cast<float>(distance * gradient[part.offset + i] / length);
      }
      return pass.Loss({moved.data(), moved.data()}, example.view());
    };
    const double slope = (loss_at(step) - loss_at(-step)) / (2 * step);
    EXPECT_NEAR(slope / length, 1.0, 0.01) << part.name << " length " << length;
  }
}

TEST(LlamaPass, GradientOfTheTiedModel) { CheckGradient(true, 9); }
TEST(LlamaPass, GradientOfTheUntiedModel) { CheckGradient(false, 9); }
TEST(LlamaPass, GradientAcrossQueryBlocks) { CheckGradient(true, 140); }

// Single elements, too: a direction could hide two errors that cancel.
TEST(LlamaPass, GradientOfSingleParameters) {
  const ParameterLayout layout(TinyShape(true));
  TrainBuffer<float> weights = LivelyParameters(layout);
  const Example example(layout.shape(), 12);
  LlamaPass<float> pass(layout);
  TrainBuffer<float> gradient(weights.size());
  pass.LossAndGradient({weights.data(), weights.data()}, example.view(), 1.0f, gradient.data());
  for (const ParameterPart& part : layout.parts()) {
    for (int64_t i = part.size() / 7; i < part.size(); i += part.size() / 3 + 1) {
      float& w = weights[part.offset + i];
      const float before = w, step = 1.0f / 128;
      w = before + step;
      const double up = pass.Loss({weights.data(), weights.data()}, example.view());
      w = before - step;
      const double down = pass.Loss({weights.data(), weights.data()}, example.view());
      w = before;
      const double slope = (up - down) / (2.0 * step);
      EXPECT_NEAR(gradient[part.offset + i], slope, 5e-3 + 0.01 * std::abs(slope))
          << part.name << "[" << i << "]";
    }
  }
}

TEST(LlamaPass, LossOfAFreshModelIsThatOfGuessing) {
  const ParameterLayout layout(TinyShape(true));
  const TrainBuffer<float> weights = InitialParameters(layout, 1);
  Example example(layout.shape(), 30);
  example.counted.assign(30, 1);
  LlamaPass<float> pass(layout);
  const double loss = pass.Loss({weights.data(), weights.data()}, example.view()) / 30;
  EXPECT_NEAR(loss, std::log(19.0), 0.1);
}

TEST(LlamaPass, UncountedTargetsAndLaterTokensChangeNothing) {
  const ParameterLayout layout(TinyShape(true));
  const TrainBuffer<float> weights = LivelyParameters(layout);
  Example example(layout.shape(), 10);
  example.counted = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
  LlamaPass<float> pass(layout);
  const double loss = pass.Loss({weights.data(), weights.data()}, example.view());
  example.targets[7] = 0;
  example.inputs[5] = 1;
  EXPECT_NEAR(pass.Loss({weights.data(), weights.data()}, example.view()), loss, 1e-5);
}

// Two texts and filler in one sequence: what each alone gives, added.
TEST(LlamaPass, TextsOfASequenceDoNotSeeEachOther) {
  const ParameterLayout layout(TinyShape(true));
  const TrainBuffer<float> weights = LivelyParameters(layout);
  const TrainWeights<float> views = {weights.data(), weights.data()};
  const Example example(layout.shape(), 64);
  const std::vector<TextPack::Text> texts = {
      {.first = 0, .n = 37}, {.first = 37, .n = 20}, {57, 7, TextPack::kFiller}};
  TrainSequence whole = example.view();
  std::vector<uint8_t> counted = example.counted;
  std::fill(counted.begin() + 57, counted.end(), uint8_t{0});
  whole.counted = counted;
  whole.texts = texts;
  EXPECT_EQ(whole.n_tokens(), 57);
  LlamaPass<float> pass(layout);
  TrainBuffer<float> together(weights.size()), apart(weights.size());
  const double loss = pass.LossAndGradient(views, whole, 1.0f, together.data());
  double sum = 0;
  for (const auto& [first, n] : {std::pair<size_t, size_t>{0, 37}, {37, 20}}) {
    const TrainSequence text = {whole.inputs.subspan(first, n), whole.targets.subspan(first, n),
                                whole.counted.subspan(first, n)};
    sum += pass.LossAndGradient(views, text, 1.0f, apart.data());
  }
  EXPECT_NEAR(loss, sum, 1e-4 * sum);
  for (size_t i = 0; i < apart.size(); ++i) {
    ASSERT_NEAR(together[i], apart[i], 1e-4 + 1e-3 * std::abs(apart[i])) << i;
  }
}

TEST(LlamaPass, ComputedAgainIsTheSameBitForBit) {
  const ParameterLayout layout(TinyShape(true));
  const TrainBuffer<float> weights = LivelyParameters(layout);
  const Example example(layout.shape(), 50);
  TrainBuffer<float> kept(weights.size()), again(weights.size());
  const TrainWeights<float> views = {weights.data(), weights.data()};
  LlamaPass<float>(layout).LossAndGradient(views, example.view(), 1.0f, kept.data());
  LlamaPass<float>(layout, true).LossAndGradient(views, example.view(), 1.0f, again.data());
  EXPECT_EQ(kept, again);
  EXPECT_LT(LlamaPass<float>::ActivationBytes(layout.shape(), true),
            LlamaPass<float>::ActivationBytes(layout.shape(), false));
}

TEST(LlamaPass, NamesWhatIsNotFiniteFirst) {
  const ParameterLayout layout(TinyShape(true));
  const TrainBuffer<float> weights = LivelyParameters(layout);
  const Example example(layout.shape(), 10);
  const auto place = [&](int64_t broken) {
    TrainBuffer<float> values = weights;
    if (broken >= 0) values[broken] = INFINITY;
    std::string found;
    for (const bool recompute : {true, false}) {
      LlamaPass<float> pass(layout, recompute);
      found = pass.FirstNotFinite({values.data(), values.data()}, example.view());
    }
    return found;
  };
  EXPECT_EQ(place(-1), "");
  EXPECT_EQ(place(layout.layers()[1].qkv), "blk.1.attn_qkv");
  EXPECT_EQ(place(layout.layers()[0].ffn_down), "blk.0.ffn_down");
  EXPECT_EQ(place(layout.output_norm()), "output_norm");
}

TEST(LlamaPass, Bf16GradientPointsTheSameWay) {
  if (!HasFastBf16()) GTEST_SKIP() << "this CPU has no bfloat16 products";
  const ParameterLayout layout(TinyShape(true));
  const TrainBuffer<float> weights = LivelyParameters(layout);
  TrainBuffer<Bf16> rounded(weights.size());
  BestTrainKernels().bf16.convert(weights.data(), layout.size(), rounded.data());
  const Example example(layout.shape(), 32);
  TrainBuffer<float> exact(weights.size()), coarse(weights.size());
  const double exact_loss = LlamaPass<float>(layout).LossAndGradient(
      {weights.data(), weights.data()}, example.view(), 1.0f, exact.data());
  const double coarse_loss = LlamaPass<Bf16>(layout).LossAndGradient(
      {weights.data(), rounded.data()}, example.view(), 1.0f, coarse.data());
  EXPECT_NEAR(coarse_loss, exact_loss, 0.02 * exact_loss);
  double dot = 0, exact_squares = 0, coarse_squares = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    dot += static_cast<double>(exact[i]) * coarse[i];
    exact_squares += static_cast<double>(exact[i]) * exact[i];
    coarse_squares += static_cast<double>(coarse[i]) * coarse[i];
  }
  EXPECT_GT(dot / std::sqrt(exact_squares * coarse_squares), 0.99);
}

TEST(ParameterLayout, NamesAreGgufs) {
  const ParameterLayout layout(TinyShape(false));
  std::set<std::string> names;
  int64_t size = 0;
  for (const ParameterPart& part : layout.parts()) {
    names.insert(part.name);
    EXPECT_EQ(part.offset, size);
    size += part.size();
  }
  EXPECT_EQ(size, layout.size());
  for (const char* name : {"token_embd.weight", "blk.1.attn_q.weight", "blk.0.ffn_down.weight",
                           "output_norm.weight", "output.weight"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

}  // namespace
}  // namespace pioneer
