// Why: what is found must stand in the text, after the longest match.
#include "engine/prompt_lookup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace pioneer {
namespace {

using Tokens = std::vector<int32_t>;

TEST(PromptLookup, GoesOnAfterTheLongestMatch) {
  PromptLookup lookup;
  const auto guess = lookup.Find(Tokens{1, 2, 3, 4, 5, 9, 2, 3, 8, 7, 1, 2, 3}, 3);
  EXPECT_EQ(guess.n_matched, 3);
  EXPECT_EQ(guess.tokens, (Tokens{4, 5, 9}));
}

TEST(PromptLookup, TakesTheLatestOfEqualMatches) {
  PromptLookup lookup;
  const auto guess = lookup.Find(Tokens{5, 6, 1, 8, 5, 6, 2, 9, 5, 6}, 2);
  EXPECT_EQ(guess.n_matched, 2);
  EXPECT_EQ(guess.tokens, (Tokens{2, 9}));
}

TEST(PromptLookup, FindsNothingInNewText) {
  PromptLookup lookup;
  EXPECT_TRUE(lookup.Find(Tokens{}, 4).tokens.empty());
  EXPECT_TRUE(lookup.Find(Tokens{1}, 4).tokens.empty());
  EXPECT_TRUE(lookup.Find(Tokens{1, 2, 3, 4, 2}, 4).tokens.empty());  // one token is no match
  EXPECT_TRUE(lookup.Find(Tokens{1, 2, 3, 4, 2, 3}, 0).tokens.empty());
}

TEST(PromptLookup, GoesRoundInALoop) {
  PromptLookup lookup;
  const auto guess = lookup.Find(Tokens{7, 1, 2, 3, 1, 2, 3, 1, 2}, 7);
  EXPECT_EQ(guess.tokens, (Tokens{3, 1, 2, 3, 1, 2, 3}));
}

// Against a search of the whole text; grown token by token, as an answer is.
TEST(PromptLookup, FindsWhatASearchFinds) {
  Random random(5);
  PromptLookup lookup;
  Tokens text;
  int n_found = 0;
  for (int step = 0; step < 2000; ++step) {
    text.push_back(static_cast<int32_t>(random.Below(40)));
    const auto guess = lookup.Find(text, 4);
    int longest = 0;
    for (size_t end = 1; end < text.size(); ++end) {
      int n = 0;
      while (n < static_cast<int>(end) && text[end - 1 - n] == text[text.size() - 1 - n]) ++n;
      longest = std::max(longest, n);
    }
    EXPECT_EQ(guess.n_matched, longest >= PromptLookup::kLeastMatch ? longest : 0) << step;
    n_found += !guess.tokens.empty();
  }
  EXPECT_GT(n_found, 500);
}

}  // namespace
}  // namespace pioneer
