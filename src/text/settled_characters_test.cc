// Why: merging a character's bytes before all else must never change what a piece becomes, whatever
// the merges are: random ones, in an order that no training would give, are the judge.
#include "text/settled_characters.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "text/byte_alphabet.h"

namespace pioneer {
namespace {

constexpr std::string_view kTexts[] = {"가", "각", "간", "갈", "나",   "낙",   "é",   "è",
                                       "中", "a",  "b",  " ",  "\xEA", "\xB0", "\x80"};

struct RandomMerges {
  explicit RandomMerges(std::mt19937& random) : table(kMerges) {
    for (int byte = 0; byte < 256; ++byte) {
      byte_symbols[byte] = byte;
      Add(std::string(1, static_cast<char>(byte)));
    }
    // Pairs that occur in some text, so that they are merged often.
    for (uint32_t rank = 0; rank < kMerges; ++rank) {
      const std::string text = RandomText(random, 4);
      const size_t begin = random() % text.size();
      const std::string token = text.substr(begin, 2 + random() % 6);
      if (token.size() < 2 || symbols.contains(token)) continue;
      const size_t cut = 1 + random() % (token.size() - 1);
      const auto left = symbols.find(token.substr(0, cut));
      const auto right = symbols.find(token.substr(cut));
      if (left == symbols.end() || right == symbols.end()) continue;
      const int32_t l = left->second, r = right->second;
      const uint32_t shuffled = random() % 4 == 0 ? rank / 2 * 2 + 1 : rank * 2;
      table.Add(l, r, shuffled, Add(token));
    }
  }

  static std::string RandomText(std::mt19937& random, int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += kTexts[random() % std::size(kTexts)];
    return text;
  }

  int32_t Add(const std::string& bytes) {
    tokens.push_back(BytesToAlphabet(bytes));
    return symbols[bytes] = static_cast<int32_t>(tokens.size()) - 1;
  }

  static constexpr uint32_t kMerges = 400;
  MergeTable table;
  std::array<int32_t, 256> byte_symbols;
  std::vector<std::string> tokens;
  std::map<std::string, int32_t> symbols;
};

TEST(SettledCharacters, ChangeNoResult) {
  std::mt19937 random(1);
  size_t n_settled = 0;
  for (int round = 0; round < 60; ++round) {
    const RandomMerges merges(random);
    const SettledCharacters characters(merges.byte_symbols, merges.table, merges.tokens);
    for (int i = 0; i < 300; ++i) {
      const std::string text =
          RandomMerges::RandomText(random, 1 + static_cast<int>(random() % 12));
      std::vector<int32_t> plain, settled;
      for (const char byte : text) plain.push_back(static_cast<uint8_t>(byte));
      characters.Append(text, settled);
      n_settled += plain.size() - settled.size();
      MergeSymbols(merges.table, plain);
      MergeSymbols(merges.table, settled);
      ASSERT_EQ(settled, plain) << "round " << round << ": " << text;
    }
  }
  EXPECT_GT(n_settled, 1000u);  // it does something
}

}  // namespace
}  // namespace pioneer
