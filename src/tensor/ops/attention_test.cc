// Paged attention on every instruction set against plain double-precision softmax.
#include "tensor/ops/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// softmax(scores) . V in double, as the shape says; sees(t): whether key t is seen.
template <typename Sees, typename Key, typename Value>
std::vector<double> PlainAttention(const AttentionShape& shape, const float* q, int head,
                                   int64_t n_keys, const Sees& sees, const Key& key,
                                   const Value& value) {
  std::vector<double> weights(n_keys, -INFINITY), out(shape.ValueDim(), 0.0);
  double largest = shape.sinks ? shape.sinks[head] : -INFINITY;
  for (int64_t t = 0; t < n_keys; ++t) {
    if (!sees(t)) continue;
    double dot = 0;
    for (int d = 0; d < shape.head_dim; ++d) dot += q[d] * key(t, d);
    dot *= shape.scale;
    if (shape.soft_cap > 0) dot = shape.soft_cap * std::tanh(dot / shape.soft_cap);
    weights[t] = dot;
    largest = std::max(largest, dot);
  }
  double sum = shape.sinks ? std::exp(shape.sinks[head] - largest) : 0;
  for (double& w : weights) sum += w = std::exp(w - largest);
  for (int64_t t = 0; t < n_keys; ++t) {
    if (!sees(t)) continue;
    for (int d = 0; d < shape.ValueDim(); ++d) out[d] += weights[t] / sum * value(t, d);
  }
  return out;
}

// Keys and values of one sequence, in pages filled with bytes that make NaN before use.
class Pages {
 public:
  Pages(const AttentionShape& shape, int64_t n_tokens, uint64_t seed) : shape_(shape) {
    ThreadPool pool(2);
    const int64_t n_pages = (n_tokens + kKvPageTokens - 1) / kKvPageTokens;
    for (int64_t p = 0; p < n_pages; ++p) {
      storage_.emplace_back(KPageBytes(shape), std::byte{0xFF});
      k_.push_back(storage_.back().data());
      storage_.emplace_back(VPageBytes(shape), std::byte{0xFF});
      v_.push_back(storage_.back().data());
    }
    const int64_t k_row = int64_t{shape.n_kv_heads} * shape.head_dim;
    const int64_t v_row = int64_t{shape.n_kv_heads} * shape.ValueDim();
    keys_ = RandomFloats(n_tokens * k_row, seed);
    values_ = RandomFloats(n_tokens * v_row, seed + 1);
    // In two pieces, to cross a page in the middle of a call and between calls.
    const int64_t first = n_tokens / 3;
    StoreKv(pool, shape, k_.data(), v_.data(), 0, first, keys_.data(), values_.data());
    StoreKv(pool, shape, k_.data(), v_.data(), first, n_tokens - first,
            keys_.data() + first * k_row, values_.data() + first * v_row);
    Round(shape.k_type, shape.head_dim, keys_);
    Round(shape.v_type, shape.ValueDim(), values_);
  }

  AttentionSequence Rows(int64_t first_row, int64_t n_rows, int64_t position) const {
    return {k_.data(), v_.data(), first_row, n_rows, position};
  }

  // The memory of a page that no row sees any more may hold anything, or be gone.
  void Forget(int64_t page) { k_[page] = v_[page] = nullptr; }

  // One query head, over what the pages are meant to hold.
  std::vector<double> Expected(const float* q, int head, int64_t position) const {
    const int64_t n_kv = shape_.n_kv_heads, kv_head = head / (shape_.n_heads / n_kv);
    return PlainAttention(
        shape_, q, head, position + 1,
        [&](int64_t t) { return shape_.window == 0 || t > position - shape_.window; },
        [&](int64_t t, int d) { return keys_[(t * n_kv + kv_head) * shape_.head_dim + d]; },
        [&](int64_t t, int d) { return values_[(t * n_kv + kv_head) * shape_.ValueDim() + d]; });
  }

 private:
  // What a type makes of rows of `dim` numbers: the definition, not the code under test.
  static void Round(KvType type, int dim, std::vector<float>& x) {
    for (size_t row = 0; row < x.size(); row += dim) {
      for (int block = 0; block < dim; block += 32) {
        RoundBlock(type, x.data() + row + block, std::min(32, dim - block));
      }
    }
  }
  static void RoundBlock(KvType type, float* x, int n) {
    const auto [lowest, highest] = std::minmax_element(x, x + n);
    const bool bytes = type == KvType::kQ8_0;
    const float span =
        bytes ? std::max(*highest, -*lowest) / 127.0f : std::max(*highest / 7.5f, -*lowest / 8.5f);
    const float step = HalfToFloat(FloatToHalf(span));
    for (int i = 0; i < n; ++i) {
      if (type == KvType::kF16) x[i] = HalfToFloat(FloatToHalf(x[i]));
      if (type == KvType::kBf16) x[i] = Bf16ToFloat(FloatToBf16(x[i]));
      if (type != KvType::kQ8_0 && type != KvType::kQ4_0) continue;
      x[i] =
          std::clamp(std::nearbyint(x[i] / step), bytes ? -127.0f : -8.0f, bytes ? 127.0f : 7.0f) *
          step;
    }
  }

  AttentionShape shape_;
  std::vector<std::vector<std::byte>> storage_;
  std::vector<std::byte*> k_, v_;
  std::vector<float> keys_, values_;
};

// How far a result may be from the exact one over the same pages. float32 is exact but for the
// order of sums. bfloat16 rounds queries and weights to 8 bits: a score of q.k / sqrt(dim) is off
// by about 2^-9 |q||k| / dim, a weight by 2^-9. Bytes round queries by 1/254 of the largest of 32
// and weights by 1/254 of the largest of a page.
double BoundOf(const AttentionShape& shape) {
  const auto of = [](KvType type) {
    switch (type) {
      case KvType::kBf16:
        return 0.02;
      case KvType::kQ8_0:
      case KvType::kQ4_0:
        return 0.05;
      default:
        return 5e-6;
    }
  };
  return std::max(of(shape.k_type), of(shape.v_type));
}

AttentionShape Shape(int n_heads, int n_kv_heads, int head_dim) {
  return {n_heads, n_kv_heads, head_dim, 1.0f / std::sqrt(static_cast<float>(head_dim))};
}

constexpr float kSinks[] = {0.5f, -2.0f, 3.0f, 0.0f, 1.0f, -1.0f, 6.0f, 2.0f};

// Plain ones, then one with each thing that a model may add, then all of them.
std::vector<AttentionShape> AllShapes() {
  std::vector<AttentionShape> shapes = {Shape(4, 4, 64),   Shape(9, 3, 64),   Shape(8, 1, 8),
                                        Shape(6, 2, 20),   Shape(14, 2, 128), Shape(11, 1, 16),
                                        Shape(16, 1, 576), Shape(4, 4, 192)};
  shapes[6].value_dim = 512;
  shapes[7].value_dim = 128;
  for (const int window : {1, 7, 32, 50}) {
    shapes.push_back(Shape(4, 2, 32));
    shapes.back().window = window;
  }
  shapes.push_back(Shape(4, 2, 32));
  shapes.back().soft_cap = 2;
  shapes.push_back(Shape(8, 2, 32));
  shapes.back().sinks = kSinks;
  shapes.push_back({8, 4, 24, 0.3f, 40, 33, 3.0f, kSinks});
  return shapes;
}

struct Case {
  Isa isa;
  KvType k_type, v_type;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const Isa isa : DetectedIsas()) {
    for (int type = 0; type < kKvTypes; ++type) {
      cases.push_back({isa, static_cast<KvType>(type), static_cast<KvType>(type)});
    }
    cases.push_back({isa, KvType::kQ8_0, KvType::kQ4_0});
    cases.push_back({isa, KvType::kF16, KvType::kBf16});
  }
  return cases;
}

class AttentionTest : public testing::TestWithParam<Case> {
 protected:
  AttentionShape Typed(AttentionShape shape) const {
    shape.k_type = GetParam().k_type;
    shape.v_type = GetParam().v_type;
    return shape;
  }
  const ScopedIsa isa_{GetParam().isa};
};

TEST_P(AttentionTest, MatchesDoublePrecisionOverPagesSequencesAndGroups) {
  ThreadPool pool(2);
  for (const AttentionShape& plain : AllShapes()) {
    const AttentionShape shape = Typed(plain);
    const Pages a(shape, 70, 1), b(shape, 33, 2);
    // All of a, the last token of b, and a later chunk of a: 70 + 1 + 9 rows.
    const std::vector<AttentionSequence> sequences = {a.Rows(0, 70, 0), b.Rows(70, 1, 32),
                                                      a.Rows(71, 9, 55)};
    const std::vector<float> q = RandomFloats(80 * shape.n_heads * shape.head_dim, 3);
    std::vector<float> out(80 * shape.n_heads * shape.ValueDim(), NAN);
    Attention(pool, shape, q.data(), sequences, out.data());
    double squares = 0;
    for (int64_t row = 0; row < 80; ++row) {
      const Pages& pages = row == 70 ? b : a;
      const int64_t position = row < 70 ? row : row == 70 ? 32 : 55 + row - 71;
      for (int h = 0; h < shape.n_heads; ++h) {
        const int64_t at = row * shape.n_heads + h;
        const auto expected = pages.Expected(q.data() + at * shape.head_dim, h, position);
        for (int d = 0; d < shape.ValueDim(); ++d) {
          const double error = out[at * shape.ValueDim() + d] - expected[d];
          ASSERT_LT(std::abs(error), BoundOf(shape)) << "row " << row << " head " << h;
          squares += error * error;
        }
      }
    }
    // Rounding errors are seldom near the bound.
    EXPECT_LT(std::sqrt(squares / static_cast<double>(out.size())), BoundOf(shape) / 4);
  }
}

TEST_P(AttentionTest, ARowDoesNotDependOnOtherRows) {
  ThreadPool pool(2);
  AttentionShape shape = Typed(Shape(6, 2, 64));
  shape.window = 70;
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
  ThreadPool pool(2), alone(1);
  const AttentionShape shape = Typed(Shape(3, 1, 32));
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
    for (int d = 0; d < shape.head_dim; ++d) ASSERT_NEAR(one[d], expected[d], BoundOf(shape));
  }
}

TEST_P(AttentionTest, PagesBeforeTheWindowAreNotRead) {
  ThreadPool pool(1);
  AttentionShape shape = Typed(Shape(2, 1, 16));
  shape.window = 40;
  Pages pages(shape, 200, 8);
  for (int64_t page = 0; page < 4; ++page) pages.Forget(page);
  const std::vector<float> q = RandomFloats(10 * 32, 9);
  std::vector<float> out(q.size());
  const AttentionSequence rows[] = {pages.Rows(0, 10, 170)};  // the first sees 131..170
  Attention(pool, shape, q.data(), rows, out.data());
  for (int64_t row = 0; row < 10; ++row) {
    const auto expected = pages.Expected(q.data() + row * 32, 0, 170 + row);
    for (int d = 0; d < 16; ++d) ASSERT_NEAR(out[row * 32 + d], expected[d], BoundOf(shape));
  }
}

TEST_P(AttentionTest, InBothDirectionsEveryRowSeesItsWholeText) {
  ThreadPool pool(2);
  std::vector<AttentionShape> shapes = {Shape(4, 4, 64), Shape(9, 3, 20), Shape(4, 2, 24)};
  shapes[2].value_dim = 40;
  for (const AttentionShape& shape : shapes) {
    const int64_t dim = shape.head_dim, value_dim = shape.ValueDim(), n_kv = shape.n_kv_heads;
    const std::vector<RowRange> texts = {{0, 70}, {70, 1}, {71, 32}};
    const std::vector<float> q = RandomFloats(103 * shape.n_heads * dim, 1);
    const std::vector<float> k = RandomFloats(103 * n_kv * dim, 2);
    const std::vector<float> v = RandomFloats(103 * n_kv * value_dim, 3);
    std::vector<float> out(103 * shape.n_heads * value_dim, NAN);
    FullAttention(pool, shape, q.data(), k.data(), v.data(), texts, out.data());
    for (const RowRange& text : texts) {
      for (int64_t i = 0; i < text.n_rows * shape.n_heads; ++i) {
        const int64_t at = text.first_row * shape.n_heads + i;
        const int head = static_cast<int>(i % shape.n_heads);
        const int64_t kv_head = head / (shape.n_heads / n_kv);
        const auto expected = PlainAttention(
            shape, q.data() + at * dim, head, text.n_rows, [](int64_t) { return true; },
            [&](int64_t t, int d) { return k[((text.first_row + t) * n_kv + kv_head) * dim + d]; },
            [&](int64_t t, int d) {
              return v[((text.first_row + t) * n_kv + kv_head) * value_dim + d];
            });
        for (int d = 0; d < value_dim; ++d) {
          ASSERT_NEAR(out[at * value_dim + d], expected[d], 3e-6) << "row " << at;
        }
      }
    }
  }
}

TEST_P(AttentionTest, NonFiniteQueriesStayInTheirRow) {
  ThreadPool pool(1);
  const AttentionShape shape = Typed(Shape(2, 1, 16));
  const Pages pages(shape, 40, 8);
  std::vector<float> q = RandomFloats(3 * 32, 9), out(q.size());
  q[0] = std::numeric_limits<float>::quiet_NaN();
  q[64] = std::numeric_limits<float>::infinity();
  const AttentionSequence rows[] = {pages.Rows(0, 3, 37)};
  Attention(pool, shape, q.data(), rows, out.data());
  EXPECT_TRUE(std::isnan(out[0]));
  for (int i = 32; i < 64; ++i) EXPECT_TRUE(std::isfinite(out[i]));
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionTest, testing::ValuesIn(AllCases()), [](const auto& info) {
  return std::string(IsaName(info.param.isa)) + "_" + KvTypeName(info.param.k_type) + "_" +
         KvTypeName(info.param.v_type);
});

}  // namespace
}  // namespace pioneer
