// Products on every instruction set against plain double-precision sums.
#include "tensor/ops/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "tensor/kernels/amx_emulation.h"
#include "tensor/kernels/isa.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

std::vector<DType> AllTypes() {
  std::vector<DType> types;
  for (const DTypeInfo& info : AllDTypes()) types.push_back(info.dtype);
  return types;
}

std::vector<float> RandomFloats(int64_t n, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

Tensor MakeTensor(DType dtype, int64_t rows, int64_t cols, uint64_t seed) {
  const std::vector<float> values = RandomFloats(rows * cols, seed);
  const size_t row_bytes = RowBytes(dtype, cols);
  auto bytes = std::make_shared<std::vector<std::byte>>(row_bytes * static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; ++r) {
    QuantizeRow(dtype, values.data() + r * cols, bytes->data() + r * row_bytes, cols);
  }
  return {"w", dtype, {rows, cols}, bytes->data(), bytes};
}

std::vector<float> Multiply(ThreadPool& pool, const Weight& w, const std::vector<float>& x,
                            int64_t n_tokens) {
  std::vector<float> y(static_cast<size_t>(n_tokens * w.n_out()), -7.0f);
  MatMul(pool, w, x.data(), n_tokens, y.data());
  return y;
}

// Largest error over all outputs, relative to the size |x||w| of a product of such vectors.
double WorstError(const Tensor& t, const std::vector<float>& x, const std::vector<float>& y) {
  const int64_t n_in = t.cols(), n_out = t.rows(), n_tokens = std::ssize(x) / n_in;
  std::vector<float> row(static_cast<size_t>(n_in));
  double worst = 0;
  for (int64_t o = 0; o < n_out; ++o) {
    DequantizeRow(t.dtype, t.row(o), row.data(), n_in);
    for (int64_t k = 0; k < n_tokens; ++k) {
      double sum = 0, xx = 0, ww = 0;
      for (int64_t i = 0; i < n_in; ++i) {
        const double a = x[k * n_in + i], b = row[i];
        sum += a * b;
        xx += a * a;
        ww += b * b;
      }
      worst = std::max(worst, std::fabs(y[k * n_out + o] - sum) / std::sqrt(xx * ww));
    }
  }
  return worst;
}

// Rounding activations to 8 bits costs about 1/127/sqrt(12) of their largest, spread over n_in.
// To bfloat16, where a machine does that, half of that of a value itself.
double Bound(DType dtype, int64_t n_in) {
  if (dtype == DType::kBF16) return n_in < 256 ? 0.004 : 0.0005;
  return IsPlain(dtype) ? 1e-6 : 0.004;
}

struct Kernel {
  std::string name;
  const KernelTable* table;
};

// What this machine has, and AMX on emulated tiles.
std::vector<Kernel> AllKernels() {
  std::vector<Kernel> kernels;
  for (const Isa isa : DetectedIsas()) {
    const ScopedIsa scope(isa);
    kernels.push_back({IsaName(isa), &Kernels()});
#if defined(__x86_64__)
    if (isa == Isa::kAvx512) kernels.push_back({"emulated_amx", &EmulatedAmxKernels()});
#endif
  }
  return kernels;
}

class MatMulTest : public testing::TestWithParam<Kernel> {};

TEST_P(MatMulTest, MatchesDoublePrecision) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(2);
  for (const DType dtype : AllTypes()) {
    for (const int64_t n_out : {1, 16, 37}) {
      for (const int64_t n_tokens : {1, 2, 5, 12, 29}) {
        const Tensor t = MakeTensor(dtype, n_out, 512, 1);
        const std::vector<float> x = RandomFloats(n_tokens * 512, 2);
        EXPECT_LT(WorstError(t, x, Multiply(pool, Weight(t), x, n_tokens)), Bound(dtype, 512))
            << InfoOf(dtype).name << " " << n_out << " x " << n_tokens;
      }
    }
  }
}

TEST_P(MatMulTest, TakesAnySizeOfPlainTypesAndAnyBlockCount) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(2);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const int64_t n_in : {1, 3, 64, 172, 300, 517}) {
      for (const int64_t n_tokens : {2, 7, 30}) {
        const Tensor t = MakeTensor(dtype, 83, n_in, 3);
        const std::vector<float> x = RandomFloats(n_tokens * n_in, 4);
        EXPECT_LT(WorstError(t, x, Multiply(pool, Weight(t), x, n_tokens)), Bound(dtype, n_in))
            << InfoOf(dtype).name << " " << n_in << " " << n_tokens;
      }
    }
  }
  for (const DType dtype : AllTypes()) {
    if (InfoOf(dtype).block_elements != 32) continue;
    const Tensor t = MakeTensor(dtype, 19, 32 * 11, 3);
    const std::vector<float> x = RandomFloats(7 * 32 * 11, 4);
    EXPECT_LT(WorstError(t, x, Multiply(pool, Weight(t), x, 7)), Bound(dtype, 32 * 11));
  }
}

TEST_P(MatMulTest, ARowDoesNotDependOnOtherRowsOrThreads) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(2), alone(1);
  constexpr int64_t kIn = 1280, kOut = 210, kTokens = 41;
  const std::vector<float> x = RandomFloats(kTokens * kIn, 5);
  for (const DType dtype : AllTypes()) {
    const Weight w(MakeTensor(dtype, kOut, kIn, 6));
    const std::vector<float> all = Multiply(pool, w, x, kTokens);
    for (int64_t t = 0; t < kTokens; t += 8) {
      const std::vector<float> row(x.begin() + t * kIn, x.begin() + (t + 1) * kIn);
      const std::vector<float> y = Multiply(alone, w, row, 1);
      for (int64_t o = 0; o < kOut; ++o) {
        ASSERT_EQ(y[o], all[t * kOut + o]) << InfoOf(dtype).name << " " << t << "," << o;
      }
    }
  }
}

TEST_P(MatMulTest, JointProductsEqualSingleOnes) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(2);
  const std::vector<float> x = RandomFloats(3 * 512, 7);
  std::vector<Weight> weights;
  std::vector<std::vector<float>> y;
  for (const DType dtype : AllTypes()) {
    weights.emplace_back(MakeTensor(dtype, 100, 512, 8));
    y.emplace_back(300);
  }
  std::vector<Product> products;
  for (size_t i = 0; i < weights.size(); ++i) products.push_back({&weights[i], y[i].data()});
  MatMul(pool, products, x.data(), 3);
  for (size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(y[i], Multiply(pool, weights[i], x, 3));
}

TEST_P(MatMulTest, AgreesWithScalar) {
  ThreadPool pool(2);
  const std::vector<float> x = RandomFloats(13 * 512, 9);
  for (const DType dtype : AllTypes()) {
    const Weight w(MakeTensor(dtype, 50, 512, 10));
    std::vector<float> expected, actual;
    {
      const ScopedKernels kernels(ScalarKernels());
      expected = Multiply(pool, w, x, 13);
    }
    {
      const ScopedKernels kernels(*GetParam().table);
      actual = Multiply(pool, w, x, 13);
    }
    // Outputs are about 20; only some sets round activations to bfloat16.
    const double bound = dtype == DType::kBF16 ? 0.15 : 2e-4;
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[i], bound) << InfoOf(dtype).name;
    }
  }
}

TEST_P(MatMulTest, NonFiniteInputsAreContained) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(1);
  for (const DType dtype : AllTypes()) {
    const Weight w(MakeTensor(dtype, 20, 256, 11));
    std::vector<float> x = RandomFloats(3 * 256, 12);
    const std::vector<float> clean = Multiply(pool, w, x, 3);
    x[5] = std::numeric_limits<float>::quiet_NaN();
    x[2 * 256 + 7] = std::numeric_limits<float>::infinity();
    const std::vector<float> y = Multiply(pool, w, x, 3);
    EXPECT_TRUE(std::isnan(y[0])) << InfoOf(dtype).name;
    EXPECT_FALSE(std::isfinite(y[2 * 20])) << InfoOf(dtype).name;
    for (int o = 0; o < 20; ++o) EXPECT_EQ(y[20 + o], clean[20 + o]);
  }
}

// Codes at the ends of their range, as files from elsewhere may hold them (-128 in Q8_0).
TEST_P(MatMulTest, ExtremeCodesAreExact) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(1);
  for (const DType dtype : {DType::kQ8_0, DType::kQ5_0, DType::kQ4_0, DType::kIQ4_NL}) {
    const Tensor t = MakeTensor(dtype, 16, 32, 1);
    auto* bytes = const_cast<std::byte*>(t.data);
    const size_t row_bytes = RowBytes(dtype, 32);
    for (int r = 0; r < 16; ++r) {
      for (size_t i = 2; i < row_bytes; ++i) {
        bytes[r * row_bytes + i] = r % 2 == 0 ? std::byte{0x80} : std::byte{0x7F};
      }
    }
    std::vector<float> x(32, 1.0f);
    for (int i = 16; i < 32; ++i) x[i] = -1.0f + 2.0f * (i % 3 == 0);
    EXPECT_LT(WorstError(t, x, Multiply(pool, Weight(t), x, 1)), 1e-6) << InfoOf(dtype).name;
  }
}

// Blocks of random bytes, as a broken file may hold them: whatever comes out, nothing breaks, and
// where the scales are numbers it is what the float product gives.
TEST_P(MatMulTest, TakesArbitraryBytes) {
  const ScopedKernels kernels(*GetParam().table);
  ThreadPool pool(1);
  Random random(14);
  const std::vector<float> x = RandomFloats(3 * 256, 15);
  for (const DType dtype : AllTypes()) {
    const Tensor t = MakeTensor(dtype, 16, 256, 16);
    auto* bytes = const_cast<std::byte*>(t.data);
    for (size_t i = 0; i < t.bytes(); ++i) bytes[i] = static_cast<std::byte>(random.Next());
    const std::vector<float> y = Multiply(pool, Weight(t), x, 3);
    std::vector<float> row(256);
    for (int64_t o = 0; o < 16; ++o) {
      DequantizeRow(dtype, t.row(o), row.data(), 256);
      double sum = 0, xx = 0, ww = 0;
      for (int64_t i = 0; i < 256; ++i) {
        sum += static_cast<double>(row[i]) * x[i];
        ww += std::pow(static_cast<double>(row[i]), 2);
        xx += std::pow(static_cast<double>(x[i]), 2);
      }
      if (!(ww < 1e30)) continue;
      EXPECT_LT(std::fabs(y[o] - sum) / std::sqrt(xx * ww), 0.02) << InfoOf(dtype).name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, MatMulTest, testing::ValuesIn(AllKernels()),
                         [](const auto& info) { return info.param.name; });

TEST(EmbedRowsTest, ReadsRowsOfAnyType) {
  ThreadPool pool(2);
  for (const DType dtype : AllTypes()) {
    const Tensor t = MakeTensor(dtype, 5, 256, 13);
    const int32_t ids[] = {4, 0, 4};
    std::vector<float> out(3 * 256), expected(256);
    EmbedRows(pool, t, ids, 3, out.data());
    DequantizeRow(dtype, t.row(4), expected.data(), 256);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.begin()));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.begin() + 512));
  }
}

}  // namespace
}  // namespace pioneer
