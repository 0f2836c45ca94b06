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
  kSentencePiece,  // "llama": SPM's BPE by scores, with byte fallback
};

struct Vocabulary {
  VocabularyKind kind = VocabularyKind::kByteLevelBpe;
  std::string pre_tokenizer;        // "gpt-2", "llama-bpe", "qwen2", "default", ...
  std::vector<std::string> tokens;  // as in the file (byte-level alphabet, or U+2581 for space)
  std::vector<float> scores;        // kSentencePiece; else empty
  std::vector<TokenType> types;     // empty = all normal
  std::vector<std::string> merges;  // kByteLevelBpe: "left right", best first
  int32_t bos_id = -1, eos_id = -1, eot_id = -1, unknown_id = -1, padding_id = -1;
  bool add_bos = false, add_eos = false;
  bool add_space_prefix = true;  // kSentencePiece
  bool ignore_merges = false;    // kByteLevelBpe: a pre-token that is a token is taken whole
};

}  // namespace pioneer
