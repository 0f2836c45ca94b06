// Why: embedding models hear the wrong words when the most likely row of tokens is not found.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "text/charsmap.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

using Ids = std::vector<int32_t>;

Vocabulary UnigramVocabulary() {
  Vocabulary vocabulary;
  vocabulary.kind = VocabularyKind::kUnigram;
  vocabulary.tokens = {"<unk>", "</s>", "▁", "a", "b", "ab", "▁a", "bb", "▁abb", "▁▁"};
  vocabulary.scores = {0, 0, -2, -3, -3.5f, -4, -3, -5, -9, -3};
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  vocabulary.types[0] = TokenType::kUnknown;
  vocabulary.types[1] = TokenType::kControl;
  vocabulary.unknown_id = 0;
  vocabulary.eos_id = 1;
  vocabulary.add_eos = true;
  return vocabulary;
}

// Tries all ways.
double BestScore(const Vocabulary& vocabulary, const std::string& text) {
  const std::function<double(size_t)> best = [&](size_t begin) -> double {
    if (begin == text.size()) return 0;
    double score = -std::numeric_limits<double>::infinity();
    for (size_t id = 2; id < vocabulary.tokens.size(); ++id) {
      if (text.compare(begin, vocabulary.tokens[id].size(), vocabulary.tokens[id]) != 0) continue;
      score = std::max(score, vocabulary.scores[id] + best(begin + vocabulary.tokens[id].size()));
    }
    return score;
  };
  return best(0);
}

TEST(Unigram, TakesTheMostLikelyRow) {
  const Vocabulary vocabulary = UnigramVocabulary();
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_EQ(tokenizer->Encode("ab", {}), (Ids{2, 5}));   // -2 - 4, not "▁a" + "b" (-6.5)
  EXPECT_EQ(tokenizer->Encode("abb", {}), (Ids{6, 7}));  // -3 - 5, not "▁abb" (-9)
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (uint64_t n = random.Below(10) + 1; n > 0; --n) text += "ab "[random.Below(3)];
    std::string marked = "▁";
    for (const char c : text) marked += c == ' ' ? "▁" : std::string(1, c);
    double score = 0;
    std::string together;
    for (const int32_t id : tokenizer->Encode(text, {})) {
      score += vocabulary.scores[id];
      together += vocabulary.tokens[id];
    }
    // A text of spaces only gets no prefix.
    if (text.find_first_not_of(' ') == std::string::npos) continue;
    if (text[0] == ' ') continue;
    EXPECT_EQ(together, marked);
    EXPECT_NEAR(score, BestScore(vocabulary, marked), 1e-9) << text;
  }
}

TEST(Unigram, UnknownCharactersAreOneToken) {
  const auto tokenizer = MakeTokenizer(UnigramVocabulary());
  EXPECT_EQ(tokenizer->Encode("xyz", {}), (Ids{2, 0}));
  EXPECT_EQ(tokenizer->Encode("a\xFF한b", {.add_special = true}), (Ids{6, 0, 4, 1}));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("a b", {})), "a b");
  EXPECT_EQ(tokenizer->Encode("", {.add_special = true}), Ids{1});
}

TEST(Unigram, ExtraSpacesGoWhereTheModelWantsIt) {
  Vocabulary vocabulary = UnigramVocabulary();
  const Ids two = MakeTokenizer(vocabulary)->Encode("a  b", {});
  EXPECT_EQ(two, (Ids{6, 9, 4}));
  vocabulary.remove_extra_whitespace = true;
  EXPECT_EQ(MakeTokenizer(vocabulary)->Encode("  a  b  ", {}), (Ids{6, 2, 4}));
}

TEST(Unigram, LiesAreRefused) {
  Vocabulary vocabulary = UnigramVocabulary();
  vocabulary.scores[3] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(MakeTokenizer(vocabulary), Error);
  vocabulary = UnigramVocabulary();
  vocabulary.unknown_id = -1;
  EXPECT_THROW(MakeTokenizer(vocabulary), Error);
  vocabulary = UnigramVocabulary();
  vocabulary.scores.clear();
  EXPECT_THROW(MakeTokenizer(vocabulary), Error);
}

std::string Units(const std::vector<uint32_t>& units) {
  std::string bytes;
  const auto add = [&](uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> 8 * i & 0xFF);
  };
  add(static_cast<uint32_t>(units.size() * 4));
  for (const uint32_t unit : units) add(unit);
  return bytes;
}

// "A" is replaced by "a": the root's children lie at 0, so "A" is unit 65; its value at 65 ^ 1.
std::string SmallMap() {
  std::vector<uint32_t> units(128);
  units[0] = 0;
  units['A'] = 'A' | 1 << 8 | 1 << 10;
  units['A' ^ 1] = 1u << 31 | 2;
  return Units(units) + std::string("z\0a\0", 4);
}

TEST(Charsmap, ReplacesTheLongestPrefix) {
  const std::string data = SmallMap();
  const Charsmap map(data);
  EXPECT_EQ(map.Find("AB").length, 1u);
  EXPECT_EQ(map.Find("AB").text, "a");
  EXPECT_EQ(map.Find("B").length, 0u);
  EXPECT_EQ(map.Find("").length, 0u);
  EXPECT_EQ(Charsmap("").Find("A").length, 0u);
  Vocabulary vocabulary = UnigramVocabulary();
  vocabulary.charsmap = data;
  EXPECT_EQ(MakeTokenizer(vocabulary)->Encode("A", {}), Ids{6});
}

TEST(Charsmap, StaysWithinItsBounds) {
  EXPECT_THROW(Charsmap("abc"), Error);
  EXPECT_THROW(Charsmap(std::string("\xFF\xFF\xFF\x7F"
                                    "abcd",
                                    8)),
               Error);
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint32_t> units(1 + random.Below(64));
    for (uint32_t& unit : units) unit = static_cast<uint32_t>(random.Below(UINT32_MAX));
    if (random.Below(2) == 0) units[0] &= 0x3FFF;
    std::string data = Units(units);
    for (uint64_t n = random.Below(8); n > 0; --n) data += static_cast<char>(random.Below(3));
    const Charsmap map(data);
    for (int c = 0; c < 64; ++c) {
      const std::string text = {static_cast<char>(c), static_cast<char>(random.Below(256))};
      EXPECT_LE(map.Find(text).length, text.size());
    }
  }
}

}  // namespace
}  // namespace pioneer
