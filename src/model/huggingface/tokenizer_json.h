// Why: published models carry their vocabulary as tokenizer.json, in the format of Hugging Face's
// tokenizers (https://github.com/huggingface/tokenizers); here it becomes what text/ makes
// tokenizers of.
#pragma once

#include "base/json.h"
#include "text/vocabulary.h"

namespace pioneer {

// Reads the contents of tokenizer.json, and of tokenizer_config.json and special_tokens_map.json,
// which say what the special tokens are for (either may be null). Understood are byte-level BPE
// with any pre-tokenizer that text/split_regex.h can express, SentencePiece's BPE with byte
// fallback, Unigram and WordPiece. Ids that no token has are filled with unused tokens. Throws
// Error{kUnsupported} for anything else, which says what was not understood, and kCorruptFile for
// contents that contradict themselves.
Vocabulary ReadTokenizerJson(const Json& tokenizer, const Json& tokenizer_config,
                             const Json& special_tokens_map);

}  // namespace pioneer
