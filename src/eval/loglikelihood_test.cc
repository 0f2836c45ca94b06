#include "eval/loglikelihood.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "eval/task.h"
#include "eval/test_generator.h"

namespace pioneer::eval {
namespace {

// -0.5 for a letter that repeats, -2 for another.
double Repeats(const std::string& before, char c) {
  return !before.empty() && before.back() == c ? -0.5 : -2;
}

std::string Text(const ScoredTokens& scored, bool scored_part) {
  std::string text;
  for (size_t i = 0; i < scored.tokens.size(); ++i) {
    if ((i >= static_cast<size_t>(scored.first)) == scored_part) {
      text += static_cast<char>(scored.tokens[i]);
    }
  }
  return text;
}

Loglikelihood Score(ScoringGenerator& generator, const ScoredTokens& scored) {
  return FinishScoring(*StartScoring(generator, scored), scored);
}

TEST(Loglikelihood, SpaceBelongsToTheContinuation) {
  const ScoringGenerator generator(Repeats);
  const ScoredTokens plain = EncodePair(generator, "a b", " c");
  EXPECT_EQ(Text(plain, false), "\1a b");
  EXPECT_EQ(Text(plain, true), " c");
  const ScoredTokens moved = EncodePair(generator, "a b \n", "c");
  EXPECT_EQ(Text(moved, false), "\1a b");
  EXPECT_EQ(Text(moved, true), " \nc");
}

TEST(Loglikelihood, AnEmptyContextIsTheBeginning) {
  const ScoringGenerator generator(Repeats);
  const ScoredTokens scored = EncodePair(generator, "", "abc");
  EXPECT_EQ(Text(scored, false), "\1");
  EXPECT_EQ(Text(scored, true), "abc");
  EXPECT_EQ(Text(EncodePair(generator, "", "\1abc"), true), "abc");  // brought its own
}

TEST(Loglikelihood, LongContextsLoseTheirBeginning) {
  const ScoringGenerator generator(Repeats, 8);
  const ScoredTokens scored = EncodePair(generator, "abcdefghij", "xyz");
  EXPECT_EQ(Text(scored, false), "ghij");
  EXPECT_EQ(Text(scored, true), "xyz");
  EXPECT_THROW(EncodePair(generator, "abc", "0123456789"), Error);
}

TEST(Loglikelihood, IsTheSumOverTheContinuation) {
  ScoringGenerator generator(Repeats);
  const Loglikelihood score = Score(generator, EncodePair(generator, "ab", "bbc"));
  EXPECT_DOUBLE_EQ(score.value, -0.5 - 0.5 - 2);
  EXPECT_FALSE(score.is_greedy);
  EXPECT_EQ(score.tokens.size(), 3u);
  EXPECT_EQ(score.tokens[2].logprob, -2);
  EXPECT_EQ(score.tokens[2].n_bytes, 1);
  EXPECT_TRUE(Score(generator, EncodePair(generator, "ab", "bb")).is_greedy);
  const CompletionRequest& request = generator.requests.front();
  EXPECT_EQ(request.logprobs_from, 3);
  EXPECT_EQ(request.options.limits.max_tokens, 0);
}

// The windows of the harness's own example: ten tokens, four in a window.
TEST(Loglikelihood, EveryTokenOfATextIsScoredOnce) {
  ScoringGenerator generator(Repeats, 6);
  const std::vector<ScoredTokens> windows = RollingWindows(generator, "0123456789");
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(Text(windows[0], false), "\1");
  EXPECT_EQ(Text(windows[0], true), "0123");
  EXPECT_EQ(Text(windows[1], false), "3");
  EXPECT_EQ(Text(windows[1], true), "4567");
  EXPECT_EQ(Text(windows[2], false), "567");  // as much context as there is room for
  EXPECT_EQ(Text(windows[2], true), "89");
  EXPECT_TRUE(RollingWindows(generator, "").empty());
  EXPECT_EQ(RollingWindows(generator, "01").size(), 1u);
}

TEST(Loglikelihood, WordsAreWhatSpaceSeparates) {
  EXPECT_EQ(CountWords("one two\n\nthree"), 3);
  EXPECT_EQ(CountWords(" one "), 3);  // as Python's re.split has it
  EXPECT_EQ(CountWords("한글 낱말"), 2);
}

}  // namespace
}  // namespace pioneer::eval
