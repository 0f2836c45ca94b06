// Short convolutions and the gated delta rule on every instruction set against plain loops in
// double precision, and in one call against many.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "tensor/kernels/isa.h"
#include "tensor/ops/delta_rule.h"
#include "tensor/ops/short_conv.h"

namespace pioneer {
namespace {

std::vector<float> RandomFloats(int64_t n, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(random.Normal());
  return values;
}

class RecurrenceTest : public testing::TestWithParam<Isa> {
 protected:
  ScopedIsa isa_{GetParam()};
  ThreadPool pool_{2};
};

TEST_P(RecurrenceTest, ShortConvSeesTheLastTokensOfItsSequence) {
  for (const auto& [channels, taps] : {std::pair(5, 3), {64, 4}, {100, 1}, {33, 2}}) {
    const ShortConv conv{channels, taps, RandomFloats(channels * taps, 1)};
    const std::vector<float> x = RandomFloats(30 * channels, 2);
    std::vector<float> y(x.size(), NAN), state(conv.StateFloats()), other(conv.StateFloats());
    // Rows 0..19 are one sequence, 20..29 another.
    const ShortConvSequence both[] = {{state.data(), 0, 20}, {other.data(), 20, 10}};
    RunShortConv(pool_, conv, both, x.data(), y.data());
    for (int row = 0; row < 30; ++row) {
      for (int c = 0; c < channels; ++c) {
        double expected = 0;
        for (int j = 0; j < taps; ++j) {
          const int from = row - (taps - 1) + j;
          if (from < (row < 20 ? 0 : 20)) continue;
          expected += static_cast<double>(conv.weights[j * channels + c]) * x[from * channels + c];
        }
        ASSERT_NEAR(y[row * channels + c], expected, 2e-6) << row;
      }
    }
  }
}

TEST_P(RecurrenceTest, ShortConvInPiecesGivesTheSameBits) {
  const ShortConv conv{20, 4, RandomFloats(80, 1)};
  const std::vector<float> x = RandomFloats(12 * 20, 2);
  std::vector<float> whole(x.size()), pieces(x.size());
  std::vector<float> state(conv.StateFloats()), cut_state(conv.StateFloats());
  const ShortConvSequence once[] = {{state.data(), 0, 12}};
  RunShortConv(pool_, conv, once, x.data(), whole.data());
  int64_t row = 0;
  for (const int n : {1, 1, 2, 5, 3}) {
    const ShortConvSequence piece[] = {{cut_state.data(), row, n}};
    RunShortConv(pool_, conv, piece, x.data(), pieces.data());
    row += n;
  }
  EXPECT_EQ(whole, pieces);
  EXPECT_EQ(state, cut_state);
}

TEST_P(RecurrenceTest, ShortConvRefusesWeightsThatDoNotFit) {
  EXPECT_THROW(RunShortConv(pool_, {4, 3, std::vector<float>(11)}, {}, nullptr, nullptr), Error);
}

// Inputs of a delta rule, with room between the rows.
struct RuleInputs {
  RuleInputs(int key_heads, int value_heads, int key_dim, int value_dim, int64_t n_rows) {
    rule = {key_heads, value_heads, key_dim, value_dim, 0.7f};
    rule.qk_stride = 2 * key_heads * key_dim + 3;
    rule.v_stride = value_heads * value_dim + 5;
    qk = RandomFloats(n_rows * rule.qk_stride, 1);
    for (float& x : qk) x /= std::sqrt(static_cast<float>(key_dim));
    values = RandomFloats(n_rows * rule.v_stride, 4);
    log_decay = RandomFloats(n_rows * value_heads, 2);
    for (float& g : log_decay) g = -std::fabs(g);
    beta = RandomFloats(n_rows * value_heads, 3);
    for (float& b : beta) b = 1 / (1 + std::exp(-b));
    out.assign(static_cast<size_t>(n_rows * value_heads * value_dim), NAN);
    rule.q = qk.data();
    rule.k = rule.q + key_heads * key_dim;
    rule.v = values.data();
    rule.log_decay = log_decay.data();
    rule.beta = beta.data();
    rule.out = out.data();
  }
  DeltaRule rule;
  std::vector<float> qk, values, log_decay, beta, out;
};

// One token of one head by the formula; S: [key_dim][value_dim].
std::vector<double> PlainStep(const DeltaRule& rule, int64_t row, int head,
                              std::vector<double>& s) {
  const int dim = rule.key_dim, width = rule.value_dim, key_head = head % rule.n_key_heads;
  const float* q = rule.q + row * rule.qk_stride + key_head * dim;
  const float* k = rule.k + row * rule.qk_stride + key_head * dim;
  const float* v = rule.v + row * rule.v_stride + head * width;
  const double decay =
      std::exp(static_cast<double>(rule.log_decay[row * rule.n_value_heads + head]));
  const double beta = rule.beta[row * rule.n_value_heads + head];
  std::vector<double> out(width, 0.0);
  for (double& x : s) x *= decay;
  for (int c = 0; c < width; ++c) {
    double known = 0;
    for (int d = 0; d < dim; ++d) known += k[d] * s[d * width + c];
    for (int d = 0; d < dim; ++d) {
      s[d * width + c] += k[d] * beta * (v[c] - known);
      out[c] += rule.scale * q[d] * s[d * width + c];
    }
  }
  return out;
}

TEST_P(RecurrenceTest, DeltaRuleFollowsItsFormula) {
  for (const auto& [key_heads, value_heads, key_dim, value_dim] :
       {std::tuple(1, 1, 8, 8), {2, 6, 20, 24}, {2, 4, 128, 128}, {3, 3, 16, 80}}) {
    RuleInputs in(key_heads, value_heads, key_dim, value_dim, 13);
    std::vector<float> a(in.rule.StateFloats()), b(in.rule.StateFloats());
    const DeltaRuleSequence sequences[] = {{a.data(), 0, 10}, {b.data(), 10, 3}};
    GatedDeltaRule(pool_, in.rule, sequences);
    for (int head = 0; head < value_heads; ++head) {
      std::vector<double> state(static_cast<size_t>(key_dim * value_dim));
      for (int64_t row = 0; row < 13; ++row) {
        if (row == 10) std::fill(state.begin(), state.end(), 0.0);
        const std::vector<double> expected = PlainStep(in.rule, row, head, state);
        for (int c = 0; c < value_dim; ++c) {
          ASSERT_NEAR(in.out[(row * value_heads + head) * value_dim + c], expected[c], 5e-6)
              << "row " << row << " head " << head;
        }
      }
    }
  }
}

TEST_P(RecurrenceTest, DeltaRuleInPiecesGivesTheSameBits) {
  RuleInputs whole(2, 4, 32, 72, 12), pieces(2, 4, 32, 72, 12);
  std::vector<float> state(whole.rule.StateFloats()), cut_state(whole.rule.StateFloats());
  const DeltaRuleSequence once[] = {{state.data(), 0, 12}};
  GatedDeltaRule(pool_, whole.rule, once);
  int64_t row = 0;
  for (const int n : {1, 1, 7, 3}) {
    const DeltaRuleSequence piece[] = {{cut_state.data(), row, n}};
    GatedDeltaRule(pool_, pieces.rule, piece);
    row += n;
  }
  EXPECT_EQ(whole.out, pieces.out);
  EXPECT_EQ(state, cut_state);
}

TEST_P(RecurrenceTest, DeltaRuleRefusesHeadsThatDoNotFit) {
  EXPECT_THROW(GatedDeltaRule(pool_, {2, 3, 8, 8, 1}, {}), Error);
}

INSTANTIATE_TEST_SUITE_P(Isas, RecurrenceTest, testing::ValuesIn(DetectedIsas()),
                         [](const auto& info) { return std::string(IsaName(info.param)); });

}  // namespace
}  // namespace pioneer
