// Why: the tokenizer of GPT-2, Llama 3, Qwen and most models since: pieces of bytes, merged.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/piece_memo.h"
#include "text/pre_tokenizer.h"
#include "text/settled_characters.h"
#include "text/symbol_merger.h"
#include "text/tokenizer_base.h"

namespace pioneer {

class ByteLevelBpeTokenizer final : public TokenizerBase {
 public:
  // Throws as MakeTokenizer() does.
  explicit ByteLevelBpeTokenizer(Vocabulary vocabulary);

 protected:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  void FillBytes();
  void IndexWholePieces();
  void EncodePiece(std::string_view piece, std::vector<int32_t>& symbols,
                   std::vector<int32_t>& ids) const;

  PreTokenizer pre_tokenizer_;
  MergeTable merges_;
  std::optional<SettledCharacters> characters_;
  StringIndex whole_pieces_;  // tokens that are taken whole, whatever the merges say
  mutable PieceMemoPool memos_;
};

}  // namespace pioneer
