// Why: both optimizers against their definitions, written out in double.
#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "tensor/ops/train_matmul.h"
#include "tensor/ops/train_muon.h"
#include "train/outlier_detector.h"

namespace pioneer {
namespace {

using Doubles = std::vector<double>;

Doubles RandomDoubles(int64_t n, uint64_t seed) {
  Random random(seed);
  Doubles values(static_cast<size_t>(n));
  for (double& v : values) v = random.Normal();
  return values;
}

TrainBuffer<float> AsFloats(const Doubles& values) { return {values.begin(), values.end()}; }

// [m, k] times [n, k] transposed.
Doubles TimesTransposed(const Doubles& a, const Doubles& b, int64_t m, int64_t k, int64_t n) {
  Doubles c(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t p = 0; p < k; ++p) c[i * n + j] += a[i * k + p] * b[j * k + p];
    }
  }
  return c;
}

Doubles Transposed(const Doubles& a, int64_t rows, int64_t cols) {
  Doubles t(a.size());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) t[j * rows + i] = a[i * cols + j];
  }
  return t;
}

// The five polynomials of arXiv:2505.16932 as published, on x [rows, cols] with rows <= cols.
Doubles PolarOf(Doubles x, int64_t rows, int64_t cols) {
  const double steps[5][3] = {{8.156554524902461, -22.48329292557795, 15.878769915207462},
                              {4.042929935166739, -2.808917465908714, 0.5000178451051316},
                              {3.8916678022926607, -2.772484153217685, 0.5060648178503393},
                              {3.285753657755655, -2.3681294933425376, 0.46449024233003106},
                              {2.3465413258596377, -1.7097828382687081, 0.42323551169530323}};
  double squares = 0;
  for (const double v : x) squares += v * v;
  for (double& v : x) v /= std::sqrt(squares) * 1.02;
  for (const auto& [a, b, c] : steps) {
    const Doubles gram = TimesTransposed(x, x, rows, cols, rows);
    const Doubles square = TimesTransposed(gram, gram, rows, rows, rows);
    Doubles p(gram.size());
    for (size_t i = 0; i < p.size(); ++i) p[i] = b * gram[i] + c * square[i];
    for (int64_t i = 0; i < rows; ++i) p[i * rows + i] += a;
    x = TimesTransposed(p, Transposed(x, rows, cols), rows, rows, cols);
  }
  return x;
}

template <typename T>
void CheckMuonStep(int64_t rows, int64_t cols, double tolerance) {
  const Doubles gradient = RandomDoubles(rows * cols, 1);
  Doubles weight = RandomDoubles(rows * cols, 2), momentum = RandomDoubles(rows * cols, 3);
  TrainBuffer<float> weights = AsFloats(weight), momenta = AsFloats(momentum);
  const MuonStep step{
      .learning_rate = 0.1f, .momentum = 0.9f, .weight_decay = 0.2f, .gradient_scale = 0.5f};
  Muon<T>().Step(step, AsFloats(gradient).data(), rows, cols, weights.data(), momenta.data());

  Doubles look_ahead(gradient.size());
  for (size_t i = 0; i < gradient.size(); ++i) {
    const double g = 0.5 * gradient[i];
    momentum[i] = 0.9 * momentum[i] + 0.1 * g;
    look_ahead[i] = 0.9 * momentum[i] + 0.1 * g;
  }
  const Doubles direction =
      rows <= cols
          ? PolarOf(look_ahead, rows, cols)
          : Transposed(PolarOf(Transposed(look_ahead, rows, cols), cols, rows), cols, rows);
  const double size = 0.2 * std::sqrt(static_cast<double>(std::max(rows, cols)));
  for (size_t i = 0; i < weight.size(); ++i) {
    const double expected = weight[i] - 0.1 * (size * direction[i] + 0.2 * weight[i]);
    ASSERT_NEAR(weights[i], expected, 0.1 * tolerance) << i;
    ASSERT_NEAR(momenta[i], momentum[i], 1e-6);
  }
}

TEST(Muon, AgreesWithItsDefinition) {
  CheckMuonStep<float>(24, 24, 1e-3);
  CheckMuonStep<float>(12, 40, 1e-3);
  CheckMuonStep<float>(40, 12, 1e-3);
}

TEST(Muon, AgreesInBf16) {
  if (!HasFastBf16()) GTEST_SKIP() << "this CPU has no bfloat16 products";
  CheckMuonStep<Bf16>(12, 40, 0.05);
  CheckMuonStep<Bf16>(40, 12, 0.05);
}

TEST(Muon, RowsComeOutNearlyOrthonormal) {
  constexpr int64_t kRows = 16, kCols = 48;
  TrainBuffer<float> x = AsFloats(RandomDoubles(kRows * kCols, 4));
  Muon<float>().Orthogonalize(x.data(), kRows, kCols);
  const Doubles values(x.begin(), x.end());
  const Doubles gram = TimesTransposed(values, values, kRows, kCols, kRows);
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kRows; ++j) EXPECT_NEAR(gram[i * kRows + j], i == j, 0.32) << i << j;
  }
  TrainBuffer<float> zeros(static_cast<size_t>(kRows * kCols));
  Muon<float>().Orthogonalize(zeros.data(), kRows, kCols);
  for (const float v : zeros) EXPECT_EQ(v, 0);
}

LlamaShape SmallShape() {
  LlamaShape shape;
  shape.vocab_size = 30;
  shape.d_model = 16;
  shape.n_layers = 2;
  shape.n_heads = 2;
  shape.n_kv_heads = 1;
  shape.head_dim = 8;
  shape.d_ff = 24;
  return shape;
}

struct Stepped {
  TrainBuffer<float> before, weights, gradient;
  double norm = 0;
};

// One step with gradients of two threads.
Stepped StepOnce(const ParameterLayout& layout, const OptimizerOptions& options, int n_threads) {
  ThreadPool pool(n_threads);
  Optimizer optimizer(layout, options, false);
  Stepped stepped;
  stepped.before = stepped.weights = InitialParameters(layout, 7);
  std::vector<TrainBuffer<float>> gradients = {AsFloats(RandomDoubles(layout.size(), 8)),
                                               AsFloats(RandomDoubles(layout.size(), 9))};
  stepped.norm = optimizer.Sum(pool, gradients);
  optimizer.Step(pool, 0.01f, stepped.norm, gradients[0].data(), stepped.weights.data());
  stepped.gradient = gradients[0];
  return stepped;
}

TEST(Optimizer, TheFirstStepOfAdamWMovesByTheSign) {
  const ParameterLayout layout(SmallShape());
  const Stepped stepped = StepOnce(layout, {.weight_decay = 0.5f, .clip_norm = 2}, 2);
  double squares = 0;
  for (const float g : stepped.gradient) squares += static_cast<double>(g) * g;
  EXPECT_NEAR(stepped.norm, std::sqrt(squares), 1e-4 * stepped.norm);
  for (const ParameterPart& part : layout.parts()) {
    for (int64_t i = part.offset; i < part.offset + part.size(); ++i) {
      const double before = stepped.before[i], g = stepped.gradient[i] * 2 / stepped.norm;
      const double decay = part.is_matrix ? 0.5 * before : 0;
      const double expected = before - 0.01 * (g / (std::abs(g) + 1e-8) + decay);
      ASSERT_NEAR(stepped.weights[i], expected, 1e-6) << part.name;
    }
  }
}

TEST(Optimizer, MuonStepsLayerMatricesAndAdamWTheRest) {
  const ParameterLayout layout(SmallShape());
  const Stepped adamw = StepOnce(layout, {}, 2);
  const Stepped muon = StepOnce(layout, {.kind = OptimizerKind::kMuon}, 2);
  for (const ParameterPart& part : layout.parts()) {
    const bool by_muon = part.is_matrix && part.name.starts_with("blk.");
    const bool same = std::equal(adamw.weights.begin() + part.offset,
                                 adamw.weights.begin() + part.offset + part.size(),
                                 muon.weights.begin() + part.offset);
    EXPECT_EQ(same, !by_muon) << part.name;
  }
  EXPECT_EQ(StepOnce(layout, {.kind = OptimizerKind::kMuon}, 1).weights, muon.weights);
}

TEST(Optimizer, ANanAnywhereMakesTheNormNotFinite) {
  const ParameterLayout layout(SmallShape());
  ThreadPool pool(2);
  Optimizer optimizer(layout, {}, false);
  std::vector<TrainBuffer<float>> gradients(1, TrainBuffer<float>(layout.size(), 1.0f));
  EXPECT_TRUE(std::isfinite(optimizer.Sum(pool, gradients)));
  const ParameterPart& part = layout.parts()[5];
  gradients[0][part.offset + part.size() - 1] = std::nanf("");
  EXPECT_FALSE(std::isfinite(optimizer.Sum(pool, gradients)));
  EXPECT_EQ(FirstNotFinite(layout, gradients[0].data()), part.name);
}

TEST(OutlierDetector, KnowsAnOutlierOnceItsWindowIsFullAndGetsUsedToAChange) {
  OutlierDetector detector;
  for (int i = 0; i < 128; ++i) EXPECT_EQ(detector.Score(i % 2 == 0 ? 1 : 3), 0);
  EXPECT_NEAR(detector.Score(5), 3, 1e-9);  // mean 2, deviation 1
  OutlierDetector copy;
  copy.set_values(detector.values());
  EXPECT_EQ(copy.Score(4), detector.Score(4));
  int n_outliers = 0;
  for (int i = 0; i < 20; ++i) n_outliers += detector.Score(1000) > 6;
  EXPECT_LE(n_outliers, 4);
  EXPECT_GE(n_outliers, 1);
}

}  // namespace
}  // namespace pioneer
