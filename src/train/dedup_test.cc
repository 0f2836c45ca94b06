// Why: what counts as the same text, and how surely it is found, in figures.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/random.h"
#include "train/dedup_min_hash.h"
#include "train/dedup_overlap.h"
#include "train/dedup_words.h"
#include "train/test_tokenizer.h"

namespace pioneer {
namespace {

using Words = std::vector<std::string>;

std::vector<std::string> WordsOf(const std::string& text) {
  std::vector<std::string> words;
  for (const TextWord& word : FindWords(text)) {
    words.push_back(text.substr(word.begin, word.end - word.begin));
  }
  return words;
}

TEST(TextWords, AreRunsOfLettersAndSingleHanAndKana) {
  EXPECT_EQ(WordsOf("Don't PANIC, x86!"), (Words{"Don", "t", "PANIC", "x86"}));
  EXPECT_EQ(WordsOf("나는 학교에 간다."), (Words{"나는", "학교에", "간다"}));
  EXPECT_EQ(WordsOf("東京へ行くAI"), (Words{"東", "京", "へ", "行", "く", "AI"}));
  EXPECT_EQ(WordsOf("a\xFF\xC0z"), (Words{"a", "z"}));
  EXPECT_EQ(FindWords("PANIC")[0].hash, FindWords("panic")[0].hash);
  EXPECT_NE(FindWords("ab")[0].hash, FindWords("ba")[0].hash);
}

TEST(TextWords, ShinglesOfShortTextsAreTheWholeText) {
  EXPECT_TRUE(ShingleHashes({}, 5).empty());
  EXPECT_EQ(ShingleHashes(FindWords("one two"), 5).size(), 1u);
  EXPECT_EQ(ShingleHashes(FindWords("a b c d e f"), 5).size(), 2u);
}

// Words as texts have them: few common, many rare.
std::string RandomText(Random& random, int n_words) {
  std::string text;
  for (int i = 0; i < n_words; ++i) {
    const double u = random.Uniform();
    text += fmt::format("w{} ", static_cast<int>(20000 * u * u * u));
  }
  return text;
}

// Every word is another one with this probability.
std::string Edited(Random& random, const std::string& text, double share) {
  std::string edited;
  for (const std::string& word : WordsOf(text)) {
    edited += random.Uniform() < share ? "changed" + std::to_string(random.Below(1000)) : word;
    edited += ' ';
  }
  return edited;
}

double Jaccard(const std::string& a, const std::string& b) {
  const auto shingles = [](const std::string& text) {
    const std::vector<uint64_t> all = ShingleHashes(FindWords(text), kShingleWords);
    return std::set<uint64_t>(all.begin(), all.end());
  };
  const std::set<uint64_t> x = shingles(a), y = shingles(b);
  std::vector<uint64_t> common;
  std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(common));
  const auto n = static_cast<double>(common.size());
  return n / (static_cast<double>(x.size() + y.size()) - n);
}

MinHashSignature SignatureOf(const std::string& text) {
  return MinHash(ShingleHashes(FindWords(text), kShingleWords));
}

TEST(MinHash, EstimatesJaccard) {
  Random random(5);
  double sum = 0, squares = 0;
  constexpr int kPairs = 200;
  for (int i = 0; i < kPairs; ++i) {
    const std::string text = RandomText(random, 150);
    const std::string edited = Edited(random, text, random.Uniform() * 0.1);
    const double error =
        EstimateSimilarity(SignatureOf(text), SignatureOf(edited)) - Jaccard(text, edited);
    sum += error;
    squares += error * error;
  }
  EXPECT_LT(std::abs(sum / kPairs), 0.01);
  EXPECT_LT(std::sqrt(squares / kPairs), 0.05);
}

// A made-up crawl: originals, and copies of them with 0 to 15 % of the words changed.
TEST(NearDuplicateIndex, RecallAndPrecisionOnAMadeUpSet) {
  Random random(11);
  NearDuplicateIndex index;
  std::vector<std::string> originals;
  for (int i = 0; i < 400; ++i) {
    originals.push_back(RandomText(random, 40 + static_cast<int>(random.Below(300))));
    EXPECT_FALSE(index.FindOrAdd(SignatureOf(originals.back())).has_value()) << i;
  }
  int near = 0, near_found = 0, found = 0, found_right = 0, far = 0, far_found = 0;
  for (const std::string& original : originals) {
    const std::string copy = Edited(random, original, random.Uniform() * 0.15);
    const double similarity = Jaccard(original, copy);
    NearDuplicateIndex copy_of_index = index;
    const auto hit = copy_of_index.FindOrAdd(SignatureOf(copy));
    near += similarity >= 0.8;
    near_found += similarity >= 0.8 && hit;
    far += similarity < 0.5;
    far_found += similarity < 0.5 && hit;
    found += hit.has_value();
    found_right += hit && originals[*hit] == original && similarity > 0.6;
  }
  ASSERT_GT(near, 40);
  ASSERT_GT(far, 80);
  RecordProperty("recall", fmt::format("{}/{}", near_found, near));
  RecordProperty("precision", fmt::format("{}/{}", found_right, found));
  EXPECT_GE(near_found, near * 97 / 100) << near_found << " of " << near;
  EXPECT_GE(found_right, found * 98 / 100) << found_right << " of " << found;
  EXPECT_EQ(far_found, 0) << "of " << far;
}

TEST(NearDuplicateIndex, RemembersThroughGrowth) {
  NearDuplicateIndex index;
  std::vector<MinHashSignature> signatures;
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    MinHashSignature signature;
    for (uint8_t& value : signature) value = static_cast<uint8_t>(random.Next());
    signatures.push_back(signature);
    ASSERT_FALSE(index.FindOrAdd(signature).has_value());
  }
  for (uint32_t i = 0; i < signatures.size(); ++i) EXPECT_EQ(index.FindOrAdd(signatures[i]), i);
  EXPECT_EQ(index.size(), 3000u);
}

TEST(EvaluationOverlap, CutsTheLinesThatHoldATest) {
  EvaluationOverlap overlap;
  overlap.Add("Which of these animals lays its eggs in the nests of other birds every spring?");
  std::string text =
      "First line.\n"
      "Quiz: which of these animals lays its eggs in the nests of other birds every spring\n"
      "Last line.";
  EXPECT_GT(overlap.Cut(text), 0u);
  EXPECT_EQ(text, "First line.\nLast line.");
  std::string short_of_it =
      "which of these animals lays its eggs in the nests of a duck";  // 12 - 1
  EXPECT_EQ(overlap.Cut(short_of_it), 0u);
}

TEST(EvaluationOverlap, ShortTestsCountAsAWhole) {
  EvaluationOverlap overlap;
  overlap.Add("how many apples are left in the basket");  // eight words
  overlap.Add("too short to tell anything");
  EXPECT_EQ(overlap.n_texts(), 1u);
  std::string text = "He asked how many apples are left in the basket today.\n\nShe laughed.";
  overlap.Cut(text);
  EXPECT_EQ(text, "\nShe laughed.");
  std::string common = "too short to tell anything";
  EXPECT_EQ(overlap.Cut(common), 0u);
}

TEST(EvaluationOverlap, ReadsEveryStringOfJsonLinesAndParagraphsOfText) {
  const TestFolder folder;
  WriteFileAtomically(
      folder / "a.jsonl",
      "{\"question\": \"one two three four five six seven eight nine\", "
      "\"choices\": [{\"text\": \"alpha beta gamma delta epsilon zeta eta theta\"}]}\n");
  WriteFileAtomically(folder / "b.txt", "red orange yellow green blue indigo\nviolet black\n\nx\n");
  EvaluationOverlap overlap;
  overlap.AddFile(folder / "a.jsonl");
  overlap.AddFile(folder / "b.txt");
  EXPECT_EQ(overlap.n_texts(), 3u);
  std::string text = "Red, orange, yellow, green, blue, indigo, violet: black.";
  EXPECT_GT(overlap.Cut(text), 0u);
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace pioneer
