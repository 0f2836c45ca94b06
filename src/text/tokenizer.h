// Why: text to token ids and back, exactly as the model was trained.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace pioneer {

struct EncodeOptions {
  bool add_special = false;    // put BOS in front and EOS behind where the vocabulary says so
  bool parse_special = false;  // control tokens written in the text become tokens; else plain text
};

// Immutable after construction; any thread may use it. Any bytes may be encoded: invalid UTF-8
// never throws. Encode then Decode gives the bytes back (SentencePiece: up to its space prefix).
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual std::vector<int32_t> Encode(std::string_view text,
                                      const EncodeOptions& options) const = 0;

  // The bytes of one token; may end inside a UTF-8 character. Control tokens give "" unless
  // show_special. An id out of range gives "".
  virtual std::string TokenBytes(int32_t id, bool show_special = false) const = 0;

  // The ids' bytes in a row, invalid UTF-8 repaired; SentencePiece's leading space is removed.
  virtual std::string Decode(const std::vector<int32_t>& ids, bool show_special = false) const = 0;

  virtual const Vocabulary& vocabulary() const = 0;
  int32_t size() const { return static_cast<int32_t>(vocabulary().tokens.size()); }

  // EOS, EOT and the other tokens known to end a turn ("<|im_end|>", "<|eot_id|>", "<end_of_turn>",
  // "<|end|>", ...).
  virtual bool IsEndOfGeneration(int32_t id) const = 0;

  // -1 when there is none.
  virtual int32_t FindToken(std::string_view token) const = 0;
};

// Throws Error{kCorruptFile} for a vocabulary that contradicts itself, kUnsupported for an unknown
// pre-tokenizer (the message lists the known ones).
std::unique_ptr<Tokenizer> MakeTokenizer(Vocabulary vocabulary);

}  // namespace pioneer
