// Paged attention on every instruction set against plain double-precision softmax.
#include "tensor/ops/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "tensor/half.h"
#include "tensor/kernels/isa.h"

namespace pioneer {
namespace {

std::vector<float> RandomFloats(int64_t n, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

// Keys and values of one sequence, in pages filled with NaN before use.
class Pages {
 public:
  Pages(const AttentionShape& shape, int64_t n_tokens, uint64_t seed) : shape_(shape) {
    const int64_t row = shape.n_kv_heads * shape.head_dim;
    const int64_t n_pages = (n_tokens + kKvPageTokens - 1) / kKvPageTokens;
    storage_.assign(static_cast<size_t>(2 * n_pages),
                    std::vector<uint16_t>(static_cast<size_t>(row * kKvPageTokens), 0x7E00));
    for (int64_t p = 0; p < n_pages; ++p) {
      k_.push_back(storage_[2 * p].data());
      v_.push_back(storage_[2 * p + 1].data());
    }
    keys_ = RandomFloats(n_tokens * row, seed);
    values_ = RandomFloats(n_tokens * row, seed + 1);
    // In two pieces, to cross a page in the middle of a call and between calls.
    const int64_t first = n_tokens / 3;
    StoreKv(shape, k_.data(), v_.data(), 0, first, keys_.data(), values_.data());
    StoreKv(shape, k_.data(), v_.data(), first, n_tokens - first, keys_.data() + first * row,
            values_.data() + first * row);
  }

  AttentionSequence Rows(int64_t first_row, int64_t n_rows, int64_t position) const {
    return {k_.data(), v_.data(), first_row, n_rows, position};
  }

  // softmax(scale q.K) V of one query head, in double over the float16 values.
  std::vector<double> Expected(const float* q, int head, int64_t position) const {
    const int dim = shape_.head_dim;
    const int64_t row = shape_.n_kv_heads * dim;
    const int kv_head = head / (shape_.n_heads / shape_.n_kv_heads);
    std::vector<double> weights, out(static_cast<size_t>(dim), 0.0);
    double largest = -INFINITY, sum = 0;
    for (int64_t t = 0; t <= position; ++t) {
      double dot = 0;
      for (int d = 0; d < dim; ++d) dot += q[d] * Rounded(keys_[t * row + kv_head * dim + d]);
      weights.push_back(dot * shape_.scale);
      largest = std::max(largest, weights.back());
    }
    for (double& w : weights) sum += w = std::exp(w - largest);
    for (int64_t t = 0; t <= position; ++t) {
      for (int d = 0; d < dim; ++d) {
        out[d] += weights[t] / sum * Rounded(values_[t * row + kv_head * dim + d]);
      }
    }
    return out;
  }

 private:
  static double Rounded(float v) { return HalfToFloat(FloatToHalf(v)); }

  AttentionShape shape_;
  std::vector<std::vector<uint16_t>> storage_;
  std::vector<uint16_t*> k_, v_;
  std::vector<float> keys_, values_;
};

AttentionShape Shape(int n_heads, int n_kv_heads, int head_dim) {
  return {n_heads, n_kv_heads, head_dim, 1.0f / std::sqrt(static_cast<float>(head_dim))};
}

class AttentionTest : public testing::TestWithParam<Isa> {};

TEST_P(AttentionTest, MatchesDoublePrecisionOverPagesSequencesAndGroups) {
  const ScopedIsa isa(GetParam());
  ThreadPool pool(2);
  for (const AttentionShape& shape :
       {Shape(4, 4, 64), Shape(9, 3, 64), Shape(8, 1, 8), Shape(6, 2, 20), Shape(14, 2, 128)}) {
    const Pages a(shape, 70, 1), b(shape, 33, 2);
    // All of a, the last token of b, and a later chunk of a: 70 + 1 + 9 rows.
    const std::vector<AttentionSequence> sequences = {a.Rows(0, 70, 0), b.Rows(70, 1, 32),
                                                      a.Rows(71, 9, 55)};
    const int64_t width = shape.n_heads * shape.head_dim;
    const std::vector<float> q = RandomFloats(80 * width, 3);
    std::vector<float> out(q.size(), NAN);
    Attention(pool, shape, q.data(), sequences, out.data());
    for (int64_t row = 0; row < 80; ++row) {
      const Pages& pages = row == 70 ? b : a;
      const int64_t position = row < 70 ? row : row == 70 ? 32 : 55 + row - 71;
      for (int h = 0; h < shape.n_heads; ++h) {
        const int64_t at = row * width + h * shape.head_dim;
        const std::vector<double> expected = pages.Expected(q.data() + at, h, position);
        for (int d = 0; d < shape.head_dim; ++d) {
          ASSERT_NEAR(out[at + d], expected[d], 3e-6) << "row " << row << " head " << h;
        }
      }
    }
  }
}

TEST_P(AttentionTest, ARowDoesNotDependOnOtherRows) {
  const ScopedIsa isa(GetParam());
  ThreadPool pool(2);
  const AttentionShape shape = Shape(6, 2, 64);
  constexpr int64_t kTokens = 150;
  const Pages pages(shape, kTokens, 4);
  const int64_t width = shape.n_heads * shape.head_dim;
  const std::vector<float> q = RandomFloats(kTokens * width, 5);
  std::vector<float> all(q.size()), one(static_cast<size_t>(width));
  const AttentionSequence whole[] = {pages.Rows(0, kTokens, 0)};
  Attention(pool, shape, q.data(), whole, all.data());
  for (int64_t row = 0; row < kTokens; ++row) {
    const AttentionSequence single[] = {pages.Rows(0, 1, row)};
    Attention(pool, shape, q.data() + row * width, single, one.data());
    for (int64_t i = 0; i < width; ++i) ASSERT_EQ(one[i], all[row * width + i]) << row;
  }
}

TEST_P(AttentionTest, ALongContextIsSplitWithoutChangingAnything) {
  const ScopedIsa isa(GetParam());
  ThreadPool pool(2), alone(1);
  const AttentionShape shape = Shape(3, 1, 32);
  constexpr int64_t kTokens = 2500;
  const Pages pages(shape, kTokens, 6);
  const int64_t width = shape.n_heads * shape.head_dim;
  const std::vector<float> q = RandomFloats(6 * width, 7);
  std::vector<float> all(q.size()), one(static_cast<size_t>(width));
  const AttentionSequence last[] = {pages.Rows(0, 6, kTokens - 6)};
  Attention(pool, shape, q.data(), last, all.data());
  for (int64_t row = 0; row < 6; ++row) {
    const AttentionSequence single[] = {pages.Rows(0, 1, kTokens - 6 + row)};
    Attention(alone, shape, q.data() + row * width, single, one.data());
    for (int64_t i = 0; i < width; ++i) ASSERT_EQ(one[i], all[row * width + i]) << row;
    const std::vector<double> expected =
        pages.Expected(q.data() + row * width, 0, kTokens - 6 + row);
    for (int d = 0; d < shape.head_dim; ++d) ASSERT_NEAR(one[d], expected[d], 3e-6);
  }
}

TEST_P(AttentionTest, NonFiniteQueriesStayInTheirRow) {
  const ScopedIsa isa(GetParam());
  ThreadPool pool(1);
  const AttentionShape shape = Shape(2, 1, 16);
  const Pages pages(shape, 40, 8);
  std::vector<float> q = RandomFloats(3 * 32, 9), out(q.size());
  q[0] = std::numeric_limits<float>::quiet_NaN();
  q[64] = std::numeric_limits<float>::infinity();
  const AttentionSequence rows[] = {pages.Rows(0, 3, 37)};
  Attention(pool, shape, q.data(), rows, out.data());
  EXPECT_TRUE(std::isnan(out[0]));
  for (int i = 32; i < 64; ++i) EXPECT_TRUE(std::isfinite(out[i]));
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionTest, testing::ValuesIn(DetectedIsas()),
                         [](const auto& info) { return std::string(IsaName(info.param)); });

}  // namespace
}  // namespace pioneer
