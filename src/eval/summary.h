// Why: from the scores of items to what may be said about a model, and about two of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/statistics.h"
#include "eval/task.h"

namespace pioneer::eval {

struct MetricSummary {
  Metric metric;
  Estimate estimate;
  // Of items in groups: the error that takes account of them; else the estimate's own.
  double clustered_error = 0;
  int64_t n_clusters = 0;  // 0 = the items stand for themselves
};

// Means by EstimateMean; perplexities and bits per byte by a seeded bootstrap over the texts, or
// over the pieces of few texts (eval/text_pieces.h).
std::vector<MetricSummary> Summarize(const Task& task, const TaskResult& result, uint64_t seed);

// Model B against model A by the task's first metric, item by item.
struct Comparison {
  std::string task, metric, test;  // the test's name
  bool higher_is_better = true;
  Estimate difference;                 // B - A
  double p = 1;                        // two-sided
  double p_holm = 1;                   // with all compared tasks looked at
  int64_t n_only_a = 0, n_only_b = 0;  // of scores of 0 and 1: items that only one has right
  // The least true difference that would have been found four times in five; nullopt = none
  // whatever its size.
  std::optional<double> detectable;
};

// Scores of 0 and 1: McNemar's exact test; with groups of items, and other scores: permutations.
Comparison Compare(const Task& task, const TaskResult& a, const TaskResult& b, uint64_t seed);
// Fills in p_holm.
void AdjustTogether(std::vector<Comparison>& comparisons);

// "McNemar's exact test: 12 right in A only, ...": one sentence that says what was found.
std::string Describe(const Comparison& comparison);

}  // namespace pioneer::eval
