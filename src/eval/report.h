// Why: a report card that says what was judged, how, on what, and how sure one may be: as JSON for
// programs and as one HTML file for people, which loads nothing and needs no script.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "eval/evaluation.h"
#include "eval/summary.h"
#include "eval/task.h"

namespace pioneer::eval {

struct ModelFacts {
  std::string name, description;
  std::string file, sha256;  // "" for a model that is not a file here
  std::string lineage;       // what its file says it was made from, or ""
  int64_t file_bytes = 0;
  int context_length = 0;
};

struct JudgedTask {
  const Task* task = nullptr;
  const TaskResult* result = nullptr;   // of the first model
  const TaskResult* against = nullptr;  // of the second, or null
};

struct Report {
  ModelFacts model;
  std::optional<ModelFacts> against;
  std::string program_version, hardware, made_at;  // made_at: ISO 8601, UTC
  uint64_t seed = 0;
  std::vector<JudgedTask> tasks;
};

// What the report card, the table and the JSON show of a task.
struct TaskSummary {
  std::vector<MetricSummary> metrics, against;
  std::optional<Comparison> comparison;
};
std::vector<TaskSummary> SummarizeReport(const Report& report);

Json ReportJson(const Report& report, const std::vector<TaskSummary>& summaries);
// Everything that a model or a file said is escaped.
std::string ReportHtml(const Report& report, const std::vector<TaskSummary>& summaries);

// An item as examples show it.
struct Example {
  std::string question, expected, output;
  bool right = false;
};
// The first items that the model has right, and wrong, by the task's first metric; none of texts.
std::vector<Example> ChooseExamples(const JudgedTask& judged, size_t n_each);

}  // namespace pioneer::eval
