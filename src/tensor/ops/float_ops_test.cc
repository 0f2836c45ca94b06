// Norm, rope, elementwise operations, softmax helpers and the vector exponential, on every
// instruction set against double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "tensor/half.h"
#include "tensor/kernels/isa.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/norm.h"
#include "tensor/ops/rope.h"
#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> RandomFloats(int64_t n, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

class FloatOpsTest : public testing::TestWithParam<Isa> {
 protected:
  ScopedIsa isa_{GetParam()};
  ThreadPool pool_{2};
};

TEST_P(FloatOpsTest, ExpIsWithinTwoInTenMillion) {
  std::vector<float> x, y;
  for (double v = -87.2; v < 88; v += 0.00137) x.push_back(static_cast<float>(v));
  y.resize(x.size());
  Kernels().exp(x.data(), std::ssize(x), y.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::exp(static_cast<double>(x[i]));
    ASSERT_NEAR(y[i] / expected, 1.0, 2e-7) << x[i];
  }
  const std::vector<float> edge = {-kInf, -1000, -100, 0, 1000, kInf, kNan};
  y.resize(edge.size());
  Kernels().exp(edge.data(), std::ssize(edge), y.data());
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[3], 1);
  EXPECT_GT(y[4], 1e38f);
  EXPECT_GT(y[5], 1e38f);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST_P(FloatOpsTest, ToHalfRoundsAsTheReferenceDoes) {
  std::vector<float> x = RandomFloats(1003, 8);
  x[0] = 65519.0f;
  x[1] = 65520.0f;
  x[2] = 0x1.8p-25f;
  x[3] = -kInf;
  x[1002] = -1e-7f;
  std::vector<uint16_t> halves(x.size());
  Kernels().to_half(x.data(), std::ssize(x), halves.data());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(halves[i], FloatToHalf(x[i])) << x[i];
}

TEST_P(FloatOpsTest, RmsNorm) {
  for (const int64_t n : {1, 7, 16, 33, 64, 576, 1000}) {
    const std::vector<float> x = RandomFloats(5 * n, 1), weight = RandomFloats(n, 2);
    std::vector<float> y = x;
    RmsNorm(pool_, y.data(), weight.data(), 1e-5f, 5, n, y.data());  // in place
    for (int64_t t = 0; t < 5; ++t) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[t * n + i]) * x[t * n + i];
      const double inverse = 1 / std::sqrt(sum / static_cast<double>(n) + 1e-5);
      for (int64_t i = 0; i < n; ++i) {
        const double expected = x[t * n + i] * inverse * weight[i];
        ASSERT_NEAR(y[t * n + i], expected, 1e-6 + 1e-6 * std::fabs(expected));
      }
    }
  }
}

TEST_P(FloatOpsTest, RmsNormWithoutWeightAndL2Norm) {
  for (const int64_t n : {1, 7, 16, 33, 128, 1000}) {
    const std::vector<float> x = RandomFloats(5 * n, 1);
    std::vector<float> rms = x, l2 = x;
    RmsNorm(pool_, rms.data(), nullptr, 1e-5f, 5, n, rms.data());
    L2Norm(pool_, l2.data(), 1e-6f, 5, n, l2.data());
    for (int64_t t = 0; t < 5; ++t) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[t * n + i]) * x[t * n + i];
      for (int64_t i = 0; i < n; ++i) {
        const double v = x[t * n + i];
        ASSERT_NEAR(rms[t * n + i], v / std::sqrt(sum / static_cast<double>(n) + 1e-5), 2e-6);
        ASSERT_NEAR(l2[t * n + i], v / std::sqrt(sum), 1e-6);
      }
    }
  }
  std::vector<float> zeros(16, 0.0f);
  L2Norm(pool_, zeros.data(), 1e-6f, 1, 16, zeros.data());
  for (const float v : zeros) EXPECT_EQ(v, 0);
}

TEST_P(FloatOpsTest, LayerNorm) {
  for (const int64_t n : {2, 7, 16, 33, 128, 1000}) {
    std::vector<float> x = RandomFloats(5 * n, 1);
    for (float& v : x) v += 10;  // so that the mean matters
    const std::vector<float> weight = RandomFloats(n, 2), bias = RandomFloats(n, 3);
    std::vector<float> y = x, plain(x.size());
    LayerNorm(pool_, y.data(), weight.data(), bias.data(), 1e-5f, 5, n, y.data());
    LayerNorm(pool_, x.data(), nullptr, nullptr, 1e-5f, 5, n, plain.data());
    for (int64_t t = 0; t < 5; ++t) {
      double mean = 0, variance = 0;
      for (int64_t i = 0; i < n; ++i) mean += x[t * n + i] / static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) {
        variance += std::pow(x[t * n + i] - mean, 2) / static_cast<double>(n);
      }
      for (int64_t i = 0; i < n; ++i) {
        const double normed = (x[t * n + i] - mean) / std::sqrt(variance + 1e-5);
        ASSERT_NEAR(plain[t * n + i], normed, 1e-5);
        ASSERT_NEAR(y[t * n + i], normed * weight[i] + bias[i], 3e-5);
      }
    }
  }
}

double ActivationOf(Activation f, double x) {
  switch (f) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGelu:
      return x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) / 2;
    case Activation::kGeluErf:
      return x * (1 + std::erf(x / std::sqrt(2.0))) / 2;
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kTanh:
      return std::tanh(x);
  }
  return 0;
}

TEST_P(FloatOpsTest, ActivationsWithAndWithoutASecondFactor) {
  std::vector<float> x = RandomFloats(1003, 3), up = RandomFloats(1003, 4);
  for (float& v : x) v *= 4;
  std::vector<float> plain(x.size()), product(x.size());
  for (int i = 0; i < kActivations; ++i) {
    const auto f = static_cast<Activation>(i);
    Activate(pool_, f, x.data(), std::ssize(x), plain.data());
    ActivateMul(pool_, f, x.data(), up.data(), std::ssize(x), product.data());
    for (size_t j = 0; j < x.size(); ++j) {
      const double expected = ActivationOf(f, x[j]);
      ASSERT_NEAR(plain[j], expected, 1e-6 + 1e-6 * std::fabs(expected)) << i << " of " << x[j];
      ASSERT_NEAR(product[j], expected * up[j], 4e-6 + 1e-6 * std::fabs(expected * up[j]));
    }
    const std::vector<float> extreme = {-500, 500, kNan};
    std::vector<float> out(3);
    Activate(pool_, f, extreme.data(), 3, out.data());
    EXPECT_NEAR(out[0], ActivationOf(f, -500), 1e-6) << i;
    EXPECT_NEAR(out[1], ActivationOf(f, 500), 1e-6) << i;
    EXPECT_TRUE(std::isnan(out[2])) << i;
  }
}

TEST_P(FloatOpsTest, ClampedSwigluAndSoftCap) {
  std::vector<float> gate = RandomFloats(1003, 3), up = RandomFloats(1003, 4);
  for (float& v : gate) v *= 8;
  for (float& v : up) v *= 8;
  std::vector<float> out(gate.size()), capped = gate;
  ClampedSwiglu(pool_, gate.data(), up.data(), 1.702f, 7, std::ssize(gate), out.data());
  SoftCap(pool_, capped.data(), 30, std::ssize(capped));
  for (size_t i = 0; i < gate.size(); ++i) {
    const double g = std::min(gate[i], 7.0f), u = std::clamp(up[i], -7.0f, 7.0f);
    const double expected = g / (1 + std::exp(-1.702 * g)) * (u + 1);
    ASSERT_NEAR(out[i], expected, 1e-6 + 1e-6 * std::fabs(expected));
    ASSERT_NEAR(capped[i], 30 * std::tanh(gate[i] / 30.0), 1e-5);
  }
}

TEST_P(FloatOpsTest, SumsProductsBiasesColumnsAndSoftplus) {
  for (const int64_t n : {1, 15, 16, 17, 100003}) {
    const std::vector<float> a = RandomFloats(n, 3), b = RandomFloats(n, 4);
    std::vector<float> scaled = a, sum = a, product = a;
    ScaleInPlace(pool_, scaled.data(), 0.3f, n);
    AddScaledInPlace(pool_, sum.data(), 0.7f, b.data(), n);
    Multiply(pool_, product.data(), b.data(), n, product.data());
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(scaled[i], a[i] * 0.3f);
      ASSERT_EQ(product[i], a[i] * b[i]);
      ASSERT_NEAR(sum[i], a[i] + 0.7 * b[i], 1e-6);
    }
  }
  const std::vector<float> x = RandomFloats(3 * 20, 5), bias = RandomFloats(20, 6);
  std::vector<float> biased = x, columns(3 * 4), soft = {-30, 0, 1, 19, 21, 500};
  AddBias(pool_, biased.data(), bias.data(), 3, 20);
  CopyColumns(pool_, x.data() + 5, 20, 3, 4, columns.data());
  for (int i = 0; i < 60; ++i) EXPECT_EQ(biased[i], x[i] + bias[i % 20]);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(columns[i], x[i / 4 * 20 + 5 + i % 4]);
  Softplus(soft.data(), 6);
  EXPECT_NEAR(soft[0], 0, 1e-12);
  EXPECT_NEAR(soft[1], std::log(2), 1e-7);
  EXPECT_NEAR(soft[2], std::log(1 + std::exp(1.0)), 1e-6);
  EXPECT_NEAR(soft[3], 19, 1e-5);
  EXPECT_EQ(soft[4], 21);
  EXPECT_EQ(soft[5], 500);
}

TEST_P(FloatOpsTest, AddAndSiluMulOfSmallAndLargeRows) {
  for (const int64_t n : {1, 15, 16, 17, 172, 100003}) {
    const std::vector<float> a = RandomFloats(n, 3), b = RandomFloats(n, 4);
    std::vector<float> sum = a, product = a;
    AddInPlace(pool_, sum.data(), b.data(), n);
    SiluMul(pool_, product.data(), b.data(), n, product.data());
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(sum[i], a[i] + b[i]);
      const double expected = a[i] / (1 + std::exp(-static_cast<double>(a[i]))) * b[i];
      ASSERT_NEAR(product[i], expected, 1e-7 + 5e-7 * std::fabs(expected));
    }
  }
  const std::vector<float> extreme = {-kInf, -500, 500, kInf, kNan}, ones(5, 1.0f);
  std::vector<float> out(5);
  SiluMul(pool_, extreme.data(), ones.data(), 5, out.data());
  EXPECT_NEAR(out[1], 0, 1e-30);
  EXPECT_EQ(out[2], 500);
  EXPECT_EQ(out[3], kInf);
  EXPECT_TRUE(std::isnan(out[4]));
}

// Rotates with double-precision angles.
std::vector<double> Rotated(const RopeParams& params, const float* x, int position, int dim) {
  std::vector<double> out(x, x + dim);
  const int half = params.dims / 2;
  for (int i = 0; i < half; ++i) {
    const double angle = position * params.frequencies[i];
    const bool pairs = params.style == RopeStyle::kInterleaved;
    const int a = pairs ? 2 * i : i, b = pairs ? 2 * i + 1 : i + half;
    out[a] = params.magnitude * (x[a] * std::cos(angle) - x[b] * std::sin(angle));
    out[b] = params.magnitude * (x[b] * std::cos(angle) + x[a] * std::sin(angle));
  }
  return out;
}

TEST_P(FloatOpsTest, RopeInBothStylesWithOwnFrequenciesAndPartialHeads) {
  const int32_t positions[] = {0, 5, 131071};
  for (const RopeStyle style : {RopeStyle::kInterleaved, RopeStyle::kHalves}) {
    for (const auto& [dims, dim] : {std::pair(8, 8), {64, 64}, {20, 24}, {128, 128}}) {
      RopeParams params{dims, style, RopeFrequencies(10000.0, dims)};
      if (dims == 64) {
        params.magnitude = 1.3f;
        for (size_t i = 0; i < 32; ++i) params.frequencies[i] /= 1.0 + 0.5 * i;
      }
      const std::vector<float> x = RandomFloats(3 * 2 * dim, 6);
      std::vector<float> y = x;
      Rope(pool_, params, y.data(), positions, 3, 2, dim);
      for (int row = 0; row < 6; ++row) {
        const auto expected = Rotated(params, x.data() + row * dim, positions[row / 2], dim);
        for (int d = 0; d < dim; ++d) ASSERT_NEAR(y[row * dim + d], expected[d], 1e-6);
      }
    }
  }
}

TEST_P(FloatOpsTest, RopeTurnsAPartInTheMiddleOfHeads) {
  const int32_t positions[] = {7, 8};
  const RopeParams params{4, RopeStyle::kInterleaved, RopeFrequencies(100.0, 4)};
  const std::vector<float> x = RandomFloats(2 * 3 * 10, 6);
  std::vector<float> y = x;
  Rope(pool_, params, y.data() + 6, positions, 2, 3, 10);
  for (int row = 0; row < 6; ++row) {
    const auto expected = Rotated(params, x.data() + row * 10 + 6, positions[row / 3], 4);
    for (int d = 0; d < 6; ++d) ASSERT_EQ(y[row * 10 + d], x[row * 10 + d]);
    for (int d = 0; d < 4; ++d) ASSERT_NEAR(y[row * 10 + 6 + d], expected[d], 1e-6);
  }
}

TEST_P(FloatOpsTest, RopeTablesFollowTheirParameters) {
  const int32_t positions[] = {3};
  const RopeParams global{8, RopeStyle::kInterleaved, RopeFrequencies(10000.0, 8)};
  const RopeParams local{8, RopeStyle::kInterleaved, RopeFrequencies(500.0, 8)};
  const RopeParams other{8, RopeStyle::kHalves, RopeFrequencies(500.0, 8)};
  std::vector<std::vector<float>> rows;
  for (const RopeParams* params : {&global, &local, &other, &global, &local, &other}) {
    rows.emplace_back(8, 1.0f);
    Rope(pool_, *params, rows.back().data(), positions, 1, 1, 8);
  }
  EXPECT_NE(rows[0], rows[1]);
  EXPECT_NE(rows[1], rows[2]);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rows[i], rows[i + 3]);
  std::vector<float>& x = rows[0];
  EXPECT_THROW(Rope(pool_, {9, RopeStyle::kHalves, {}}, x.data(), positions, 1, 1, 8), Error);
  EXPECT_THROW(Rope(pool_, {8, RopeStyle::kHalves, {1.0}}, x.data(), positions, 1, 1, 8), Error);
}

TEST_P(FloatOpsTest, LogSumExpAndLargest) {
  for (const int64_t n : {1, 5, 16, 512, 128001}) {
    std::vector<float> x = RandomFloats(n, 7);
    for (float& v : x) v = v * 5 + 300;
    double sum = 0;
    for (const float v : x) sum += std::exp(static_cast<double>(v) - 300);
    EXPECT_NEAR(LogSumExp(x.data(), n), 300 + std::log(sum), 1e-5);
    EXPECT_EQ(Largest(x.data(), n), *std::max_element(x.begin(), x.end()));
  }
  const std::vector<float> odd = {kNan, 1, 7, 7, kNan};
  EXPECT_EQ(Largest(odd.data(), 5), 7);
  EXPECT_TRUE(std::isnan(LogSumExp(odd.data(), 5)));
  const std::vector<float> masked = {-kInf, 2, -kInf};
  EXPECT_EQ(Largest(masked.data(), 3), 2);
  EXPECT_NEAR(LogSumExp(masked.data(), 3), 2, 1e-6);
  const std::vector<float> none(20, -kInf);
  EXPECT_EQ(LogSumExp(none.data(), 20), -kInf);
}

TEST_P(FloatOpsTest, Softmax) {
  for (const int64_t n : {1, 2, 33, 1000}) {
    std::vector<float> x = RandomFloats(n, 7);
    double sum = 0;
    for (const float v : x) sum += std::exp(static_cast<double>(v));
    std::vector<float> y = x;
    for (float& v : y) v += 500;  // it does not overflow
    Softmax(y.data(), n);
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_NEAR(y[i], std::exp(static_cast<double>(x[i])) / sum, 2e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, FloatOpsTest, testing::ValuesIn(DetectedIsas()),
                         [](const auto& info) { return std::string(IsaName(info.param)); });

TEST(IsaTest, ScalarIsAlwaysThereAndScopesNest) {
  const Isa usual = ActiveIsa();
  EXPECT_EQ(DetectedIsas().front(), Isa::kScalar);
  {
    const ScopedIsa scalar(Isa::kScalar);
    EXPECT_EQ(ActiveIsa(), Isa::kScalar);
  }
  EXPECT_EQ(ActiveIsa(), usual);
}

}  // namespace
}  // namespace pioneer
