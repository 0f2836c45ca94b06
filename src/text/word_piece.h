// Why: the tokenizer of BERT and the embedding models made from it. A text is cleaned, cut into
// words and punctuation, and of each word the longest token is taken first.
//
// Source: Google's BERT (https://arxiv.org/abs/1810.04805), as Hugging Face's tokenizers do it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer_base.h"

namespace pioneer {

class WordPieceTokenizer final : public TokenizerBase {
 public:
  // Throws as MakeTokenizer() does.
  explicit WordPieceTokenizer(Vocabulary vocabulary);

 protected:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  std::string Normalize(std::string_view text) const;
  void EncodeWord(std::string_view word, std::vector<int32_t>& ids) const;

  StringIndex pieces_;  // plain tokens; those at the start of a word have a space mark
  size_t longest_piece_ = 0;
};

}  // namespace pioneer
