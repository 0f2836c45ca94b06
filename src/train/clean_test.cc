// Why: each cleaning step does what its name says, and no more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/clean_filter.h"
#include "train/clean_lines.h"
#include "train/clean_text.h"
#include "train/language_tag.h"

namespace pioneer {
namespace {

std::string Normalized(const std::string& text) {
  TextChanges changes;
  return NormalizeText(text, changes);
}

TEST(NormalizeText, RepairsComposesAndTidies) {
  EXPECT_EQ(Normalized("a\xFF"
                       "b\xEF\xBF\xBD"),
            "ab");
  EXPECT_EQ(Normalized("e\xCC\x81"), "\xC3\xA9");                                 // é
  EXPECT_EQ(Normalized("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "\xED\x95\x9C");  // 한
  EXPECT_EQ(Normalized("\xEF\xBB\xBFone\r\ntwo\rthree \t\n\n\n\nfour\n\n"),
            "one\ntwo\nthree\n\nfour");
  EXPECT_EQ(Normalized("a\x01\x7F"
                       "b\xE2\x80\x8B"
                       "c\xE2\x80\xAE"
                       "d\xC2\xAD"
                       "e\tf"),
            "abcde\tf");
  EXPECT_EQ(Normalized("\n\n  indented"), "  indented");
  EXPECT_EQ(Normalized(" \n\t\n"), "");
}

TEST(NormalizeText, CountsAndIsDoneAfterOnce) {
  TextChanges changes;
  const std::string once = NormalizeText("e\xCC\x81\xFF\x02  \n\n\n\nx \n", changes);
  EXPECT_EQ(changes.invalid_bytes, 1);
  EXPECT_EQ(changes.composed, 1);
  EXPECT_EQ(changes.controls, 1);
  EXPECT_GT(changes.blanks, 0);
  TextChanges again;
  EXPECT_EQ(NormalizeText(once, again), once);
  EXPECT_EQ(again.invalid_bytes + again.composed + again.controls + again.blanks, 0);
}

TEST(LanguageTag, KnowsTheLanguagesThatRecipesName) {
  const auto tag = [](const std::string& text) { return LanguageTagName(TagLanguage(text)); };
  EXPECT_STREQ(tag("It was the best of times, it was the worst of times."), "en");
  EXPECT_STREQ(tag("`azdata`를 설치하는 방법을 설명합니다. SQL Server"), "ko");
  EXPECT_STREQ(tag("吾輩は猫である。名前はまだ無い。"), "ja");
  EXPECT_STREQ(tag("我是一只猫，还没有名字。"), "other");
  EXPECT_STREQ(tag("Der Hund und die Katze schlafen zusammen unter dem Tisch."), "other");
  EXPECT_STREQ(tag("Собака спит под столом."), "other");
  EXPECT_STREQ(tag("int main() {\n  std::vector<int> xs = {1, 2};\n  return xs[0] + f(xs);\n}\n"),
               "code");
  EXPECT_STREQ(tag("12 34 56"), "other");
  EXPECT_STREQ(tag(""), "other");
}

TEST(RepeatedLines, StripsHeadersAndFootersFromTheSixthDocumentOn) {
  RepeatedLines lines;
  for (int i = 0; i < 8; ++i) {
    const std::string own = "Page " + std::to_string(i) + " has its own words.";
    const std::string page = "Home | Docs\n\n" + own + "\nNext\n" + own + "?\n\nCopyright\nNext";
    std::string text = page;
    const size_t removed = lines.Strip(text);
    if (i < RepeatedLines::kKeptDocuments) {
      EXPECT_EQ(text, page);
      EXPECT_EQ(removed, 0u);
    } else {
      EXPECT_EQ(text, own + "\nNext\n" + own + "?");  // "Next" amid the text is left alone
      EXPECT_EQ(removed, page.size() - text.size());
    }
  }
}

TEST(RepeatedLines, StripsLongSentencesAnywhereButNoCode) {
  RepeatedLines lines;
  const std::string note =
      "This page is licensed under the terms of the licence that stands in the file LICENSE there.";
  const std::string code =
      "    let configuration = Configuration::from_environment().unwrap_or_default(); // a b c d";
  std::string text;
  for (int i = 0; i < 7; ++i) {
    const std::string n = std::to_string(i);
    text = "Begin " + n + "\n" + note + "\n" + code + "\nEnd " + n;
    lines.Strip(text);
  }
  EXPECT_EQ(text, "Begin 6\n" + code + "\nEnd 6");
}

TEST(RepeatedLines, ALineCountsOnceADocument) {
  RepeatedLines lines;
  std::string text;
  for (int i = 0; i < 30; ++i) text += "the same\n";
  std::string before = text;
  lines.Strip(text);
  EXPECT_EQ(text, before);
}

DropReason Judge(const std::string& text) {
  return JudgeText(text, FindWords(text), TagLanguage(text));
}

TEST(JudgeText, NamesWhyATextIsDropped) {
  const std::string good =
      "The harbour lay quiet under the first snow, and nobody had yet walked on the pier.";
  EXPECT_EQ(Judge(good), DropReason::kNone);
  EXPECT_EQ(Judge("Too short."), DropReason::kTooShort);
  EXPECT_EQ(Judge(good + " " + std::string(500, 'A')), DropReason::kLongRuns);
  EXPECT_EQ(Judge("1 2 3 | 4 5 6 | 7 8 9 | 1 2 3 | 4 5 6 | 7 8 9 | x"), DropReason::kSymbols);
  std::string stammer;
  for (int i = 0; i < 20; ++i) stammer += "Buy the best shoes here today for a very good price. ";
  EXPECT_EQ(Judge(stammer), DropReason::kRepetition);
  std::string japanese;
  for (int i = 0; i < 300; ++i)
    japanese += "名前はまだ無い" + std::string(1, static_cast<char>('a' + i % 26));
  EXPECT_NE(Judge(japanese), DropReason::kLongRuns);
  EXPECT_EQ(Judge("for (int i = 0; i < n; ++i) { total += values[i] * weights[i]; }"),
            DropReason::kNone);
}

TEST(JudgeText, RepetitionIsAShareOfRowsOfWords) {
  std::string once;
  for (int i = 0; i < 100; ++i) once += "word" + std::to_string(i) + " ";
  EXPECT_EQ(RepetitionShare(FindWords(once)), 0);
  EXPECT_NEAR(RepetitionShare(FindWords(once + once)), 91.0 / 191, 1e-9);
}

}  // namespace
}  // namespace pioneer
