// Why: the tokenizer of Llama 1 and 2, Mistral and Phi-3: SentencePiece's BPE, where a token's
// score decides which merge comes first, spaces are U+2581, and characters without a token become
// bytes.
//
// Source: Kudo, Richardson 2018 (https://arxiv.org/abs/1808.06226).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/symbol_merger.h"
#include "text/tokenizer_base.h"

namespace pioneer {

// The value of "<0xNN>"; -1 for anything else.
int ByteTokenValue(std::string_view token);

class SentencePieceTokenizer final : public TokenizerBase {
 public:
  // Throws as MakeTokenizer() does.
  explicit SentencePieceTokenizer(Vocabulary vocabulary);

 protected:
  void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const override;

 private:
  void ReadByteTokens();
  void FillBytes();
  std::vector<uint32_t> RankScores() const;
  void IndexSymbols();
  MergeTable MakeMerges();
  void IndexWholeWords();
  bool IsPlain(int32_t id) const;
  int32_t AddCharacter(std::string_view character);
  void EncodeWord(std::string_view word, std::vector<int32_t>& symbols,
                  std::vector<int32_t>& ids) const;
  void SplitAndMerge(std::string_view word, std::vector<int32_t>& symbols) const;

  std::array<int32_t, 256> byte_tokens_;
  // Symbols are the tokens, and behind them the characters that only occur inside tokens.
  std::vector<std::string> symbol_texts_;
  StringIndex symbols_;      // plain tokens and those characters
  StringIndex whole_words_;  // words known to become one token
  MergeTable merges_;
  bool words_stand_alone_ = true;  // no token reaches over the start of a word
};

}  // namespace pioneer
