// Types' sizes, 16-bit floats, and how well each block type keeps normal data.
#include "tensor/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "tensor/half.h"

namespace pioneer {
namespace {

constexpr DType kBlockTypes[] = {DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ5_K,
                                 DType::kQ6_K};

std::vector<float> RoundTrip(DType dtype, const std::vector<float>& x) {
  std::vector<std::byte> bytes(RowBytes(dtype, std::ssize(x)));
  std::vector<float> out(x.size());
  QuantizeRow(dtype, x.data(), bytes.data(), std::ssize(x));
  DequantizeRow(dtype, bytes.data(), out.data(), std::ssize(x));
  return out;
}

double RelativeRmse(const std::vector<float>& x, const std::vector<float>& y) {
  double error = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    error += std::pow(static_cast<double>(x[i]) - y[i], 2);
    size += std::pow(static_cast<double>(x[i]), 2);
  }
  return std::sqrt(error / size);
}

std::vector<float> NormalFloats(int n, float scale) {
  Random random(1);
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = static_cast<float>(random.Normal()) * scale;
  return x;
}

TEST(DTypeTest, NamesNumbersAndSizes) {
  EXPECT_EQ(ParseDType("q4_k"), DType::kQ4_K);
  EXPECT_EQ(ParseDType("bf16"), DType::kBF16);
  EXPECT_EQ(ParseDType("q4_k_m"), std::nullopt);
  EXPECT_EQ(FindDType(3), nullptr);
  EXPECT_EQ(FindDType(14)->name, "Q6_K");
  EXPECT_EQ(RowBytes(DType::kQ4_K, 512), 288u);
  EXPECT_EQ(RowBytes(DType::kQ8_0, 64), 68u);
  EXPECT_THROW(RowBytes(DType::kQ6_K, 128), Error);
  EXPECT_THROW(InfoOf(static_cast<DType>(999)), Error);
}

TEST(HalfTest, EveryHalfSurvivesTheTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = HalfToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), bits);
    }
  }
}

TEST(HalfTest, RoundsToNearestEven) {
  EXPECT_EQ(HalfToFloat(FloatToHalf(1.0f + 0x1p-11f)), 1.0f);
  EXPECT_EQ(HalfToFloat(FloatToHalf(1.0f + 3 * 0x1p-11f)), 1.0f + 0x1p-9f);
  EXPECT_EQ(HalfToFloat(FloatToHalf(65519.0f)), 65504.0f);
  EXPECT_TRUE(std::isinf(HalfToFloat(FloatToHalf(65520.0f))));
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0);
  EXPECT_EQ(FloatToHalf(0x1.8p-25f), 1);
  EXPECT_EQ(Bf16ToFloat(FloatToBf16(1.0f + 0x1p-8f)), 1.0f);
  EXPECT_EQ(Bf16ToFloat(FloatToBf16(1.0f + 3 * 0x1p-8f)), 1.0f + 0x1p-6f);
  EXPECT_TRUE(std::isnan(Bf16ToFloat(FloatToBf16(NAN))));
}

// Bounds a little above what the formats reach on normal data.
TEST(QuantizeTest, KeepsNormalData) {
  const std::vector<float> x = NormalFloats(1 << 15, 0.02f);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kF16, x)), 3e-4);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kBF16, x)), 2e-3);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kQ8_0, x)), 0.0058);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kQ6_K, x)), 0.019);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kQ5_K, x)), 0.037);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kQ4_K, x)), 0.073);
  EXPECT_LT(RelativeRmse(x, RoundTrip(DType::kQ4_0, x)), 0.092);
  EXPECT_EQ(RoundTrip(DType::kF32, x), x);
}

TEST(QuantizeTest, ReferenceRounding) {
  std::vector<float> x(32, 0.0f);
  x[3] = -4.0f;  // the extreme: d = 0.5
  x[4] = 1.3f;   // 2.6 -> 3
  x[20] = 3.9f;  // 7.8 -> 8, which does not exist -> 7
  const std::vector<float> y = RoundTrip(DType::kQ4_0, x);
  EXPECT_EQ(y[3], -4.0f);
  EXPECT_EQ(y[4], 1.5f);
  EXPECT_EQ(y[20], 3.5f);
  EXPECT_EQ(y[0], 0.0f);
  x[3] = -127.0f;
  x[4] = 2.5f;  // half away from zero
  EXPECT_EQ(RoundTrip(DType::kQ8_0, x)[4], 3.0f);
}

TEST(QuantizeTest, ConstantAndTinyRows) {
  for (const DType dtype : kBlockTypes) {
    const std::vector<float> zero(256, 0.0f), tiny(256, 1e-42f), ones(256, 1.0f),
        negative(256, -2.0f);
    EXPECT_EQ(RoundTrip(dtype, zero), zero);
    EXPECT_LT(RelativeRmse(ones, RoundTrip(dtype, ones)), 0.01) << InfoOf(dtype).name;
    EXPECT_LT(RelativeRmse(negative, RoundTrip(dtype, negative)), 0.01) << InfoOf(dtype).name;
    for (const float v : RoundTrip(dtype, tiny)) EXPECT_LT(std::fabs(v), 1e-6f);
  }
}

TEST(QuantizeTest, NonFiniteValuesBecomeFinite) {
  for (const DType dtype : kBlockTypes) {
    std::vector<float> x(512, 0.5f);
    x[1] = NAN;
    x[40] = INFINITY;
    x[300] = -INFINITY;
    x[301] = 3e38f;
    for (const float v : RoundTrip(dtype, x)) EXPECT_TRUE(std::isfinite(v)) << InfoOf(dtype).name;
  }
}

// Any bytes may come from a file.
TEST(QuantizeTest, DecodesArbitraryBytes) {
  Random random(3);
  for (const DType dtype : kBlockTypes) {
    std::vector<std::byte> bytes(RowBytes(dtype, 2560));
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.Next());
    std::vector<float> out(2560);
    DequantizeRow(dtype, bytes.data(), out.data(), 2560);
  }
}

// One Q4_K block by hand: d = 1, dmin = 2; group 0 has scale 3, min 1; group 5 scale 33, min 50.
TEST(QuantizeTest, Q4KLayout) {
  std::vector<std::byte> block(144, std::byte{0});
  const uint16_t one = 0x3C00, two = 0x4000;
  std::memcpy(block.data(), &one, 2);
  std::memcpy(block.data() + 2, &two, 2);
  const auto set = [&](int at, int value) { block[at] = static_cast<std::byte>(value); };
  set(4 + 0, 3);               // scale 0
  set(4 + 4, 1);               // min 0
  set(4 + 1, (33 >> 4) << 6);  // upper bits of scale 5
  set(4 + 5, (50 >> 4) << 6);  // upper bits of min 5
  set(4 + 9, (33 & 15) | (50 & 15) << 4);
  set(16 + 7, 9);                 // group 0, element 7
  set(16 + 2 * 32 + 4, 12 << 4);  // group 5, element 4
  std::vector<float> out(256);
  DequantizeRow(DType::kQ4_K, block.data(), out.data(), 256);
  EXPECT_EQ(out[7], 3 * 9 - 2 * 1);
  EXPECT_EQ(out[5 * 32 + 4], 33 * 12 - 2 * 50);
}

}  // namespace
}  // namespace pioneer
