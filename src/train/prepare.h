// Why: what a run needs before its first step: cleaned text, a tokenizer, the text as tokens, and
// the list of what went in. All of it is kept in the run's folder and made only once.
#pragma once

#include <memory>
#include <string>

#include "text/tokenizer.h"
#include "train/data_loader.h"
#include "train/prepare_context.h"
#include "train/recipe.h"
#include "train/run_folder.h"
#include "train/token_shard.h"

namespace pioneer {

// Where things lie below a run's data folder.
struct DataFolder {
  fs::path root;
  explicit DataFolder(const RunFolder& run) : root(run.data()) {}

  fs::path manifest() const { return root / "manifest.json"; }  // lineage.h
  fs::path examples() const { return root / "dropped.jsonl"; }  // some of what was dropped
  fs::path state() const { return root / "state.json"; }        // what it was made of; written last
  fs::path clean() const { return root / "clean"; }             // the text, .jsonl.zst
};

// Cleans all sources of the recipe (each once, however many stages name it), trains or copies the
// tokenizer, writes the token shards and the manifest. Does nothing when the folder holds all that
// of the same recipe already and no source has changed since; sources that are gone by now are no
// matter. Throws Error{kInvalidArgument} when the folder holds a run that began with other data.
void PrepareData(const TrainRecipe& recipe, const RunFolder& folder, const PrepareContext& context);

// The run's tokenizer, which PrepareData has made. A trained one is byte-level BPE with
// "<|endoftext|>" (BOS, EOS), "<|im_start|>", "<|im_end|>"; it has seen training text only.
std::unique_ptr<Tokenizer> OpenTokenizer(const RunFolder& folder);

// The tokens of one of the recipe's sources, mapped.
SourceShards OpenSource(const SourceRecipe& source, const Tokenizer& tokenizer,
                        const RunFolder& folder);

// The hash over everything that went into the run's data, 64 hexadecimal digits; "" when there is
// no manifest.
std::string ReadLineage(const RunFolder& folder);

}  // namespace pioneer
