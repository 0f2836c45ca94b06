// Why: every filter exactly, every distribution statistically, hostile logits without a crash.
#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> LogitsOf(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p) + 3.0));
  return logits;
}

std::map<int32_t, int> Counts(const SamplingParams& params, const std::vector<float>& logits,
                              int n_draws = 20000, std::vector<int32_t> history = {}) {
  Sampler sampler(params, 7, 0);
  std::map<int32_t, int> counts;
  for (int i = 0; i < n_draws; ++i) {
    std::vector<float> row = logits;
    ++counts[sampler.Sample(row, history)];
  }
  return counts;
}

// Chi-squared against the expected shares; `limit` is the 99.9 % point for the degrees of freedom.
void ExpectShares(const std::map<int32_t, int>& counts, const std::map<int32_t, double>& shares,
                  double limit) {
  double n = 0, total = 0, chi2 = 0;
  for (const auto& [id, count] : counts) {
    n += count;
    EXPECT_TRUE(shares.contains(id)) << "token " << id << " must not be drawn";
  }
  for (const auto& [id, share] : shares) total += share;
  for (const auto& [id, share] : shares) {
    const double expected = n * share / total;
    const double seen = counts.contains(id) ? counts.at(id) : 0;
    chi2 += (seen - expected) * (seen - expected) / expected;
  }
  EXPECT_LT(chi2, limit);
}

int32_t SampleOnce(const SamplingParams& params, std::vector<float> logits,
                   std::vector<int32_t> history = {}, std::vector<int32_t> banned = {}) {
  return Sampler(params, 1, 0).Sample(logits, history, banned);
}

SamplingParams Greedy() {
  SamplingParams params;
  params.temperature = 0;
  return params;
}

TEST(Sampler, GreedyTakesTheLowestIdAmongEquals) {
  EXPECT_EQ(SampleOnce(Greedy(), {1, 5, 2, 5}), 1);
  EXPECT_EQ(SampleOnce(Greedy(), {-kInfinity, -7, -7}), 1);
}

TEST(Sampler, DrawsFromTheSoftmax) {
  const std::vector<float> logits = LogitsOf({0.5, 0.3, 0.15, 0.05});
  ExpectShares(Counts({}, logits), {{0, 0.5}, {1, 0.3}, {2, 0.15}, {3, 0.05}}, 16.3);
}

TEST(Sampler, TemperatureRaisesProbabilitiesToItsInverse) {
  SamplingParams params;
  params.temperature = 2;
  ExpectShares(Counts(params, LogitsOf({0.64, 0.32, 0.04})),
               {{0, 0.8}, {1, std::sqrt(0.32)}, {2, 0.2}}, 13.9);
}

TEST(Sampler, TinyAndHugeTemperaturesAreSafe) {
  SamplingParams params;
  params.temperature = 2e-6;
  EXPECT_EQ(SampleOnce(params, {1e30f, 3, -1e30f}), 0);
  params.temperature = 100;
  EXPECT_GE(SampleOnce(params, {1e38f, -1e38f, 3.4e38f}), 0);
}

TEST(Sampler, TopKKeepsTheLikeliestAndLowIdsAmongEquals) {
  SamplingParams params;
  params.top_k = 2;
  ExpectShares(Counts(params, LogitsOf({0.1, 0.4, 0.3, 0.2})), {{1, 0.4}, {2, 0.3}}, 10.9);
  ExpectShares(Counts(params, {1, 1, 1, 1}), {{0, 1}, {1, 1}}, 10.9);
  params.top_k = 1;
  EXPECT_EQ(Counts(params, {0, 2, 2}).at(1), 20000);
}

TEST(Sampler, TopPKeepsTheSmallestSetThatReachesIt) {
  SamplingParams params;
  params.top_p = 0.75;
  ExpectShares(Counts(params, LogitsOf({0.1, 0.5, 0.3, 0.1})), {{1, 0.5}, {2, 0.3}}, 10.9);
  params.top_p = 0.45;
  EXPECT_EQ(Counts(params, LogitsOf({0.1, 0.5, 0.3, 0.1})).at(1), 20000);
  params.top_p = 1e-9;
  EXPECT_EQ(Counts(params, LogitsOf({0.1, 0.5, 0.3, 0.1})).at(1), 20000);
}

TEST(Sampler, TopPAppliesToWhatTopKLeft) {
  SamplingParams params;
  params.top_k = 3;
  params.top_p = 0.6;  // of 0.4 + 0.3 + 0.2: 0.4 is 44 %, 0.4 + 0.3 is 78 %
  ExpectShares(Counts(params, LogitsOf({0.4, 0.3, 0.2, 0.1})), {{0, 0.4}, {1, 0.3}}, 10.9);
}

TEST(Sampler, TopPOnALargeVocabularyEqualsFullSorting) {
  Random random(3);
  std::vector<float> logits(5000);
  for (float& logit : logits) logit = static_cast<float>(3 * random.Normal());
  SamplingParams params;
  params.top_p = 0.9;
  std::vector<TokenScore> sorted = SelectTop(logits, 5000);
  const double log_total = LogSumExp(logits.data(), 5000);
  std::set<int32_t> allowed;
  double sum = 0;
  for (const TokenScore& token : sorted) {
    allowed.insert(token.id);
    sum += std::exp(token.score - log_total);
    if (sum >= 0.9) break;
  }
  ASSERT_GT(allowed.size(), 200u);
  for (const auto& [id, count] : Counts(params, logits, 5000)) EXPECT_TRUE(allowed.contains(id));
}

TEST(Sampler, MinPIsRelativeToTheLikeliest) {
  SamplingParams params;
  params.min_p = 0.5;
  const std::vector<float> logits = LogitsOf({0.4, 0.25, 0.19, 0.16});
  ExpectShares(Counts(params, logits), {{0, 0.4}, {1, 0.25}}, 10.9);
  params.top_k = 3;
  ExpectShares(Counts(params, logits), {{0, 0.4}, {1, 0.25}}, 10.9);
  params.min_p = 1;
  EXPECT_EQ(Counts(params, logits).at(0), 20000);
}

TEST(Sampler, BiasIsAddedBeforeAnythingElse) {
  SamplingParams params = Greedy();
  params.logit_bias = {{2, 10.0}};
  EXPECT_EQ(SampleOnce(params, {3, 2, 0}), 2);
  params.logit_bias = {{0, -100.0}, {1000, 5.0}, {-4, 5.0}};
  EXPECT_EQ(SampleOnce(params, {3, 2, 0}), 1);
}

TEST(Sampler, RepetitionPenaltyLooksAtTheWindowOnly) {
  SamplingParams params = Greedy();
  params.repetition_penalty = 2;
  EXPECT_EQ(SampleOnce(params, {4, 3, 1}, {0, 0, 0}), 1);  // 4/2 < 3, once however often said
  EXPECT_EQ(SampleOnce(params, {-2, -3, -9}, {0}), 1);     // -2*2 < -3
  params.repetition_window = 2;
  EXPECT_EQ(SampleOnce(params, {4, 3, 1}, {0, 2, 2}), 0);
  params.repetition_window = -1;
  EXPECT_EQ(SampleOnce(params, {4, 3, 1}, {0, 2, 2}), 1);
  params.repetition_window = 0;
  EXPECT_EQ(SampleOnce(params, {4, 3, 1}, {0}), 0);
}

TEST(Sampler, CountPenaltiesFollowWhatWasGenerated) {
  SamplingParams params = Greedy();
  params.frequency_penalty = 1;
  Sampler sampler(params, 1, 0);
  std::vector<int32_t> said;
  for (int i = 0; i < 4; ++i) {
    std::vector<float> logits = {2.5, 1, 0};
    said.push_back(sampler.Sample(logits, std::vector<int32_t>{0, 0, 0}));  // prompt: no penalty
  }
  EXPECT_EQ(said, (std::vector<int32_t>{0, 0, 1, 0}));  // 2.5, 1.5, then 0.5 < 1, then 0.5 > 0

  params.frequency_penalty = 0;
  params.presence_penalty = 2;
  Sampler presence(params, 1, 0);
  said.clear();
  for (int i = 0; i < 3; ++i) {
    std::vector<float> logits = {2.5, 1, 0};
    said.push_back(presence.Sample(logits, said));
  }
  EXPECT_EQ(said, (std::vector<int32_t>{0, 1, 0}));  // 2.5; 0.5 < 1; 0.5 > -1, not twice
}

TEST(Sampler, BannedTokensAreNeverDrawn) {
  EXPECT_EQ(SampleOnce(Greedy(), {9, 2, 1}, {}, {0}), 1);
  EXPECT_EQ(SampleOnce({}, {9, 2, 1}, {}, {0, 1}), 2);
  EXPECT_EQ(SampleOnce({}, {9, 2}, {}, {0, 1}), -1);
}

TEST(Sampler, BrokenLogitsAreReportedNotDrawn) {
  EXPECT_EQ(SampleOnce({}, {1, kNan, 2}), -1);
  EXPECT_EQ(SampleOnce(Greedy(), {kNan, 1, 2}), -1);
  EXPECT_EQ(SampleOnce({}, {1, kInfinity}), -1);
  EXPECT_EQ(SampleOnce({}, {-kInfinity, -kInfinity}), -1);
  EXPECT_EQ(SampleOnce({}, {}), -1);
}

TEST(Sampler, TheSameSeedAndIndexGiveTheSameTokens) {
  const std::vector<float> logits(50, 0.0f);
  auto draw = [&](uint64_t seed, int index) {
    Sampler sampler({}, seed, index);
    std::vector<int32_t> ids;
    for (int i = 0; i < 40; ++i) {
      std::vector<float> row = logits;
      ids.push_back(sampler.Sample(row, {}));
    }
    return ids;
  };
  EXPECT_EQ(draw(5, 0), draw(5, 0));
  EXPECT_NE(draw(5, 0), draw(6, 0));
  EXPECT_NE(draw(5, 0), draw(5, 1));
  // Nor is one answer the other's stream, shifted.
  const auto a = draw(5, 0), b = draw(5, 1);
  EXPECT_FALSE(std::equal(a.begin() + 1, a.end(), b.begin()));
}

TEST(SelectTop, EqualsSorting) {
  Random random(11);
  std::vector<float> scores(1000);
  for (float& score : scores) score = static_cast<float>(random.Below(100));  // many equals
  std::vector<int32_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
  for (const int k : {0, 1, 2, 7, 64, 999, 1000, 5000}) {
    const std::vector<TokenScore> top = SelectTop(scores, k);
    ASSERT_EQ(top.size(), static_cast<size_t>(std::min(k, 1000)));
    for (size_t i = 0; i < top.size(); ++i) ASSERT_EQ(top[i].id, order[i]) << k;
  }
}

TEST(MakeTokenInfo, GivesTheModelsOwnLogProbabilities) {
  const TokenInfo info = MakeTokenInfo(LogitsOf({0.2, 0.5, 0.3}), 2, 2);
  EXPECT_EQ(info.chosen.id, 2);
  EXPECT_NEAR(info.chosen.logprob, std::log(0.3), 1e-5);
  ASSERT_EQ(info.top.size(), 2u);
  EXPECT_EQ(info.top[0].id, 1);
  EXPECT_NEAR(info.top[0].logprob, std::log(0.5), 1e-5);
  EXPECT_EQ(info.top[1].id, 2);
}

TEST(Sampler, TypicalKeepsTheTokensWhoseSurpriseIsNearestToTheEntropy) {
  SamplingParams params;
  // Entropy 1.14 nats; surprises 0.51, 1.61, 1.90, 3.0: the second is nearest, then the first.
  params.typical_p = 0.15;
  const std::vector<float> logits = LogitsOf({0.6, 0.2, 0.15, 0.05});
  ExpectShares(Counts(params, logits), {{1, 1.0}}, 0.1);
  params.typical_p = 0.5;
  ExpectShares(Counts(params, logits), {{0, 0.6}, {1, 0.2}}, 10.9);
  params.typical_p = 0.999;
  ExpectShares(Counts(params, logits), {{0, 0.6}, {1, 0.2}, {2, 0.15}, {3, 0.05}}, 16.3);
}

TEST(Sampler, TypicalWorksWithTheOtherFilters) {
  SamplingParams params;
  params.typical_p = 0.5;  // leaves 0 and 1
  params.top_p = 0.7;      // of 0.8 that is left: 0 alone
  const std::vector<float> logits = LogitsOf({0.6, 0.2, 0.15, 0.05});
  ExpectShares(Counts(params, logits), {{0, 1.0}}, 0.1);
  params.top_p = 1;
  params.top_k = 2;
  params.typical_p = 1e-9;  // one token is always left
  EXPECT_EQ(Counts(params, logits).size(), 1u);
  params.top_k = 0;
  params.typical_p = 0.15;
  params.min_p = 1;  // relative to the likeliest of those left
  ExpectShares(Counts(params, logits), {{1, 1.0}}, 0.1);
}

// Few allowed tokens are drawn from on their own, many in place: both are the naive way.
TEST(Sampler, DrawsOnlyWhatIsAllowed) {
  Random random(5);
  std::vector<float> logits(3000);
  for (float& logit : logits) logit = static_cast<float>(2 * random.Normal());
  logits[7] = 40;  // never allowed
  for (const uint64_t one_in : {1, 2, 100, 1000}) {
    grammar::TokenMask allowed(3000);
    std::vector<float> forbidden(logits.size(), -kInfinity);
    for (int32_t id = 8; id < 3000; ++id) {
      if (random.Below(one_in) != 0) continue;
      allowed.Set(id);
      forbidden[id] = logits[id];
    }
    allowed.Set(2999);
    forbidden[2999] = logits[2999];
    for (const double top_p : {1.0, 0.8}) {
      SamplingParams params;
      params.top_p = top_p;
      params.repetition_penalty = 1.2;
      Sampler restricted(params, 3, 0), naive(params, 3, 0), greedy(Greedy(), 3, 0);
      const std::vector<int32_t> history = {8, 9, 10, 2999};
      for (int i = 0; i < 300; ++i) {
        std::vector<float> row = logits, other = forbidden;
        const int32_t id = restricted.Sample(row, history, {}, &allowed);
        ASSERT_TRUE(id >= 0 && allowed.Has(id));
        ASSERT_EQ(id, naive.Sample(other, history)) << one_in << " " << top_p << " " << i;
      }
      std::vector<float> row = logits;
      EXPECT_EQ(greedy.Sample(row, {}, {}, &allowed),
                std::ranges::max_element(forbidden) - forbidden.begin());
    }
  }
  std::vector<float> row = logits;
  const grammar::TokenMask none(3000);
  EXPECT_EQ(Sampler({}, 1, 0).Sample(row, {}, {}, &none), -1);
}

TEST(Sampler, ALargeVocabularyIsDrawnFromEvenly) {
  std::vector<float> logits(20000, -kInfinity);
  std::map<int32_t, double> shares;
  for (const int32_t id : {0, 255, 256, 257, 5000, 19967, 19999}) {  // ends of blocks
    logits[id] = static_cast<float>(id % 3);
    shares[id] = std::exp(logits[id]);
  }
  ExpectShares(Counts({}, logits, 5000), shares, 22.5);
  SamplingParams params;
  params.min_p = 0.2;  // e^-1 of the likeliest stays, e^-2 goes
  std::erase_if(shares, [](const auto& share) { return share.second < 1.5; });
  ExpectShares(Counts(params, logits, 5000), shares, 18.5);
}

}  // namespace
}  // namespace pioneer
