// Why: the one door to tuning for the command line: run, go on after a stop, export.
//
// The folder of a run holds what a training run's does (train/run_folder.h: checkpoint.bin,
// log.jsonl, lock), tune.json (settings.h) in place of a recipe, lineage.json, and at the end the
// adapter: adapter.gguf, and adapter_model.safetensors with adapter_config.json.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/file.h"
#include "tune/settings.h"
#include "tune/tune_method.h"

namespace pioneer::tune {

struct TuneProgress {
  std::string status;  // while model and data are prepared; else ""
  int64_t step = 0, steps = 0;
  double loss = 0, tokens_per_second = 0, seconds_left = 0;
  TuneFacts facts;  // of the method
};

// One line for people.
std::string FormatTuneProgress(const TuneProgress& progress);

struct TuneOptions {
  TuneSettings settings;  // of a new run; a run's folder keeps its own
  fs::path run_dir;       // created when missing
  bool resume = false;    // go on where run_dir's run was left
  CancelToken cancel;     // writes a checkpoint and returns
  std::function<void(const TuneProgress&)> on_progress;  // by the calling thread; may be empty
};

struct TuneResult {
  bool finished = false;  // false: cancelled, can be resumed
  int64_t steps = 0, skipped_steps = 0, tokens = 0;
  int64_t n_trained = 0;  // numbers of the adapter
  double seconds = 0, loss = 0;
  std::string description;  // of the data
  TuneJudgement before, after;
};

// The run that is killed at any moment and resumed ends with the same bits, on the same number of
// threads. Throws Error{kInvalidArgument, kNotFound, kCorruptFile, kUnsupported, kIo}.
TuneResult RunTuning(const TuneOptions& options);

// Writes the adapter of the run's latest checkpoint: a GGUF file where `out` ends with ".gguf",
// else a folder of PEFT's.
void ExportAdapter(const fs::path& run_dir, const fs::path& out);

}  // namespace pioneer::tune
