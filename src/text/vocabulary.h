// Why: what a tokenizer needs to know, whatever file it came from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pioneer {

// The numbers are GGUF's.
enum class TokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // special: never shown, parsed from text only where the caller allows it
  kUserDefined = 4,  // shown; always one token where it occurs
  kUnused = 5,
  kByte = 6,
};

enum class VocabularyKind {
  kByteLevelBpe,   // GGUF tokenizer.ggml.model "gpt2"
  kSentencePiece,  // "llama": SPM's BPE by scores, with byte fallback; "gemma4": by merges
  kUnigram,        // "t5": the most likely row of tokens, as T5 and XLM-R have it
  kWordPiece,      // "bert": the longest token first, words without punctuation
};

// Of a special token: what around it decides whether it is one, or belongs to it. Spaces are
// Unicode's White_Space, letters of a word \w as in Unicode's recommendation for expressions (UTS
// 18).
struct SpecialTokenRule {
  int32_t id = -1;
  bool strip_left = false, strip_right = false;  // takes the spaces before it, behind it
  bool single_word = false;                      // plain text where a letter of a word touches it
};

// The tokens that frame a text with a hole; -1 = the model has none.
struct FillInTheMiddleIds {
  int32_t prefix = -1, suffix = -1, middle = -1;
  int32_t padding = -1, repository = -1, file_separator = -1;
  bool CanFill() const { return prefix >= 0 && suffix >= 0 && middle >= 0; }
};

struct Vocabulary {
  VocabularyKind kind = VocabularyKind::kByteLevelBpe;
  // kByteLevelBpe: a name known to pre_tokenizer.h, or, where not empty, the expressions
  // themselves.
  std::string pre_tokenizer;
  std::vector<std::string> split_expressions;
  // As in the file: byte-level alphabet, or U+2581 for space; kWordPiece has U+2581 where a word
  // begins.
  std::vector<std::string> tokens;
  std::vector<float> scores;     // kSentencePiece without merges, kUnigram; else empty
  std::vector<TokenType> types;  // empty = all normal
  // "left right", best first. kByteLevelBpe; kSentencePiece may have them instead of scores.
  std::vector<std::string> merges;
  std::vector<SpecialTokenRule> special_rules;  // of those that have any; one a token
  int32_t bos_id = -1, eos_id = -1, eot_id = -1, unknown_id = -1, padding_id = -1;
  int32_t separator_id = -1, mask_id = -1;
  FillInTheMiddleIds fill_in_the_middle;
  bool add_bos = false, add_eos = false;
  bool add_separator = false;            // kWordPiece: the separator ends a text
  bool add_space_prefix = true;          // kSentencePiece, kUnigram
  bool remove_extra_whitespace = false;  // kUnigram: runs of spaces are one, none at the ends
  bool nfc = false;            // plain text is brought to Unicode's normalization form C first
  bool ignore_merges = false;  // kByteLevelBpe: a pre-token that is a token is taken whole
  std::string charsmap;        // kUnigram: SentencePiece's precompiled normalizer; may be empty
  bool lowercase = true;       // kWordPiece
  bool strip_accents = true;   // kWordPiece
};

}  // namespace pioneer
