// Why: a task's questions go to the model many at a time, and come back as scores.
//
// The choices of an item are asked together, so that the engine runs their context once (the prefix
// cache); so are items that share their examples. Answers to open questions are the model's
// likeliest ones (temperature 0), which no seed changes.
#pragma once

#include <functional>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "engine/generator.h"
#include "eval/results_file.h"
#include "eval/task.h"

namespace pioneer::eval {

struct EvaluationProgress {
  int64_t n_done = 0, n_items = 0;  // n_done counts those of earlier runs, too
  double seconds_left = 0;          // at the speed of this run; 0 = not known yet
};

struct EvaluationOptions {
  // Where results are kept as they come, and looked for first; "" = nowhere.
  fs::path results;
  Json run = Json::object();  // what is judged, see ResultsFile
  int n_together = 48;        // requests at a time
  CancelToken cancel;
  std::function<void(const EvaluationProgress&)> on_progress;
};

struct TaskResult {
  std::vector<ItemResult> items;  // in the task's order
  // Of this run, not of earlier ones that it went on from.
  double seconds = 0;
  int64_t n_items_run = 0, n_prompt_tokens = 0, n_cached_tokens = 0;
};

// A question that does not fit the model's context counts as wrong, and its output says so. Throws
// Error{kCancelled} with all finished items kept; what Generator and CodeRunner throw.
TaskResult Evaluate(Generator& generator, const Task& task, const EvaluationOptions& options);

}  // namespace pioneer::eval
