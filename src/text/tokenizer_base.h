// Why: what all tokenizers share: checking a vocabulary, cutting out special tokens, and the way
// from ids back to bytes. Kinds differ in how plain text becomes tokens.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/special_tokens.h"
#include "text/string_index.h"
#include "text/symbol_merger.h"
#include "text/tokenizer.h"

namespace pioneer {

inline constexpr size_t kMaxTokenizedBytes = size_t{1} << 30;

// The value of "<0xNN>"; -1 for anything else.
int ByteTokenValue(std::string_view token);

class TokenizerBase : public Tokenizer {
 public:
  // Throws Error{kInvalidArgument} for a text above kMaxTokenizedBytes.
  std::vector<int32_t> Encode(std::string_view text, const EncodeOptions& options) const final;
  std::string TokenBytes(int32_t id, bool show_special) const final;
  std::string Decode(const std::vector<int32_t>& ids, bool show_special) const final;
  const Vocabulary& vocabulary() const final { return vocabulary_; }
  bool IsEndOfGeneration(int32_t id) const final;
  int32_t FindToken(std::string_view token) const final { return index_.Find(token); }

 protected:
  // Throws Error{kCorruptFile} when sizes differ, an id is out of range or a token comes twice.
  explicit TokenizerBase(Vocabulary vocabulary);
  // The index points into the vocabulary.
  TokenizerBase(const TokenizerBase&) = delete;
  TokenizerBase& operator=(const TokenizerBase&) = delete;

  // Appends the tokens of text that holds no special token; `text` is not empty.
  virtual void EncodePlain(std::string_view text, std::vector<int32_t>& ids) const = 0;

  // For vocabularies that write spaces as U+2581: fills in the bytes of byte tokens and returns
  // their ids (the unknown token's where there is none) ...
  std::array<int32_t, 256> ReadByteTokens();
  // ... and the bytes of the others.
  void FillMarkedBytes();
  // The vocabulary's list of merges. Throws Error{kCorruptFile} for one that names an unknown
  // token.
  MergeTable ReadMerges() const;

  TokenType type(int32_t id) const {
    return vocabulary_.types.empty() ? TokenType::kNormal : vocabulary_.types[id];
  }
  bool in_range(int32_t id) const { return id >= 0 && id < size(); }

  Vocabulary vocabulary_;
  std::vector<std::string> bytes_;  // of each token; the kind fills in those of plain tokens
  bool strip_leading_space_ = false;

 private:
  void CheckVocabulary() const;
  void MakeControl(int32_t id);
  void FindFillInTheMiddle();
  void MarkEndOfGeneration();
  void CollectSpecialTokens();
  // The parts of `text` that `matcher` leaves go to `plain`, the special tokens between to `ids`.
  template <typename Plain>
  void Cut(const SpecialTokenMatcher& matcher, std::string_view text, std::vector<int32_t>& ids,
           const Plain& plain) const;
  void EncodeNormalized(std::string_view text, std::vector<int32_t>& ids) const;

  StringIndex index_;
  std::vector<bool> ends_generation_;
  SpecialTokenMatcher user_defined_;  // tokens in text whatever the caller allows
  SpecialTokenMatcher all_special_;   // those and the control tokens
  SpecialTokenRules rules_;
};

}  // namespace pioneer
