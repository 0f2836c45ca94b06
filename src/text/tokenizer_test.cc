#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/symbol_merger.h"

namespace pioneer {
namespace {

std::vector<std::string> Pieces(const PreTokenizer& pre_tokenizer, std::string_view text) {
  std::vector<std::string> pieces;
  PieceReader reader(pre_tokenizer, text);
  for (std::string_view piece; reader.Next(piece);) pieces.emplace_back(piece);
  return pieces;
}

std::vector<std::string> Pieces(const char* name, std::string_view text) {
  return Pieces(MakePreTokenizer(name), text);
}

using Strings = std::vector<std::string>;

Vocabulary ByteVocabulary(const Strings& merges) {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
  }
  for (const std::string& merge : merges) {
    vocabulary.merges.push_back(merge);
    const size_t space = merge.find(' ', 1);
    vocabulary.tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
  }
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  return vocabulary;
}

Vocabulary SentencePieceVocabulary() {
  Vocabulary vocabulary;
  vocabulary.kind = VocabularyKind::kSentencePiece;
  vocabulary.tokens = {"<unk>", "<s>", "</s>"};
  vocabulary.types = {TokenType::kUnknown, TokenType::kControl, TokenType::kControl};
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(fmt::format("<0x{:02X}>", byte));
    vocabulary.types.push_back(TokenType::kByte);
  }
  for (const char* token : {"▁", "a", "b", "▁a", "ab", "▁ab"}) {
    vocabulary.tokens.emplace_back(token);
    vocabulary.types.push_back(TokenType::kNormal);
  }
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    vocabulary.scores.push_back(-static_cast<float>(i));
  }
  vocabulary.unknown_id = 0;
  vocabulary.bos_id = 1;
  vocabulary.eos_id = 2;
  vocabulary.add_bos = true;
  return vocabulary;
}

void ExpectCorrupt(Vocabulary vocabulary) {
  try {
    MakeTokenizer(std::move(vocabulary));
    FAIL() << "the vocabulary was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptFile) << error.what();
  }
}

TEST(PreTokenizer, Gpt2) {
  EXPECT_EQ(
      Pieces("gpt-2", "I'm  here, it's 12345!\n\n x'S"),
      (Strings{"I", "'m", " ", " here", ",", " it", "'s", " 12345", "!", "\n\n", " x", "'", "S"}));
  EXPECT_EQ(Pieces("gpt-2", "a \t "), (Strings{"a", " \t "}));
}

TEST(PreTokenizer, Llama3) {
  EXPECT_EQ(Pieces("llama-bpe", "I'LL say: \"안녕\" 12345 \n\n  x!!\n\ny"),
            (Strings{"I", "'LL", " say", ":", " \"", "안녕", "\"", " ", "123", "45", " \n\n", " ",
                     " x", "!!\n\n", "y"}));
  EXPECT_EQ(Pieces("llama-bpe", "\tfoo\n\tbar"), (Strings{"\tfoo", "\n", "\tbar"}));
}

TEST(PreTokenizer, Qwen2TakesDigitsOneByOne) {
  EXPECT_EQ(Pieces("qwen2", " 12a"), (Strings{" ", "1", "2", "a"}));
}

TEST(MergeSymbols, LongAndShortPiecesAgree) {
  MergeTable table(16);
  table.Add(0, 1, 3, 4);
  table.Add(1, 0, 1, 5);
  table.Add(5, 5, 0, 6);
  table.Add(0, 0, 2, 7);
  Random random(3);
  for (int round = 0; round < 100; ++round) {
    std::vector<int32_t> shorter;
    for (int i = 0; i < 40; ++i) shorter.push_back(static_cast<int32_t>(random.Below(2)));
    // Symbol 9 never merges, so the long run holds the short one unchanged at its start.
    std::vector<int32_t> longer = shorter;
    longer.insert(longer.end(), 60, 9);
    MergeSymbols(table, shorter);
    MergeSymbols(table, longer);
    longer.resize(longer.size() - 60);
    EXPECT_EQ(longer, shorter);
  }
}

TEST(ByteLevelBpe, MergesInOrderOfRank) {
  const auto tokenizer = MakeTokenizer(ByteVocabulary({"b c", "a b", "a bc"}));
  EXPECT_EQ(tokenizer->Encode("abc", {}), (std::vector<int32_t>{258}));
  EXPECT_EQ(tokenizer->Encode("ab", {}), (std::vector<int32_t>{257}));
  EXPECT_EQ(tokenizer->FindToken("bc"), 256);
  EXPECT_EQ(tokenizer->FindToken("nothing"), -1);
}

TEST(ByteLevelBpe, RepeatedWordsOfLongTextsAreTheSame) {
  const auto tokenizer = MakeTokenizer(ByteVocabulary({"b c", "a b", "a bc"}));
  Random random(5);
  std::string text;
  std::vector<int32_t> expected;
  for (int i = 0; i < 3000; ++i) {
    std::string word = " ";
    for (uint64_t n = random.Below(5) + 1; n > 0; --n) {
      word += static_cast<char>('a' + random.Below(3));
    }
    text += word;
    const auto ids = tokenizer->Encode(word, {});
    expected.insert(expected.end(), ids.begin(), ids.end());
  }
  EXPECT_EQ(tokenizer->Encode(text, {}), expected);
}

TEST(Tokenizer, SpecialTokensOnlyWhereAllowed) {
  Vocabulary vocabulary = ByteVocabulary({});
  for (const char* token : {"<|im_end|>", "<x>", "<x>y"}) vocabulary.tokens.emplace_back(token);
  vocabulary.types.insert(vocabulary.types.end(),
                          {TokenType::kControl, TokenType::kUserDefined, TokenType::kUserDefined});
  vocabulary.bos_id = 256;
  vocabulary.add_bos = true;
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_EQ(tokenizer->Encode("<|im_end|>", {.parse_special = true}), (std::vector<int32_t>{256}));
  EXPECT_EQ(tokenizer->Encode("<|im_end|>", {}).size(), 10u);
  EXPECT_EQ(tokenizer->Encode("<x><x>y", {}), (std::vector<int32_t>{257, 258}));
  EXPECT_EQ(tokenizer->Encode("", {.add_special = true}), (std::vector<int32_t>{256}));
  EXPECT_EQ(tokenizer->TokenBytes(256), "");
  EXPECT_EQ(tokenizer->TokenBytes(256, true), "<|im_end|>");
  EXPECT_EQ(tokenizer->TokenBytes(257), "<x>");
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(256));
  EXPECT_FALSE(tokenizer->IsEndOfGeneration(257));
}

TEST(Tokenizer, TheEndOfAMessageIsNotThatOfTheAnswer) {
  Vocabulary vocabulary = ByteVocabulary({});
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"<|end|>", "<|return|>"});
  vocabulary.types.resize(vocabulary.tokens.size(), TokenType::kControl);
  EXPECT_TRUE(MakeTokenizer(vocabulary)->IsEndOfGeneration(256));
  vocabulary.tokens.emplace_back("<|call|>");
  vocabulary.types.push_back(TokenType::kControl);
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_FALSE(tokenizer->IsEndOfGeneration(256));
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(257));
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(258));
}

TEST(Tokenizer, FillInTheMiddleTokensAreKnownByName) {
  Vocabulary vocabulary = ByteVocabulary({});
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"<fim_prefix>", "<fim_suffix>", "<fim_pad>"});
  vocabulary.types.resize(vocabulary.tokens.size(), TokenType::kUserDefined);
  EXPECT_FALSE(MakeTokenizer(vocabulary)->vocabulary().fill_in_the_middle.CanFill());
  vocabulary.tokens.emplace_back("<mine>");
  vocabulary.types.push_back(TokenType::kNormal);
  vocabulary.fill_in_the_middle.middle = 259;
  const auto tokenizer = MakeTokenizer(vocabulary);
  const FillInTheMiddleIds& ids = tokenizer->vocabulary().fill_in_the_middle;
  EXPECT_TRUE(ids.CanFill());
  EXPECT_EQ(ids.prefix, 256);
  EXPECT_EQ(ids.middle, 259);
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(258));
  EXPECT_EQ(tokenizer->Encode("<fim_prefix>", {}).size(), 12u);  // nobody can write it
}

TEST(Tokenizer, IdsOutOfRangeAreNothing) {
  const auto tokenizer = MakeTokenizer(ByteVocabulary({}));
  for (const int32_t id :
       {-1, 256, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
    EXPECT_EQ(tokenizer->TokenBytes(id), "");
    EXPECT_FALSE(tokenizer->IsEndOfGeneration(id));
    EXPECT_EQ(tokenizer->Decode({id}), "");
  }
}

TEST(SentencePiece, MergesByScoreAndFallsBackToBytes) {
  const auto tokenizer = MakeTokenizer(SentencePieceVocabulary());
  const int32_t first = 259;  // "▁"
  EXPECT_EQ(tokenizer->Encode("a", {}), (std::vector<int32_t>{first + 3}));
  // "▁a" scores above "ab", and "▁ab" has no other way.
  EXPECT_EQ(tokenizer->Encode("ab", {}), (std::vector<int32_t>{first + 5}));
  EXPECT_EQ(tokenizer->Encode("é", {}), (std::vector<int32_t>{first, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(tokenizer->Encode("a", {.add_special = true}), (std::vector<int32_t>{1, first + 3}));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("ab a é\xFF", {})), "ab a é\uFFFD");
  EXPECT_EQ(tokenizer->Encode("<s>", {.parse_special = true}), (std::vector<int32_t>{1}));
  EXPECT_EQ(tokenizer->Encode("", {}), std::vector<int32_t>{});
}

TEST(Vocabulary, LiesAreRefused) {
  Vocabulary vocabulary = ByteVocabulary({});
  vocabulary.tokens[5] = vocabulary.tokens[6];
  ExpectCorrupt(vocabulary);
  vocabulary = ByteVocabulary({});
  vocabulary.merges = {"x unknown"};
  ExpectCorrupt(vocabulary);
  for (const char* merge : {"", " ", "ab", "a ", " b"}) {
    vocabulary.merges = {merge};
    ExpectCorrupt(vocabulary);
  }
  vocabulary = ByteVocabulary({});
  vocabulary.types.pop_back();
  ExpectCorrupt(vocabulary);
  vocabulary = ByteVocabulary({});
  vocabulary.eos_id = 256;
  ExpectCorrupt(vocabulary);
  ExpectCorrupt(Vocabulary{});
  for (const char* token : {"<0x-1>", "<0xG0>", "<0x100>", "<0x1>", "x"}) {
    vocabulary = SentencePieceVocabulary();
    vocabulary.tokens[10] = token;
    ExpectCorrupt(vocabulary);
  }
  vocabulary = SentencePieceVocabulary();
  vocabulary.scores.pop_back();
  ExpectCorrupt(vocabulary);
  vocabulary = SentencePieceVocabulary();
  vocabulary.scores[3] = std::numeric_limits<float>::quiet_NaN();
  ExpectCorrupt(vocabulary);
  vocabulary = SentencePieceVocabulary();
  vocabulary.scores.clear();
  ExpectCorrupt(vocabulary);
}

TEST(Vocabulary, UnknownPreTokenizersAreNamed) {
  Vocabulary vocabulary = ByteVocabulary({});
  vocabulary.pre_tokenizer = "nonsense";
  try {
    MakeTokenizer(vocabulary);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("llama-bpe"), std::string::npos);
  }
}

}  // namespace
}  // namespace pioneer
