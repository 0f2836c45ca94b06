// Why: everything that decides a training run stands in one TOML or JSON file, checked in full
// before the first step. docs: docs/training.md. An unknown key is an error, so a typing mistake
// never trains.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "train/document_reader.h"
#include "train/language_tag.h"
#include "train/llama_parameters.h"
#include "train/optimizer.h"
#include "train/precision.h"
#include "train/schedule.h"

namespace pioneer {

// Text from a file, a folder, or a Debian package (docs/data.md).
struct SourceRecipe {
  fs::path path;        // absolute, or relative to the recipe's folder when read from a file; with
                        // `package`: below the package's root, or empty for all of it
  std::string package;  // "rust-doc"
  SourceKind kind = SourceKind::kText;  // "text", "dialogue", "pairs"
  std::string field = "text";           // of JSON lines
  std::vector<LanguageTag> languages;  // only these: "en", "ko", "ja", "code", "other"; empty = all
  bool clean = true;  // false: prepared text; nothing is dropped, and only what is no UTF-8 changes
  double weight = 1;
  double max_mb = 0;  // stop after this much cleaned text (10^6 bytes); 0 = all

  // What it is called in reports: the file's or folder's name, or the package's.
  std::string name() const;
};

// Either `file` (a GGUF file's vocabulary) or training from sources.
struct TokenizerRecipe {
  fs::path file;
  int64_t vocab_size = 0;
  std::vector<SourceRecipe> sources;
};

// Exactly one of steps, tokens and minutes is set.
struct StageRecipe {
  std::string name;
  std::vector<SourceRecipe> sources;
  int64_t steps = 0, tokens = 0;
  double minutes = 0;
  int64_t batch_tokens = 16384;  // rounded down to whole sequences, at least one
  int64_t context = 0;           // of its sequences; 0 = the model's
  Schedule schedule;             // keys "lr", "warmup" (share), "schedule", "final_lr_share"
  bool assistant_only = false;   // "loss_mask": "assistant" | "all"
  // All sources are pairs, and what is learned is to tell which texts belong together
  // (ContrastiveLoss()): the model becomes one that embeds. A batch has batch_tokens / context
  // texts.
  bool learns_pairs() const;
  double temperature = 0.05;  // of pairs: cosines are divided by it
};

struct TrainRecipe {
  std::string name = "model";
  uint64_t seed = 1;
  int threads = 0;  // 0 = all usable cores
  Precision precision = Precision::kAuto;
  fs::path weights;  // a GGUF model whose weights the run begins with; empty = random ones
  LlamaShape model;  // vocab_size comes from the tokenizer
  TokenizerRecipe tokenizer;
  OptimizerOptions optimizer;
  double skip_outliers = 6;  // standard deviations above which a step is not applied; 0 = never
  std::vector<StageRecipe> stages;
  std::string origin;  // lineage of the weights that the run begins with; "" = random ones
  std::vector<fs::path> decontaminate;  // test sets whose text is kept out of training
  double checkpoint_minutes = 5;
  std::vector<std::string> sample_prompts;  // continued at each checkpoint, "samples": {"prompts"}
  double validation_share = 0.01;           // of the documents of each source, held out
  int64_t validation_sequences = 32;
  int64_t validation_every_steps = 100;
};

// A source as JSON, with all of its keys.
Json SourceToJson(const SourceRecipe& source);

// Throws Error{kInvalidArgument} that names the key ("stages[0].lr") and what is allowed. With
// "weights", what is not said of model and tokenizer comes from that file: throws as ReadShape()
// (import.h) does; for a branch it comes from the recipe of the run that it starts from.
TrainRecipe ParseRecipe(const Json& json, const fs::path& folder,
                        const TrainRecipe* branched = nullptr);

// Reads the file; relative paths become absolute.
TrainRecipe LoadRecipe(const fs::path& path, const TrainRecipe* branched = nullptr);

// The same recipe as JSON with absolute paths: what a run keeps of it.
Json RecipeToJson(const TrainRecipe& recipe);

}  // namespace pioneer
