// Why: the tokenizer of T5, XLM-RoBERTa and the embedding models made from them: every token has a
// probability, and of all ways to write a text with tokens the most likely one is taken.
//
// Source: Kudo 2018 (https://arxiv.org/abs/1804.10959).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/charsmap.h"
#include "text/marked_words.h"
#include "text/piece_memo.h"
#include "text/tokenizer_base.h"

namespace pioneer {

class UnigramTokenizer final : public TokenizerBase {
 public:
  // Throws as MakeTokenizer() does.
  explicit UnigramTokenizer(Vocabulary vocabulary);

 protected:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  // The best way to write the text up to one place.
  struct Best {
    double score;
    size_t from;  // where its last token begins
    int32_t id;   // the last token
  };
  void ReadScores();
  void IndexTokens();
  std::string Normalize(std::string_view text) const;
  void EncodeWord(std::string_view word, std::vector<Best>& best, std::vector<int32_t>& ids) const;
  void AppendUnknown(std::string_view text, std::vector<int32_t>& ids) const;

  Charsmap charsmap_;
  std::array<int32_t, 256> byte_tokens_;
  bool has_byte_tokens_ = false;
  double unknown_score_ = 0;
  ByteTrie trie_;  // of the plain tokens
  MarkedWords words_;
  mutable PieceMemoPool memos_;
};

}  // namespace pioneer
