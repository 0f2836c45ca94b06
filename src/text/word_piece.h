// Why: the tokenizer of BERT and the embedding models made from it. A text is cleaned, cut into
// words and punctuation, and of each word the longest token is taken first.
//
// Source: Google's BERT (https://arxiv.org/abs/1810.04805), as Hugging Face's tokenizers do it.
#pragma once

#include <string_view>
#include <vector>

#include "text/bert_text.h"
#include "text/byte_trie.h"
#include "text/piece_memo.h"
#include "text/tokenizer_base.h"

namespace pioneer {

class WordPieceTokenizer final : public TokenizerBase {
 public:
  // Throws as MakeTokenizer() does.
  explicit WordPieceTokenizer(Vocabulary vocabulary);

 protected:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  // `word` has a space mark in front.
  void EncodeWord(std::string_view word, std::vector<int32_t>& ids) const;

  BertText cleaner_;
  ByteTrie pieces_;  // plain tokens; those at the start of a word have a space mark
  mutable PieceMemoPool memos_;
};

}  // namespace pioneer
