// Why: turns the tokenizer keys of a GGUF file into what text/ needs to make a tokenizer, and back.
#pragma once

#include <string>

#include "model/gguf.h"
#include "text/vocabulary.h"

namespace pioneer {

// Missing keys get the defaults that llama.cpp gives them (see vocabulary.cc). Throws
// Error{kCorruptFile} for lists of different lengths and ids that are out of range, kUnsupported
// for a kind of tokenizer that this program does not have (the message lists those it has).
Vocabulary LoadVocabulary(const GgufFile& file);

// Writes the keys that LoadVocabulary reads.
void SaveVocabulary(const Vocabulary& vocabulary, GgufWriter& writer);

}  // namespace pioneer
