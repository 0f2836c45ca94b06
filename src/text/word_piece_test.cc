// Why: BERT's embeddings are only comparable when texts are cleaned and cut as in its training.
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

using Ids = std::vector<int32_t>;

Vocabulary BertVocabulary() {
  Vocabulary vocabulary;
  vocabulary.kind = VocabularyKind::kWordPiece;
  vocabulary.tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁un",   "aff", "able",
                       "▁cafe", "▁,",    "▁中",   "▁a",    "▁Cafe", "▁+",  "▁i"};
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  for (int id = 0; id < 4; ++id) vocabulary.types[id] = TokenType::kControl;
  vocabulary.unknown_id = 1;
  vocabulary.bos_id = 2;
  vocabulary.separator_id = 3;
  vocabulary.add_bos = vocabulary.add_separator = true;
  return vocabulary;
}

TEST(WordPiece, TakesTheLongestPieceFirst) {
  const auto tokenizer = MakeTokenizer(BertVocabulary());
  EXPECT_EQ(tokenizer->Encode("unaffable", {}), (Ids{4, 5, 6}));
  EXPECT_EQ(tokenizer->Encode("unaffablex un", {}), (Ids{1, 4}));
  EXPECT_EQ(tokenizer->Encode("un", {.add_special = true}), (Ids{2, 4, 3}));
  EXPECT_EQ(tokenizer->Encode("", {.add_special = true}), (Ids{2, 3}));
  EXPECT_EQ(tokenizer->Decode({4, 5, 6, 8, 7}), "unaffable , cafe");
}

TEST(WordPiece, CleansAndCutsTheText) {
  const auto tokenizer = MakeTokenizer(BertVocabulary());
  EXPECT_EQ(tokenizer->Encode("CAFÉ,a中a+", {}), (Ids{7, 8, 10, 9, 10, 12}));
  EXPECT_EQ(tokenizer->Encode("u\u200Dn\x01\xFF\t\u3000a", {}), (Ids{4, 10}));
  EXPECT_EQ(tokenizer->Encode("\u0130", {}), Ids{13});  // a capital I with a dot
  EXPECT_EQ(tokenizer->Encode("[CLS]", {}), (Ids{1, 1, 1}));
  EXPECT_EQ(tokenizer->Encode("[CLS]a", {.parse_special = true}), (Ids{2, 10}));
}

TEST(WordPiece, CasedModelsKeepCapitalsAndAccents) {
  Vocabulary vocabulary = BertVocabulary();
  vocabulary.lowercase = vocabulary.strip_accents = false;
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_EQ(tokenizer->Encode("Cafe cafe Café", {}), (Ids{11, 7, 1}));
}

TEST(WordPiece, WordsOfMoreThanAHundredCharactersAreUnknown) {
  Vocabulary vocabulary = BertVocabulary();
  vocabulary.tokens.push_back("a");
  vocabulary.types.push_back(TokenType::kNormal);
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_EQ(tokenizer->Encode(std::string(100, 'a'), {}).size(), 100u);
  EXPECT_EQ(tokenizer->Encode(std::string(101, 'a'), {}), Ids{1});
}

TEST(WordPiece, NeedsAnUnknownToken) {
  Vocabulary vocabulary = BertVocabulary();
  vocabulary.unknown_id = -1;
  EXPECT_THROW(MakeTokenizer(vocabulary), Error);
}

}  // namespace
}  // namespace pioneer
