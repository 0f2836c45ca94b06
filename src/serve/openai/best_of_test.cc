#include "serve/openai/best_of.h"

#include <gtest/gtest.h>

namespace pioneer::serve::openai {
namespace {

Answer Said(const std::string& text, const std::vector<double>& logprobs) {
  Answer answer;
  answer.text = text;
  for (const double logprob : logprobs) {
    TokenInfo token;
    token.chosen.logprob = logprob;
    answer.tokens.push_back(token);
  }
  return answer;
}

TEST(BestOf, KeepsTheLikeliestOfEachPrompt) {
  const std::vector<Answer> kept =
      KeepBest({Said("a", {-3, -3}), Said("b", {-1, -2, -1}), Said("c", {-2}),  // prompt 2:
                Said("d", {-0.5}), Said("e", {-0.5}), Said("f", {})},
               3, 2);
  ASSERT_EQ(kept.size(), 4u);
  EXPECT_EQ(kept[0].text, "b");
  EXPECT_EQ(kept[1].text, "c");
  EXPECT_EQ(kept[2].text, "f");  // nothing unlikely was said
  EXPECT_EQ(kept[3].text, "d");
}

}  // namespace
}  // namespace pioneer::serve::openai
