// Why: a tokenizer.json says in parts that can be put together freely how a text becomes tokens.
// This reads the parts around the vocabulary into the few things that tokenizers here can do.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace pioneer {

// What "normalizer", "pre_tokenizer" and "post_processor" ask for.
struct TokenizerPipeline {
  bool byte_level = false;               // pieces are written in the byte alphabet
  std::vector<std::string> expressions;  // of the pre-tokenizer (text/pre_tokenizer.h)
  bool marks_spaces = false;             // " " becomes U+2581
  bool add_space_prefix = false;
  bool remove_extra_whitespace = false;
  bool nfc = false;
  std::string charsmap;  // text/charsmap.h
  bool is_bert = false;
  bool lowercase = false, strip_accents = false;  // is_bert
  // The special tokens that a text stands between; "" = none.
  bool has_template = false;
  std::string first, last;
};

// Throws Error{kUnsupported} for a part that is not understood (the message says which) and
// kCorruptFile for one that lacks what it must have.
TokenizerPipeline ReadTokenizerPipeline(const Json& tokenizer);

// "" where it is absent or no string.
std::string StringOf(const Json& object, const char* key);

}  // namespace pioneer
