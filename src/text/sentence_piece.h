// Why: the tokenizer of Llama 1 and 2, Mistral, Phi-3 and Gemma: SentencePiece's BPE, where a
// token's score decides which merge comes first, spaces are U+2581, and characters without a token
// become bytes. Files that come from Hugging Face list the merges instead of scores.
//
// Source: Kudo, Richardson 2018 (https://arxiv.org/abs/1808.06226).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/marked_words.h"
#include "text/piece_memo.h"
#include "text/symbol_merger.h"
#include "text/tokenizer_base.h"

namespace pioneer {

class SentencePieceTokenizer final : public TokenizerBase {
 public:
  // Throws as MakeTokenizer() does.
  explicit SentencePieceTokenizer(Vocabulary vocabulary);

 protected:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  std::vector<uint32_t> RankScores() const;
  void IndexSymbols();
  void IndexCharacters();
  MergeTable MakeMerges();
  MergeTable MergesByScore();
  void IndexLineBreaks();
  bool IsPlain(int32_t id) const;
  int32_t AddCharacter(std::string_view character);
  void EncodeWords(std::string_view text, PieceMemo& memo, std::vector<int32_t>& ids) const;
  void EncodeWord(std::string_view word, std::vector<int32_t>& symbols,
                  std::vector<int32_t>& ids) const;
  void SplitAndMerge(std::string_view word, std::vector<int32_t>& symbols) const;

  std::array<int32_t, 256> byte_tokens_;
  // Symbols are the tokens, and behind them the characters that only occur inside tokens.
  std::vector<std::string> symbol_texts_;
  StringIndex symbols_;              // plain tokens and those characters
  std::vector<int32_t> characters_;  // the symbol of a code point below 2^16; -1 = none
  StringIndex line_breaks_;          // tokens that are taken whole
  MergeTable merges_;
  MarkedWords words_;
  mutable PieceMemoPool memos_;
};

}  // namespace pioneer
