// Why: every instruction set must compute what plain double arithmetic computes, at sizes that do
// and do not fill a vector.
#include "tensor/kernels/train_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/random.h"

namespace pioneer {
namespace {

std::vector<float> Noise(int64_t n, uint64_t seed, double scale = 1) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& value : values) value = static_cast<float>(scale * random.Normal());
  return values;
}

double SiluOf(double g) { return g / (1 + std::exp(-g)); }

float FromBf16(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }

class TrainKernelsTest : public testing::TestWithParam<int64_t> {};

TEST_P(TrainKernelsTest, RmsNormMatchesItsFormula) {
  const int64_t n = GetParam();
  const auto x = Noise(2 * n, 1), weight = Noise(n, 2);
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<float> y(x.size()), rstd(2);
    kernels->f32.rms_norm(x.data(), weight.data(), 1e-5f, 2, n, y.data(), rstd.data());
    for (int64_t r = 0; r < 2; ++r) {
      double squares = 0;
      for (int64_t i = 0; i < n; ++i) squares += std::pow(static_cast<double>(x[r * n + i]), 2);
      const double expected_rstd = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
      EXPECT_NEAR(rstd[r], expected_rstd, 1e-5 * expected_rstd) << kernels->name;
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(y[r * n + i], x[r * n + i] * expected_rstd * weight[i], 1e-4) << kernels->name;
      }
    }
  }
}

TEST_P(TrainKernelsTest, RmsNormBackwardMatchesFiniteDifferences) {
  const int64_t n = GetParam();
  const auto x = Noise(n, 1), weight = Noise(n, 2), dy = Noise(n, 3);
  const auto loss = [&](const std::vector<float>& at, const std::vector<float>& w) {
    double squares = 0, sum = 0;
    for (int64_t i = 0; i < n; ++i) squares += std::pow(static_cast<double>(at[i]), 2);
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
    for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(dy[i]) * at[i] * rstd * w[i];
    return sum;
  };
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<float> y(n), rstd(1), dx(n), dw(n), copy(n);
    kernels->f32.rms_norm(x.data(), weight.data(), 1e-5f, 1, n, y.data(), rstd.data());
    kernels->f32.rms_norm_backward(x.data(), weight.data(), rstd.data(), dy.data(), 1, n, dx.data(),
                                   dw.data(), copy.data());
    EXPECT_EQ(dx, copy);
    for (int64_t i = 0; i < n; ++i) {
      auto up = x, down = x, heavy = weight, light = weight;
      const float step = 1.0f / 256;
      up[i] += step;
      down[i] -= step;
      heavy[i] += step;
      light[i] -= step;
      const double by_x = (loss(up, weight) - loss(down, weight)) / (up[i] - down[i]);
      const double by_w = (loss(x, heavy) - loss(x, light)) / (heavy[i] - light[i]);
      EXPECT_NEAR(dx[i], by_x, 2e-3 + 2e-3 * std::abs(by_x)) << kernels->name;
      EXPECT_NEAR(dw[i], by_w, 2e-3 + 2e-3 * std::abs(by_w)) << kernels->name;
    }
  }
}

TEST_P(TrainKernelsTest, SiluMulAndItsGradient) {
  const int64_t n = GetParam();
  const auto gate_up = Noise(2 * n, 4, 3), d_out = Noise(n, 5);
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<float> out(n), d(2 * n);
    kernels->f32.silu_mul(gate_up.data(), 1, n, out.data());
    kernels->f32.silu_mul_backward(gate_up.data(), d_out.data(), 1, n, d.data());
    for (int64_t i = 0; i < n; ++i) {
      const double g = gate_up[i], up = gate_up[n + i], h = 1e-5;
      EXPECT_NEAR(out[i], SiluOf(g) * up, 1e-5 + 1e-5 * std::abs(SiluOf(g) * up));
      const double slope = (SiluOf(g + h) - SiluOf(g - h)) / (2 * h);
      EXPECT_NEAR(d[i], d_out[i] * up * slope, 1e-4) << kernels->name;
      EXPECT_NEAR(d[n + i], d_out[i] * SiluOf(g), 1e-4) << kernels->name;
    }
  }
}

TEST_P(TrainKernelsTest, CrossEntropyAndItsGradient) {
  const int64_t n = GetParam();
  const auto logits = Noise(n, 6, 4);
  const auto target = static_cast<int32_t>(n / 2);
  double sum = 0;
  for (const float v : logits) sum += std::exp(static_cast<double>(v));
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<float> d(n);
    const float loss = kernels->f32.cross_entropy(logits.data(), n, target, 0.5f, d.data());
    EXPECT_NEAR(loss, std::log(sum) - logits[target], 1e-4) << kernels->name;
    for (int64_t i = 0; i < n; ++i) {
      const double p = std::exp(static_cast<double>(logits[i])) / sum;
      EXPECT_NEAR(d[i], 0.5 * (p - (i == target)), 1e-6) << kernels->name;
    }
    EXPECT_EQ(kernels->f32.cross_entropy(logits.data(), n, target, 0.5f, nullptr), loss);
  }
}

TEST_P(TrainKernelsTest, Bf16RoundsToNearest) {
  const int64_t n = GetParam();
  const auto x = Noise(n, 7);
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<Bf16> y(n);
    kernels->bf16.convert(x.data(), n, y.data());
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_NEAR(FromBf16(y[i]), x[i], std::abs(x[i]) / 256) << kernels->name;
    }
  }
}

TEST_P(TrainKernelsTest, SumsAndAdamWAgreeWithPlainCode) {
  const int64_t n = GetParam();
  const auto gradient = Noise(n, 8);
  double squares = 0;
  for (const float g : gradient) squares += static_cast<double>(g) * g;
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    EXPECT_NEAR(kernels->sum_squares(gradient.data(), n), squares, 1e-5 * squares);
    std::vector<float> weight = Noise(n, 9), m(n), v(n);
    const std::vector<float> before = weight;
    const AdamWStep step{
        .learning_rate = 0.1f, .weight_decay = 0.5f, .correction1 = 10.0f, .correction2 = 20.0f};
    kernels->adamw(step, gradient.data(), n, weight.data(), m.data(), v.data());
    for (int64_t i = 0; i < n; ++i) {
      // After one corrected step the direction is the gradient's sign.
      const float sign = gradient[i] > 0 ? 1.0f : -1.0f;
      EXPECT_NEAR(weight[i], before[i] - 0.1f * (sign + 0.5f * before[i]), 1e-4) << kernels->name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, TrainKernelsTest, testing::Values(2, 8, 16, 17, 48, 100));

TEST(TrainKernels, MaskedSoftmaxSeesOnlyItsKeys) {
  constexpr int64_t kCols = 53;
  const std::vector<KeyRange> keys = {{0, 1}, {0, 53}, {0, 19}, {7, 8}, {18, 53}, {3, 40}};
  const auto rows = std::ssize(keys);
  const auto scores = Noise(rows * kCols, 10, 5);
  const auto dp = Noise(rows * kCols, 11), delta = Noise(rows, 12);
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<float> p(scores.size(), 9), again = p, d_scores = p, log_sum(keys.size());
    kernels->f32.masked_softmax(scores.data(), 0.3f, keys.data(), rows, kCols, p.data(),
                                log_sum.data());
    kernels->f32.masked_softmax_backward(scores.data(), dp.data(), log_sum.data(), delta.data(),
                                         0.3f, keys.data(), rows, kCols, again.data(),
                                         d_scores.data());
    EXPECT_EQ(again, p) << kernels->name;
    for (int64_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (int64_t c = keys[r].begin; c < keys[r].end; ++c) {
        sum += std::exp(0.3 * scores[r * kCols + c]);
      }
      for (int64_t c = 0; c < kCols; ++c) {
        const int64_t i = r * kCols + c;
        const bool seen = c >= keys[r].begin && c < keys[r].end;
        const double expected = seen ? std::exp(0.3 * scores[i]) / sum : 0.0;
        EXPECT_NEAR(p[i], expected, 1e-5) << kernels->name;
        EXPECT_NEAR(d_scores[i], expected * (dp[i] - delta[r]) * 0.3, 1e-5) << kernels->name;
      }
    }
  }
}

TEST(TrainKernels, RopeTurnsPairsAndBack) {
  constexpr int64_t kHeads = 3, kRotated = 2, kDim = 8;
  const auto x = Noise(kHeads * kDim, 11);
  std::vector<float> cosines(kDim), sines(kDim);
  for (int64_t i = 0; i < kDim; ++i) {
    const double angle = 0.7 * static_cast<double>(i / 2 + 1);
    cosines[i] = static_cast<float>(std::cos(angle));
    sines[i] = static_cast<float>(i % 2 == 0 ? -std::sin(angle) : std::sin(angle));
  }
  for (const TrainKernels* kernels : UsableTrainKernels()) {
    std::vector<float> turned(x.size()), back(x.size());
    kernels->f32.rope(x.data(), cosines.data(), sines.data(), 1, 1, kHeads, kRotated, kDim,
                      turned.data());
    EXPECT_NEAR(turned[0], x[0] * std::cos(0.7) - x[1] * std::sin(0.7), 1e-5);
    EXPECT_NEAR(turned[1], x[1] * std::cos(0.7) + x[0] * std::sin(0.7), 1e-5);
    EXPECT_EQ(turned[kRotated * kDim], x[kRotated * kDim]);
    kernels->f32.rope(turned.data(), cosines.data(), sines.data(), -1, 1, kHeads, kRotated, kDim,
                      back.data());
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(back[i], x[i], 1e-5) << kernels->name;
  }
}

}  // namespace
}  // namespace pioneer
