// Why: the one door to training for the command line: run a recipe, go on after a stop, export the
// model, draw the loss.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/file.h"
#include "tensor/dtype.h"
#include "train/recipe.h"

namespace pioneer {

struct TrainProgress {
  std::string status;  // while tokenizer and data are prepared; else ""
  std::string stage;
  int64_t step = 0;
  double stage_share = 0;       // done of the stage, 0 to 1
  double loss = 0;              // nats a token, of this step
  double validation_loss = -1;  // the latest, -1 when there is none
  double learning_rate = 0, gradient_norm = 0;
  double tokens_per_second = 0;
  double seconds_left = -1;  // of the stage; -1 when unknown
  int64_t tokens = 0;        // of the whole run
};

// One line for people: stage, step, loss, tokens/s, time left.
std::string FormatProgress(const TrainProgress& progress);

struct TrainOptions {
  std::optional<TrainRecipe> recipe;  // of a new run; a run's folder keeps its recipe
  fs::path run_dir;                   // created when missing
  bool resume = false;                // go on where run_dir's run was left
  fs::path branch;                    // a new run from this run's checkpoint, see BranchRun
  CancelToken cancel;                 // ends the step at hand, writes a checkpoint and returns
  std::function<void(const TrainProgress&)> on_progress;  // by the calling thread; may be empty
};

struct TrainResult {
  int rank = 0;           // of this process among those that mpirun started; 0 reports
  bool finished = false;  // false: cancelled, can be resumed
  int64_t steps = 0, tokens = 0, skipped_steps = 0, n_parameters = 0;
  double seconds = 0;
  double loss = 0, validation_loss = -1;  // the latest
  double validation_bits_per_byte = -1;   // when the last step was validated, as it is at an end
};

// Runs all stages. Processes that mpirun started make up one run: each must call this with the same
// options; the first one alone prepares, writes and reports. A run limited by steps or tokens that
// is stopped or killed and resumed on the same number of threads ends with the same bits as one
// that ran through. Steps with a NaN or infinite loss or gradient, and outliers, are skipped and
// logged with the reason; too many in a row throw Error{kInternal}. Also throws
// Error{kInvalidArgument (recipe; run_dir holds another run, or is in use), kNotFound, kIo,
// kCorruptFile}.
TrainResult RunTraining(const TrainOptions& options);

// Writes run_dir's latest checkpoint as a GGUF model with tokenizer and chat template. Matrices get
// `dtype` (F32, F16, BF16, Q8_0, ...) as WeightTypeFor says, norms stay F32.
void ExportGguf(const fs::path& run_dir, const fs::path& out_path, DType dtype);

// Draws run_dir's log as an SVG picture: training and validation loss over tokens.
void WriteLossCurve(const fs::path& run_dir, const fs::path& svg_path);

}  // namespace pioneer
