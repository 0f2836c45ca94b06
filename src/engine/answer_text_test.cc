// Why: no stop string, character or token info may be lost or torn at a token's edge.
#include "engine/answer_text.h"

#include <gtest/gtest.h>

namespace pioneer {
namespace {

TokenInfo Info(int32_t id) {
  TokenInfo info;
  info.chosen.id = id;
  return info;
}

std::vector<int32_t> Ids(const AnswerText::Piece& piece) {
  std::vector<int32_t> ids;
  for (const TokenInfo& info : piece.tokens) ids.push_back(info.chosen.id);
  return ids;
}

using IdList = std::vector<int32_t>;

TEST(AnswerText, PassesPlainTextOn) {
  AnswerText text;
  EXPECT_EQ(text.Push("Hello").text, "Hello");
  EXPECT_EQ(text.Push("").text, "");
  EXPECT_TRUE(text.Finish().empty());
}

TEST(AnswerText, HoldsUnfinishedCharacters) {
  AnswerText text;
  EXPECT_EQ(text.Push("a\xED").text, "a");
  EXPECT_EQ(text.Push("\x95").text, "");
  EXPECT_EQ(text.Push("\x9C").text, "한");
  EXPECT_EQ(text.Push("\xF0\x9F").text, "");
  EXPECT_EQ(text.Finish().text, "\xEF\xBF\xBD");
}

TEST(AnswerText, StopsAcrossTokens) {
  AnswerText text({"END"});
  EXPECT_EQ(text.Push("so E").text, "so ");
  EXPECT_EQ(text.Push("N").text, "");
  EXPECT_FALSE(text.stopped());
  EXPECT_EQ(text.Push("D of it").text, "");
  EXPECT_TRUE(text.stopped());
  EXPECT_EQ(text.stop_sequence(), "END");
  EXPECT_TRUE(text.Push("more").empty());
  EXPECT_TRUE(text.Finish().empty());
}

TEST(AnswerText, ReleasesWhatDidNotBecomeAStop) {
  AnswerText text({"\n\nUser:", "aab"});
  EXPECT_EQ(text.Push("x\n").text, "x");
  EXPECT_EQ(text.Push("y").text, "\ny");
  EXPECT_EQ(text.Push("aa").text, "");
  EXPECT_EQ(text.Push("a").text, "a");  // "aa" may still begin "aab"
  EXPECT_EQ(text.Push("b!").text, "");
  EXPECT_EQ(text.stop_sequence(), "aab");
}

TEST(AnswerText, TheFirstStopWinsThenTheLongest) {
  AnswerText first({"cd", "bcde"});
  EXPECT_EQ(first.Push("abcdef").text, "a");
  EXPECT_EQ(first.stop_sequence(), "bcde");
  AnswerText longest({"bc", "bcd"});
  EXPECT_EQ(longest.Push("abcd").text, "a");
  EXPECT_EQ(longest.stop_sequence(), "bcd");
  AnswerText early({"zz", "x", "abcx"});
  EXPECT_EQ(early.Push("1x2zz").text, "1");
  EXPECT_EQ(early.stop_sequence(), "x");
}

TEST(AnswerText, FindsAStopMadeOfTornCharacters) {
  AnswerText text({"끝"});
  EXPECT_EQ(text.Push("이제 \xEB").text, "이제 ");
  EXPECT_EQ(text.Push("\x81\x9D 뒤").text, "");
  EXPECT_EQ(text.stop_sequence(), "끝");
}

TEST(AnswerText, ReleasesHeldTextAtTheEnd) {
  AnswerText text({"STOP"});
  EXPECT_EQ(text.Push("x STO").text, "x ");
  EXPECT_EQ(text.Finish().text, "STO");
  EXPECT_FALSE(text.stopped());
}

TEST(AnswerText, InfosTravelWithTheTextThatEndsTheirToken) {
  AnswerText text({"END"});
  EXPECT_EQ(Ids(text.Push("a", Info(1))), IdList({1}));
  EXPECT_EQ(Ids(text.Push("\xED\x95", Info(2))), IdList());
  EXPECT_EQ(Ids(text.Push("\x9C", Info(3))), IdList({2, 3}));
  EXPECT_EQ(Ids(text.Push("b E", Info(4))), IdList());
  EXPECT_EQ(Ids(text.Push("x", Info(5))), IdList({4, 5}));
  EXPECT_EQ(Ids(text.Push("", Info(6))), IdList({6}));
}

TEST(AnswerText, InfosOfTheStopStringAreDropped) {
  AnswerText text({"END"});
  EXPECT_EQ(Ids(text.Push("x E", Info(1))), IdList());
  EXPECT_EQ(Ids(text.Push("N", Info(2))), IdList());
  EXPECT_EQ(Ids(text.Push("D y", Info(3))), IdList({1}));
}

TEST(AnswerText, EverySplitGivesTheSameText) {
  const std::string whole = "한글 and E EN text\nENDtail";
  for (size_t a = 0; a <= whole.size(); ++a) {
    for (size_t b = a; b <= whole.size(); ++b) {
      AnswerText text({"END", "\n\n"});
      std::string out = text.Push(whole.substr(0, a)).text;
      out += text.Push(whole.substr(a, b - a)).text;
      out += text.Push(whole.substr(b)).text;
      out += text.Finish().text;
      ASSERT_EQ(out, "한글 and E EN text\n") << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace pioneer
