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
    double angle = position * std::pow(static_cast<double>(params.base), -2.0 * i / params.dims);
    if (!params.frequency_factors.empty()) angle /= params.frequency_factors[i];
    const bool pairs = params.style == RopeStyle::kInterleaved;
    const int a = pairs ? 2 * i : i, b = pairs ? 2 * i + 1 : i + half;
    out[a] = x[a] * std::cos(angle) - x[b] * std::sin(angle);
    out[b] = x[b] * std::cos(angle) + x[a] * std::sin(angle);
  }
  return out;
}

TEST_P(FloatOpsTest, RopeInBothStylesWithFactorsAndPartialHeads) {
  const int32_t positions[] = {0, 5, 131071};
  for (const RopeStyle style : {RopeStyle::kInterleaved, RopeStyle::kHalves}) {
    for (const auto& [dims, dim] : {std::pair(8, 8), {64, 64}, {20, 24}, {128, 128}}) {
      RopeParams params{dims, 10000.0f, style, {}};
      if (dims == 64) params.frequency_factors = RandomFloats(32, 5);
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

TEST_P(FloatOpsTest, RopeTablesFollowTheirParameters) {
  const int32_t positions[] = {3};
  std::vector<float> a(8, 1.0f), b(8, 1.0f), c(8, 1.0f);
  Rope(pool_, {8, 10000.0f, RopeStyle::kInterleaved, {}}, a.data(), positions, 1, 1, 8);
  Rope(pool_, {8, 500.0f, RopeStyle::kInterleaved, {}}, b.data(), positions, 1, 1, 8);
  Rope(pool_, {8, 10000.0f, RopeStyle::kInterleaved, {}}, c.data(), positions, 1, 1, 8);
  EXPECT_NE(a, b);
  EXPECT_EQ(a, c);
  EXPECT_THROW(Rope(pool_, {9, 10000.0f, RopeStyle::kHalves, {}}, a.data(), positions, 1, 1, 8),
               Error);
}

TEST_P(FloatOpsTest, LogSumExpAndArgMax) {
  for (const int64_t n : {1, 5, 16, 512, 128001}) {
    std::vector<float> x = RandomFloats(n, 7);
    for (float& v : x) v = v * 5 + 300;
    double sum = 0;
    for (const float v : x) sum += std::exp(static_cast<double>(v) - 300);
    EXPECT_NEAR(LogSumExp(x.data(), n), 300 + std::log(sum), 1e-5);
    const auto largest = std::max_element(x.begin(), x.end());
    EXPECT_EQ(ArgMax(x.data(), n), largest - x.begin());
  }
  const std::vector<float> odd = {kNan, 1, 7, 7, kNan};
  EXPECT_EQ(ArgMax(odd.data(), 5), 2);
  EXPECT_TRUE(std::isnan(LogSumExp(odd.data(), 5)));
  const std::vector<float> masked = {-kInf, 2, -kInf};
  EXPECT_EQ(ArgMax(masked.data(), 3), 1);
  EXPECT_NEAR(LogSumExp(masked.data(), 3), 2, 1e-6);
  const std::vector<float> none(20, -kInf);
  EXPECT_EQ(LogSumExp(none.data(), 20), -kInf);
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
