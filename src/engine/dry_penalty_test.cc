// Why: what DRY punishes, by hand-made histories and against a plain search.
#include "engine/dry_penalty.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace pioneer {
namespace {

// Token i is the letter 'a' + i.
std::string Letter(int32_t id) { return std::string(1, static_cast<char>('a' + id)); }

std::vector<int32_t> Tokens(std::string_view letters) {
  std::vector<int32_t> tokens;
  for (const char c : letters) tokens.push_back(c - 'a');
  return tokens;
}

DryParams Params() {
  DryParams params;
  params.multiplier = 1;
  params.base = 2;
  params.allowed_length = 2;
  params.sequence_breakers = {"z"};
  return params;
}

// What each of the 26 tokens loses after `letters`.
std::vector<float> Losses(const DryParams& params, std::string_view letters) {
  std::vector<float> logits(26, 0.0f);
  DryPenalty(params, Letter).Apply(Tokens(letters), logits);
  for (float& logit : logits) logit = -logit;
  return logits;
}

TEST(DryPenalty, PunishesTheTokenThatWouldGoOn) {
  const std::vector<float> losses = Losses(Params(), "abcdeabc");
  for (int id = 0; id < 26; ++id) EXPECT_EQ(losses[id], id == 3 ? 2.0f : 0.0f) << id;
}

TEST(DryPenalty, AllowsShortRepetitions) {
  EXPECT_EQ(Losses(Params(), "abxb"), std::vector<float>(26, 0.0f));
  EXPECT_EQ(Losses(Params(), "abcxab")[2], 1.0f);  // just the allowed length
}

TEST(DryPenalty, TakesTheLongestRunOfEachToken) {
  const std::vector<float> losses = Losses(Params(), "bcdxabcdyabc");
  EXPECT_EQ(losses[3], 2.0f);  // "abc" + d, not "bc" + d
}

TEST(DryPenalty, StopsAtBreakers) {
  EXPECT_EQ(Losses(Params(), "azbcdazbc")[3], 1.0f);  // "bc" + d: the run ends at z
  EXPECT_EQ(Losses(Params(), "abczabc")[25], 0.0f);   // a breaker may follow again
  EXPECT_EQ(Losses(Params(), "abcdabcz"), std::vector<float>(26, 0.0f));
}

TEST(DryPenalty, FindsBreakersAcrossTokens) {
  DryParams params = Params();
  params.sequence_breakers = {"bc"};
  EXPECT_EQ(Losses(params, "abcdefabcde")[5], 1.0f);  // "de" + f
}

TEST(DryPenalty, LooksAtItsWindowOnly) {
  DryParams params = Params();
  params.window = 6;
  EXPECT_EQ(Losses(params, "abcdeabc")[3], 0.0f);
  params.window = 8;
  EXPECT_EQ(Losses(params, "abcdeabc")[3], 2.0f);
  params.window = 0;
  EXPECT_EQ(Losses(params, "abcdeabc"), std::vector<float>(26, 0.0f));
}

TEST(DryPenalty, LongLoopsStayFinite) {
  std::string loop;
  for (int i = 0; i < 2000; ++i) loop += "ab";
  const std::vector<float> losses = Losses(Params(), loop);
  EXPECT_TRUE(std::isfinite(losses[0]));
  EXPECT_GT(losses[0], 1e6f);
}

TEST(DryPenalty, EqualsAPlainSearchAsTheHistoryGrows) {
  Random random(5);
  const DryParams params = Params();
  DryPenalty penalty(params, Letter);
  std::vector<int32_t> history;
  for (int step = 0; step < 300; ++step) {
    history.push_back(random.Uniform() < 0.05 ? 25 : static_cast<int32_t>(random.Uniform() * 3));
    std::vector<float> logits(26, 0.0f), expected(26, 0.0f);
    penalty.Apply(history, logits);
    const auto n = static_cast<int>(history.size());
    for (int i = 1; i < n; ++i) {
      int run = 0;
      while (run < i && history[i - 1 - run] == history[n - 1 - run] &&
             history[n - 1 - run] != 25) {
        ++run;
      }
      if (run < params.allowed_length || history[i] == 25) continue;
      const auto loss = static_cast<float>(std::pow(2.0, std::min(run - 2, 50)));
      expected[history[i]] = std::min(expected[history[i]], -loss);
    }
    ASSERT_EQ(logits, expected) << "step " << step;
  }
}

}  // namespace
}  // namespace pioneer
