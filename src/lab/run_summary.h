// Why: how a run stands is found out from what lies in its folder, so that it does not matter who
// started it, or whether that program still lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "train/run_folder.h"

namespace pioneer::lab {

enum class RunState {
  kRunning,   // a process holds the run's lock
  kStopped,   // ended in order: its checkpoint is of its last step
  kFinished,  // its checkpoint says that all stages are done
  kFailed,    // ended otherwise: killed, or by an error
};

const char* RunStateName(RunState state);  // "running", ...

struct RunSummary {
  std::string name;
  RunState state = RunState::kStopped;
  bool stopping = false;  // running, and asked to stop
  std::string note;       // what it does before its first step, or why it failed
  std::string stage;
  int64_t step = 0, tokens = 0;
  double seconds = 0;  // of training
  double share = -1;   // done of the whole recipe; -1 when that cannot be told
  double loss = -1, validation_loss = -1, validation_bits_per_byte = -1;  // the latest; -1 = none
  double tokens_per_second = 0;
  int64_t started_ms = 0, changed_ms = 0;  // Unix time; 0 = unknown
  std::vector<double> losses;              // kGlanceLosses at most, for a glance
  std::string recipe;                      // in a few words: "3 layers of 128, 6.1 M tokens"
};

inline constexpr size_t kGlanceLosses = 48;

// Files of a run that are larger are not read.
inline constexpr size_t kMaxRecipeBytes = size_t{1} << 20;
inline constexpr size_t kMaxManifestBytes = size_t{64} << 20;

// A run's folder is one with a recipe, or with what a process that could not begin has said.
bool IsRun(const RunFolder& folder);

// What the process that trains has said; written by those that RunControl started.
fs::path OutputPath(const RunFolder& folder);

// Fast for runs of any length. Never throws because of what a file holds.
RunSummary Summarize(const RunFolder& folder);

// Null when there is none or it cannot be read.
Json ReadRunRecipe(const RunFolder& folder);

// The manifest of the run's data without its lists of files: {lineage, program, origin, sources:
// [{name, package_version, n_files, in, dropped, languages, train, held_out}], tokens: {train,
// held_out}}; null while there is none.
Json ReadRunData(const RunFolder& folder);

// The last lines of OutputPath(), at most 4 KiB.
std::string ReadRunOutput(const RunFolder& folder);

}  // namespace pioneer::lab
