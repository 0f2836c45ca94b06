#include "search/index/passages.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace pioneer::search {
namespace {

Block Text(std::string text, int page = 0) {
  return {BlockKind::kParagraph, 0, std::move(text), page};
}
Block Heading(int level, std::string text) {
  return {BlockKind::kHeading, level, std::move(text), 0};
}

std::string Words(int n, const std::string& word = "word") {
  std::string text;
  for (int i = 0; i < n; ++i) text += (i == 0 ? "" : " ") + word + (i % 12 == 11 ? "." : "");
  return text;
}

// What must hold of every cut.
std::string JoinChecked(const std::vector<NewPassage>& passages) {
  std::string text;
  for (const NewPassage& passage : passages) {
    text += passage.before;
    EXPECT_EQ(passage.begin, text.size());
    EXPECT_FALSE(passage.text.empty());
    EXPECT_TRUE(IsValidUtf8(passage.text));
    text += passage.text;
  }
  return text;
}

TEST(Passages, CountsWordsOfEachScript) {
  EXPECT_DOUBLE_EQ(CountPassageWords("two words, 3rd"), 3);
  EXPECT_DOUBLE_EQ(CountPassageWords("東京タワー"), 2);
  EXPECT_NEAR(CountPassageWords("데이터 로드"), 2.0, 1e-9);
}

TEST(Passages, KeepTheWholeTextAndTheHeadings) {
  Document document;
  document.title = "Guide";
  document.blocks = {Heading(1, "Guide"),       Heading(2, "Install"), Text(Words(90)),
                     Heading(3, "From source"), Text(Words(80)),       Heading(2, "Use"),
                     Text(Words(70)),           Heading(2, "End")};
  const std::vector<NewPassage> passages = CutPassages(document);
  ASSERT_EQ(passages.size(), 3u);
  EXPECT_EQ(passages[0].headings, std::vector<std::string>{"Install"});
  EXPECT_EQ(passages[1].headings, (std::vector<std::string>{"Install", "From source"}));
  EXPECT_EQ(passages[2].headings, std::vector<std::string>{"Use"});
  std::string all;
  for (const Block& block : document.blocks) all += (all.empty() ? "" : "\n\n") + block.text;
  EXPECT_EQ(JoinChecked(passages), all);
}

TEST(Passages, TermsAreHeadingsOfWhatExplainsThem) {
  const auto term = [](int depth, std::string text) {
    return Block{BlockKind::kTerm, depth, std::move(text), 0};
  };
  const auto within = [](int depth, std::string text) {
    return Block{BlockKind::kParagraph, depth, std::move(text), 0};
  };
  Document document;
  document.title = "Settings";
  document.blocks = {Heading(2, "Memory"), Text(Words(50)),      term(1, "shared_buffers"),
                     within(1, Words(60)), term(1, "work_mem"),  within(1, Words(60)),
                     term(2, "hash"),      within(2, Words(60)), within(1, Words(50)),
                     Text(Words(60)),      term(1, "tiny"),      within(1, "Words."),
                     term(1, "small"),     within(1, Words(60))};
  const std::vector<NewPassage> passages = CutPassages(document);
  std::vector<std::vector<std::string>> headings;
  for (const NewPassage& passage : passages) headings.push_back(passage.headings);
  EXPECT_EQ(headings, (std::vector<std::vector<std::string>>{{"Memory"},
                                                             {"Memory", "shared_buffers"},
                                                             {"Memory", "work_mem"},
                                                             {"Memory", "work_mem", "hash"},
                                                             {"Memory", "work_mem"},
                                                             {"Memory"},
                                                             {"Memory", "tiny"}}));
  EXPECT_NE(passages.back().text.find("small"), std::string::npos);
  std::string all;
  for (const Block& block : document.blocks) all += (all.empty() ? "" : "\n\n") + block.text;
  EXPECT_EQ(JoinChecked(passages), all);
}

TEST(Passages, JoinShortBlocksAndCutLongOnes) {
  Document document;
  for (int i = 0; i < 40; ++i) document.blocks.push_back(Text(Words(10)));
  document.blocks.push_back(Text(Words(900)));
  document.blocks.push_back(Text("One more word."));
  const std::vector<NewPassage> passages = CutPassages(document);
  JoinChecked(passages);
  for (const NewPassage& passage : passages) {
    EXPECT_GE(CountPassageWords(passage.text), kLeastPassageWords) << passage.text;
    EXPECT_LE(CountPassageWords(passage.text), kMostPassageWords);
  }
  EXPECT_GE(passages.size(), 7u);
}

TEST(Passages, CutWhatHasNoSentences) {
  Document document;
  std::string kanji;
  for (int i = 0; i < 3000; ++i) kanji += "漢";
  document.blocks = {Text(kanji), Text(std::string(20'000, 'x')), Text(Words(1000, "w"))};
  const std::vector<NewPassage> passages = CutPassages(document);
  JoinChecked(passages);
  for (const NewPassage& passage : passages) {
    EXPECT_LE(CountPassageWords(passage.text), kMostPassageWords);
  }
}

TEST(Passages, EndWithPagesAndNameThem) {
  Document document;
  document.blocks = {Text(Words(80), 1), Text(Words(80), 2), Text(Words(10), 3)};
  const std::vector<NewPassage> passages = CutPassages(document);
  ASSERT_EQ(passages.size(), 3u);
  EXPECT_EQ(passages[1].page, 2);
  EXPECT_EQ(passages[2].page, 3);
  EXPECT_TRUE(CutPassages(Document{}).empty());
}

}  // namespace
}  // namespace pioneer::search
