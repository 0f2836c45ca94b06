// Why: cleaned text becomes tokens: first a vocabulary is learned from it, then it is encoded into
// shards.
#pragma once

#include <cstdint>
#include <vector>

#include "base/file.h"
#include "text/tokenizer.h"
#include "train/lineage.h"
#include "train/prepare_context.h"
#include "train/recipe.h"

namespace pioneer {

// A file of cleaned text, and how a recipe uses it.
struct CleanText {
  fs::path path;
  SourceRecipe source;  // its kind, and a limit in max_mb; 0 = all
};

// A byte-level BPE vocabulary learned from the texts in their order.
Vocabulary TrainVocabulary(int64_t vocab_size, std::vector<CleanText> sources,
                           const PrepareContext& context);

// Encodes the text on all threads and writes the documents in their order (token_shard.h). The
// report lacks where the text came from.
ShardReport WriteShard(const CleanText& text, const Tokenizer& tokenizer, const fs::path& path,
                       uint64_t fingerprint, const PrepareContext& context);

}  // namespace pioneer
