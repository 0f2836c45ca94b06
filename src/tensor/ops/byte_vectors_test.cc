#include "tensor/ops/byte_vectors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "tensor/kernels/byte_dot.h"

namespace pioneer {
namespace {

TEST(ByteVectorsTest, EverySetOfInstructionsComputesTheSum) {
  Random random(7);
  for (const int64_t n : {64, 128, 448, 1024, 8192}) {
    std::vector<int8_t> a(static_cast<size_t>(n)), b(a);
    int64_t expected = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<int8_t>(static_cast<int>(random.Next() % 255) - 127);
      b[i] = static_cast<int8_t>(static_cast<int>(random.Next() % 255) - 127);
      expected += a[i] * b[i];
    }
    for (const Isa isa : DetectedIsas()) {
      EXPECT_EQ(ByteDotOf(isa)(a.data(), b.data(), n), expected) << IsaName(isa) << ", " << n;
    }
  }
}

TEST(ByteVectorsTest, TheLargestNumbersDoNotOverflow) {
  const std::vector<int8_t> most(4096, 127), least(4096, -127);
  for (const Isa isa : DetectedIsas()) {
    EXPECT_EQ(ByteDotOf(isa)(most.data(), most.data(), 4096), 4096 * 127 * 127);
    EXPECT_EQ(ByteDotOf(isa)(most.data(), least.data(), 4096), -4096 * 127 * 127);
  }
}

TEST(ByteVectorsTest, RoundingKeepsTheDirection) {
  Random random(3);
  std::vector<float> x(100), y(100);
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(random.Normal() * 0.01);
    y[i] = x[i] + static_cast<float>(random.Normal() * 0.01);
    xx += double{x[i]} * x[i];
    yy += double{y[i]} * y[i];
    xy += double{x[i]} * y[i];
  }
  const std::vector<int8_t> a = ToByteVector(x), b = ToByteVector(y);
  ASSERT_EQ(std::ssize(a), ByteVectorSize(100));
  const auto n = std::ssize(a);
  const float cosine = static_cast<float>(DotByteVectors(a.data(), b.data(), n)) *
                       InverseLength(a.data(), n) * InverseLength(b.data(), n);
  EXPECT_NEAR(cosine, xy / std::sqrt(xx * yy), 0.01);
}

TEST(ByteVectorsTest, WhatHasNoDirectionGivesZeros) {
  for (const float value : {0.0f, std::numeric_limits<float>::infinity()}) {
    const std::vector<int8_t> zeros = ToByteVector(std::vector<float>(3, value));
    EXPECT_EQ(zeros, std::vector<int8_t>(64, 0));
    EXPECT_EQ(InverseLength(zeros.data(), 64), 0);
  }
}

}  // namespace
}  // namespace pioneer
