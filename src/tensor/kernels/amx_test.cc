// The products of AMX on emulated tiles, on any machine with AVX-512, and on real ones where there
// are such. ops/matmul_test.cc holds both to double precision and to single rows.
#include <gtest/gtest.h>

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/random.h"
#include "tensor/half.h"
#include "tensor/kernels/amx_emulation.h"
#include "tensor/kernels/isa.h"
#include "tensor/kernels/panels.h"
#include "tensor/kernels/region.h"
#include "tensor/ops/matmul.h"
#include "tensor/quantize.h"

#pragma GCC diagnostic ignored "-Wuninitialized"

PIONEER_BEGIN_TARGET("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")
namespace pioneer {
namespace {

#include "tensor/kernels/simd_avx512.inl.h"
//
#include "tensor/kernels/generic/reduce_x86.inl.h"
//
#include "tensor/kernels/generic/weights.inl.h"
// (order matters: each builds on those above)
#include "tensor/kernels/generic/matmul.inl.h"
//
#include "tensor/kernels/generic/activations.inl.h"
//
#include "tensor/kernels/matmul_bf16_avx512.inl.h"
//
#include "tensor/kernels/matmul_amx.inl.h"

}  // namespace
}  // namespace pioneer
PIONEER_END_TARGET

namespace pioneer {

const KernelTable& EmulatedAmxKernels() {
  static const KernelTable table = MakeTableOfTiles<EmulatedTiles>();
  return table;
}

namespace {

bool Detected(Isa isa) {
  const std::vector<Isa> detected = DetectedIsas();
  return std::find(detected.begin(), detected.end(), isa) != detected.end();
}

uint16_t Bf16(float v) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(v) >> 16); }

// One row of n_pairs pairs with one column: the float that DotBf16 makes of c.
float DotOfPairs(float c, const std::vector<float>& a, const std::vector<float>& b) {
  const int n_pairs = static_cast<int>(a.size() / 2);
  TileConfig config;
  config.Shape(0, 1, 4);
  config.Shape(1, 1, 4 * n_pairs);
  config.Shape(2, n_pairs, 4);
  std::vector<uint16_t> a_bits, b_bits;
  for (const float v : a) a_bits.push_back(Bf16(v));
  for (const float v : b) b_bits.push_back(Bf16(v));
  EmulatedTiles::Configure(config);
  EmulatedTiles::Load<0>(&c, 4);
  EmulatedTiles::Load<1>(a_bits.data(), 64);
  EmulatedTiles::Load<2>(b_bits.data(), 4);
  EmulatedTiles::DotBf16<0, 1, 2>();
  EmulatedTiles::Store<0>(&c, 4);
  EmulatedTiles::Release();
  return c;
}

TEST(EmulatedTilesTest, AddPairsApartAndThenToTheSum) {
  // 2^24 + 1 is no float: the order of additions shows.
  EXPECT_EQ(DotOfPairs(0x1p24f, {1, 1}, {1, 1}), 0x1p24f + 2);
  EXPECT_EQ(DotOfPairs(0, {0x1p24f, 1, 1, 1}, {1, 1, 1, 1}), 0x1p24f + 2);
  EXPECT_EQ(DotOfPairs(0, {0x1p24f, 1, -0x1p24f, 1, 1, 0}, {1, 1, 1, 1, 1, 1}), 3);
  EXPECT_EQ(DotOfPairs(0, {0x1p24f, 0, 1, 0, 1, 0}, {1, 1, 1, 1, 1, 1}), 0x1p24f);
  EXPECT_EQ(DotOfPairs(0x1p24f + 2, {1, 0}, {1, 0}), 0x1p24f + 4);  // a tie, to even
}

TEST(EmulatedTilesTest, TakeAndMakeNoDenormals) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  EXPECT_EQ(DotOfPairs(0, {kLeast / 2, 0}, {4, 0}), 0);
  EXPECT_EQ(DotOfPairs(kLeast / 2, {kLeast, 0}, {1, 0}), kLeast);
  EXPECT_EQ(DotOfPairs(0, {kLeast, 0}, {0.5f, 0}), 0);
  EXPECT_TRUE(std::signbit(DotOfPairs(-0.0f, {-kLeast, kLeast}, {0.5f, -0.5f})));
  EXPECT_EQ(DotOfPairs(0, {kLeast, kLeast}, {1.5f, -1}), 0);
  // Just below the least normal number: rounds up to it, or not by the bits of a normal number.
  EXPECT_EQ(DotOfPairs(0, {kLeast, kLeast, 0, 0}, {1, 1, 0, 0}), 2 * kLeast);
  EXPECT_EQ(DotOfPairs(0, {kLeast, 0, 0x1p-75f, 0}, {1, 0, -0x1p-75f, 0}), 0);
  EXPECT_EQ(DotOfPairs(0, {kLeast, 0, 0x1p-76f, 0}, {1, 0, -0x1p-76f, 0}), kLeast);
  EXPECT_TRUE(std::isnan(DotOfPairs(0, {INFINITY, 0}, {0, 0})));
}

TEST(EmulatedTilesTest, RefuseWhatAProcessorRefuses) {
  TileConfig config;
  config.Shape(0, 16, 64);
  config.Shape(1, 16, 32);
  config.Shape(2, 16, 64);
  EXPECT_THROW((EmulatedTiles::Zero<0>()), std::logic_error);
  EmulatedTiles::Configure(config);
  EXPECT_THROW((EmulatedTiles::DotInt8<0, 1, 2>()), std::logic_error);
  EXPECT_THROW((EmulatedTiles::DotInt8<0, 0, 2>()), std::logic_error);
  EXPECT_THROW((EmulatedTiles::Zero<3>()), std::logic_error);
  EmulatedTiles::Release();
  config.Shape(1, 17, 64);
  EXPECT_THROW(EmulatedTiles::Configure(config), std::logic_error);
}

// Tiles whose integer product takes the operands the wrong way round.
struct SwappedTiles : EmulatedTiles {
  template <int kC, int kA, int kB>
  static void DotInt8() {
    EmulatedTiles::DotInt8<kC, kB, kA>();
  }
};

TEST(EmulatedTilesTest, TheCheckOfAMachinesTilesSeesMistakes) {
  EXPECT_TRUE(TilesMultiply<EmulatedTiles>());
  EXPECT_FALSE(TilesMultiply<SwappedTiles>());
  EXPECT_FALSE(EmulatedTiles::configured());
}

class AmxTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Detected(Isa::kAvx512)) GTEST_SKIP() << "this machine has no AVX-512";
    tables_ = {&EmulatedAmxKernels()};  // which are compiled for AVX-512
    const bool real = Detected(Isa::kAmx);
    if (real) tables_.push_back(&AmxKernels());
    std::printf("AMX: %s\n", real ? "emulated tiles and this machine's" : "emulated tiles only");
  }

  // Of random bytes where `arbitrary`, else of normal numbers.
  static Tensor MakeTensor(DType dtype, int64_t rows, int64_t cols, bool arbitrary) {
    Random random(static_cast<uint64_t>(rows * cols));
    const size_t row_bytes = RowBytes(dtype, cols);
    auto bytes = std::make_shared<std::vector<std::byte>>(row_bytes * static_cast<size_t>(rows));
    if (arbitrary) {
      for (std::byte& b : *bytes) b = static_cast<std::byte>(random.Next());
    } else {
      std::vector<float> row(static_cast<size_t>(cols));
      for (int64_t r = 0; r < rows; ++r) {
        for (float& v : row) v = static_cast<float>(random.Normal());
        QuantizeRow(dtype, row.data(), bytes->data() + r * row_bytes, cols);
      }
    }
    return {"w", dtype, {rows, cols}, bytes->data(), bytes};
  }

  static std::vector<float> Multiply(const KernelTable& table, const Weight& w,
                                     const std::vector<float>& x) {
    const ScopedKernels kernels(table);
    const int64_t n_tokens = std::ssize(x) / w.n_in();
    std::vector<float> y(static_cast<size_t>(n_tokens * w.n_out()), -7.0f);
    ThreadPool pool(2);
    MatMul(pool, w, x.data(), n_tokens, y.data());
    EXPECT_FALSE(EmulatedTiles::configured());
    return y;
  }

  void ExpectBitsOfAvx512(const Tensor& tensor, int64_t n_tokens) {
    const Weight w(tensor);
    Random random(3);
    std::vector<float> x(static_cast<size_t>(n_tokens * w.n_in()));
    for (float& v : x) v = static_cast<float>(random.Normal());
    const std::vector<float> expected = Multiply(Avx512Kernels(), w, x);
    for (const KernelTable* table : tables_) {
      const std::vector<float> y = Multiply(*table, w, x);
      for (size_t i = 0; i < y.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(y[i])) continue;
        ASSERT_EQ(std::bit_cast<uint32_t>(y[i]), std::bit_cast<uint32_t>(expected[i]))
            << InfoOf(tensor.dtype).name << ", " << n_tokens << " tokens: " << i;
      }
    }
  }

  std::vector<const KernelTable*> tables_;
};

TEST_F(AmxTest, BlockTypesGiveTheBitsOfAvx512) {
  for (const DTypeInfo& info : AllDTypes()) {
    if (info.dtype == DType::kBF16) continue;
    for (const int64_t n_tokens : {1, 15, 16, 17, 70, 209}) {
      ExpectBitsOfAvx512(MakeTensor(info.dtype, 37, 512, false), n_tokens);
      ExpectBitsOfAvx512(MakeTensor(info.dtype, 20, 256, true), n_tokens);
      if (info.block_elements != 32) continue;
      ExpectBitsOfAvx512(MakeTensor(info.dtype, 19, 32 * 11, false), n_tokens);
    }
  }
}

// Each row of every number of tokens that makes another shape of tiles.
TEST_F(AmxTest, Bf16RowsDoNotDependOnHowManyThereAre) {
  for (const int64_t n_in : {1, 33, 300, 517}) {
    const Weight w(MakeTensor(DType::kBF16, 35, n_in, false));
    Random random(5);
    std::vector<float> x(static_cast<size_t>(200 * n_in));
    for (float& v : x) v = static_cast<float>(random.Normal());
    for (const KernelTable* table : tables_) {
      const std::vector<float> all = Multiply(*table, w, x);
      for (const int64_t n : {1, 2, 7, 15, 16, 17, 33, 49, 80}) {
        const std::vector<float> some(x.begin(), x.begin() + n * n_in);
        const std::vector<float> y = Multiply(*table, w, some);
        EXPECT_TRUE(std::equal(y.begin(), y.end(), all.begin())) << n_in << ", " << n;
      }
    }
  }
}

// Where no sum rounds, all ways of adding agree.
TEST_F(AmxTest, Bf16IsExactWhereSumsAre) {
  Tensor tensor = MakeTensor(DType::kBF16, 21, 300, false);
  auto* weights = reinterpret_cast<uint16_t*>(const_cast<std::byte*>(tensor.data));
  const auto weight = [](int64_t o, int64_t k) { return static_cast<float>((o * 7 + k) % 15 - 7); };
  for (int64_t i = 0; i < 21 * 300; ++i) weights[i] = Bf16(weight(i / 300, i % 300));
  std::vector<float> x(40 * 300);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 5) % 31) - 15;
  for (const KernelTable* table : tables_) {
    const std::vector<float> y = Multiply(*table, Weight(tensor), x);
    for (int64_t t = 0; t < 40; ++t) {
      for (int64_t o = 0; o < 21; ++o) {
        float sum = 0;
        for (int64_t k = 0; k < 300; ++k) sum += weight(o, k) * x[t * 300 + k];
        ASSERT_EQ(y[t * 21 + o], sum) << t << ", " << o;
      }
    }
  }
}

}  // namespace
}  // namespace pioneer

#endif
