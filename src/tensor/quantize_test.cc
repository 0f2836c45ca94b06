// Types' sizes, 16-bit floats, and how well each block type keeps normal data.
#include "tensor/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "tensor/block_format.h"
#include "tensor/half.h"

namespace pioneer {
namespace {

std::vector<DType> BlockTypes() {
  std::vector<DType> types;
  for (const DTypeInfo& info : AllDTypes()) {
    if (info.block_elements > 1) types.push_back(info.dtype);
  }
  return types;
}

std::vector<float> RoundTrip(DType dtype, const std::vector<float>& x,
                             const float* importance = nullptr) {
  std::vector<std::byte> bytes(RowBytes(dtype, std::ssize(x)));
  std::vector<float> out(x.size());
  QuantizeRow(dtype, x.data(), bytes.data(), std::ssize(x), importance);
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
  EXPECT_EQ(FindDType(9), nullptr);  // Q8_1, which no file holds
  EXPECT_EQ(FindDType(39)->name, "MXFP4");
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

TEST(HalfTest, ExponentsArePowersOfTwo) {
  EXPECT_EQ(ExponentToFloat(128), 1.0f);
  EXPECT_EQ(ExponentToFloat(0), 0x1p-128f);
  EXPECT_EQ(ExponentToFloat(1), 0x1p-127f);
  EXPECT_EQ(ExponentToFloat(2), 0x1p-126f);
  EXPECT_EQ(ExponentToFloat(255), 0x1p127f);
}

// Relative error on normal data; bounds a little above what the formats reach. The 4-bit types of
// llama.cpp reach 0.0859 (Q4_0), 0.0712 (Q4_K), 0.0760 (IQ4_NL); Q2_K 0.296; Q3_K 0.151.
TEST(QuantizeTest, KeepsNormalData) {
  const std::pair<DType, double> kBounds[] = {
      {DType::kF16, 3e-4},    {DType::kBF16, 2e-3},    {DType::kQ8_0, 0.0056},
      {DType::kQ6_K, 0.0170}, {DType::kQ5_K, 0.0345},  {DType::kQ5_1, 0.0336},
      {DType::kQ5_0, 0.0404}, {DType::kQ4_K, 0.0700},  {DType::kQ4_1, 0.0698},
      {DType::kQ4_0, 0.0815}, {DType::kIQ4_NL, 0.074}, {DType::kIQ4_XS, 0.0745},
      {DType::kMXFP4, 0.115}, {DType::kQ3_K, 0.145},   {DType::kQ2_K, 0.262}};
  const std::vector<float> x = NormalFloats(1 << 14, 0.02f);
  for (const auto& [dtype, bound] : kBounds) {
    EXPECT_LT(RelativeRmse(x, RoundTrip(dtype, x)), bound) << InfoOf(dtype).name;
  }
  EXPECT_EQ(RoundTrip(DType::kF32, x), x);
}

TEST(QuantizeTest, Q8_0RoundsHalvesAwayFromZero) {
  std::vector<float> x(32, 0.0f);
  x[3] = -127.0f;
  x[4] = 2.5f;
  const std::vector<float> y = RoundTrip(DType::kQ8_0, x);
  EXPECT_EQ(y[3], -127.0f);
  EXPECT_EQ(y[4], 3.0f);
}

// Weights that were trained to lie on a format's levels are found there again.
TEST(QuantizeTest, KeepsValuesThatAreOnItsLevels) {
  Random random(4);
  for (const DType dtype : {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kIQ4_NL,
                            DType::kMXFP4, DType::kQ8_0}) {
    const BlockFormat format = BlockFormatOf(dtype);
    const int extreme = format.levels == BlockLevels::kFp4 ? 7 : 0;
    std::vector<float> x(320);
    for (size_t i = 0; i < x.size(); ++i) {
      int code = static_cast<int>(random.Below(uint64_t{1} << format.code_bits()));
      if (i % 32 == 5) code = extreme;
      if (i % 32 == 6) code = (1 << format.code_bits()) - 1;
      if (dtype == DType::kQ8_0) code = std::max(code, 1);
      x[i] = 0.25f * static_cast<float>(format.Level(code)) - (format.has_min() ? 1.5f : 0.0f);
    }
    EXPECT_EQ(RoundTrip(dtype, x), x) << InfoOf(dtype).name;
  }
}

TEST(QuantizeTest, ImportanceMovesTheError) {
  const std::vector<float> x = NormalFloats(4096, 0.02f);
  Random random(5);
  std::vector<float> importance(x.size());
  for (float& v : importance) v = static_cast<float>(std::exp(random.Normal()));
  const auto weighted = [&](const std::vector<float>& y) {
    double error = 0;
    for (size_t i = 0; i < x.size(); ++i) error += importance[i] * std::pow(x[i] - y[i], 2);
    return error;
  };
  for (const DType dtype : BlockTypes()) {
    const double plain = weighted(RoundTrip(dtype, x));
    const double told = weighted(RoundTrip(dtype, x, importance.data()));
    if (dtype == DType::kQ8_0) {
      EXPECT_EQ(told, plain);
    } else if (dtype == DType::kMXFP4) {
      EXPECT_LE(told, plain);
    } else {
      EXPECT_LT(told, 0.97 * plain) << InfoOf(dtype).name;
    }
  }
  const std::vector<float> nothing(x.size(), 0.0f);
  EXPECT_EQ(RoundTrip(DType::kQ4_K, x, nothing.data()), RoundTrip(DType::kQ4_K, x));
}

TEST(QuantizeTest, ConstantAndTinyRows) {
  for (const DType dtype : BlockTypes()) {
    const std::vector<float> zero(256, 0.0f), tiny(256, 1e-42f), ones(256, 1.0f),
        negative(256, -2.0f);
    EXPECT_EQ(RoundTrip(dtype, zero), zero);
    // MXFP4's nearest values to 1 and 2 are themselves.
    EXPECT_LT(RelativeRmse(ones, RoundTrip(dtype, ones)), 0.01) << InfoOf(dtype).name;
    EXPECT_LT(RelativeRmse(negative, RoundTrip(dtype, negative)), 0.01) << InfoOf(dtype).name;
    for (const float v : RoundTrip(dtype, tiny)) EXPECT_LT(std::fabs(v), 1e-6f);
  }
}

TEST(QuantizeTest, NonFiniteValuesBecomeFinite) {
  for (const DType dtype : BlockTypes()) {
    std::vector<float> x(512, 0.5f);
    x[1] = NAN;
    x[40] = INFINITY;
    x[300] = -INFINITY;
    x[301] = 3e38f;
    for (const float v : RoundTrip(dtype, x)) EXPECT_TRUE(std::isfinite(v)) << InfoOf(dtype).name;
  }
}

// Any bytes may come from a file. What they say survives taking apart and putting together.
TEST(QuantizeTest, ArbitraryBytesAreBlocks) {
  Random random(3);
  for (const DType dtype : BlockTypes()) {
    const BlockFormat format = BlockFormatOf(dtype);
    const size_t bytes = static_cast<size_t>(InfoOf(dtype).block_bytes);
    std::vector<std::byte> block(bytes);
    std::vector<float> out(static_cast<size_t>(format.block));
    for (int repeat = 0; repeat < 300; ++repeat) {
      for (std::byte& b : block) b = static_cast<std::byte>(random.Next());
      DequantizeRow(dtype, block.data(), out.data(), format.block);
      BlockCodes codes;
      DecodeBlock(format, block.data(), codes);
      if (!std::isfinite(codes.d) || !std::isfinite(codes.dmin)) continue;
      for (const float v : out) ASSERT_TRUE(std::isfinite(v)) << InfoOf(dtype).name;
      if (format.d_is_exponent && block[0] == std::byte{255}) continue;  // never written
      std::vector<std::byte> again(bytes, std::byte{0});
      EncodeBlock(format, codes, again.data());
      ASSERT_EQ(again, block) << InfoOf(dtype).name;
    }
  }
}

// The block of bytes 73 i + 41 with d = 0.5, dmin = -1.5 (MXFP4: exponent 127), as llama.cpp reads
// it: some of its values, and the sum of all, each times 1 + i % 7.
struct KnownBlock {
  DType dtype;
  std::vector<float> values;
  double sum;
};

TEST(QuantizeTest, ReadsKnownBlocks) {
  const KnownBlock kBlocks[] = {
      {DType::kQ8_0, {-34.5, 1, 37.5, -55}, 993.0},
      {DType::kQ6_K, {80.5, -800, -270, -1067, 147, -212.5, 237.5, 144}, -91548.5},
      {DType::kQ5_K, {236, 73.5, 153, 358, 100.5, 30.5, 34.5, 34.5}, 267602.5},
      {DType::kQ5_1, {7, 10.5, 10, 4}, 806.5},
      {DType::kQ5_0, {7.5, -5, 6.5, 1}, -148.0},
      {DType::kQ4_K, {132, 73.5, 131, 318, 100.5, 30.5, 34.5, 34.5}, 152018.5},
      {DType::kQ4_1, {5, 0.5, 0.5, 3}, 209.5},
      {DType::kQ4_0, {1.5, -3, 1.5, -4}, -53.0},
      {DType::kIQ4_NL, {19, -41.5, 19, -63.5}, -798.5},
      {DType::kIQ4_XS, {-1508, 551, -254, -157.5, -756.5, -156, -15, -375}, -7440.5},
      {DType::kMXFP4, {1, -0.5, 6, -1.5}, 54.0},
      {DType::kQ3_K, {-3.5, -4, 28, -8.5, -8, 39, 13, -12}, 265.0},
      {DType::kQ2_K, {7.5, 10.5, 4, 42, 11.5, 18.5, 3, 10.5}, 15679.0},
  };
  for (const auto& [dtype, values, expected_sum] : kBlocks) {
    const BlockFormat format = BlockFormatOf(dtype);
    std::vector<std::byte> block(static_cast<size_t>(InfoOf(dtype).block_bytes));
    for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>(73 * i + 41);
    const uint16_t d = FloatToHalf(0.5f), dmin = FloatToHalf(-1.5f);
    if (format.d_is_exponent) {
      block[0] = std::byte{127};
    } else {
      std::memcpy(block.data() + format.d_offset, &d, 2);
    }
    if (format.has_min()) std::memcpy(block.data() + format.dmin_offset, &dmin, 2);
    std::vector<float> out(static_cast<size_t>(format.block));
    DequantizeRow(dtype, block.data(), out.data(), format.block);
    double sum = 0;
    for (size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(i % 7 + 1) * out[i];
    EXPECT_EQ(sum, expected_sum) << InfoOf(dtype).name;
    const std::vector<int> at = values.size() == 4
                                    ? std::vector<int>{0, 15, 16, 31}
                                    : std::vector<int>{0, 31, 48, 100, 133, 200, 239, 255};
    for (size_t i = 0; i < at.size(); ++i) {
      EXPECT_EQ(out[static_cast<size_t>(at[i])], values[i]) << InfoOf(dtype).name << " " << at[i];
    }
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
