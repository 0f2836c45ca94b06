#include "eval/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "base/error.h"

namespace pioneer::eval {
namespace {

constexpr int kResamples = 2000;
constexpr int kPermutations = 20'000;
constexpr double kAlpha = 0.05;

// The items' groups, in the task's order; none where nothing is grouped.
std::vector<std::string> Clusters(const Task& task) {
  const bool grouped = std::any_of(task.items.begin(), task.items.end(),
                                   [](const TaskItem& item) { return !item.cluster.empty(); });
  std::vector<std::string> clusters;
  for (const TaskItem& item : task.items) {
    if (grouped) clusters.push_back(item.cluster.empty() ? "\n" + item.id : item.cluster);
  }
  return clusters;
}

std::vector<double> Scores(const TaskResult& result, const std::string& name) {
  std::vector<double> scores;
  for (const ItemResult& item : result.items) {
    const auto score = item.scores.find(name);
    if (score == item.scores.end()) {
      Fail(ErrorCode::kCorruptFile, "the result of item {} lacks the score {}", item.id, name);
    }
    scores.push_back(score->second);
  }
  return scores;
}

// Texts: sums over texts, and a function of them.
struct TextSums {
  std::vector<double> loglikelihoods, words, bytes;

  explicit TextSums(const TaskResult& result)
      : loglikelihoods(Scores(result, "loglikelihood")),
        words(Scores(result, "words")),
        bytes(Scores(result, "bytes")) {}

  double Of(Aggregation aggregation, std::span<const int64_t> items) const {
    double sum = 0, n_words = 0, n_bytes = 0;
    for (const int64_t i : items) {
      sum += loglikelihoods[static_cast<size_t>(i)];
      n_words += words[static_cast<size_t>(i)];
      n_bytes += bytes[static_cast<size_t>(i)];
    }
    if (aggregation == Aggregation::kWordPerplexity) return std::exp(-sum / n_words);
    if (aggregation == Aggregation::kBytePerplexity) return std::exp(-sum / n_bytes);
    return -sum / n_bytes / std::numbers::ln2;
  }
};

std::vector<int64_t> AllItems(size_t n) {
  std::vector<int64_t> items(n);
  for (size_t i = 0; i < n; ++i) items[i] = static_cast<int64_t>(i);
  return items;
}

Estimate EstimateText(const TextSums& sums, Aggregation aggregation, uint64_t seed) {
  Estimate estimate;
  estimate.n = std::ssize(sums.bytes);
  estimate.value = sums.Of(aggregation, AllItems(sums.bytes.size()));
  estimate.interval = {estimate.value, estimate.value};
  if (estimate.n < 2) return estimate;
  const Bootstrap bootstrap =
      BootstrapItems(estimate.n, kResamples, seed,
                     [&](std::span<const int64_t> items) { return sums.Of(aggregation, items); });
  estimate.standard_error = bootstrap.standard_error;
  estimate.interval = bootstrap.interval;
  return estimate;
}

// Bits per byte: the sums of the two models over the same texts, so that the difference of the
// log likelihoods says it all.
void CompareTexts(const Task& task, const TaskResult& a, const TaskResult& b, uint64_t seed,
                  Comparison& comparison) {
  const TextSums sums_a(a), sums_b(b);
  const Aggregation aggregation = task.metrics.front().aggregation;
  const auto difference = [&](std::span<const int64_t> items) {
    return sums_b.Of(aggregation, items) - sums_a.Of(aggregation, items);
  };
  Estimate& estimate = comparison.difference;
  estimate.n = std::ssize(a.items);
  estimate.value = difference(AllItems(a.items.size()));
  estimate.interval = {estimate.value, estimate.value};
  comparison.test = "permutations of texts";
  if (estimate.n < 2) return;
  const Bootstrap bootstrap = BootstrapItems(estimate.n, kResamples, seed, difference);
  estimate.standard_error = bootstrap.standard_error;
  estimate.interval = bootstrap.interval;
  comparison.p = PermutationP(sums_a.loglikelihoods, sums_b.loglikelihoods, kPermutations, seed);
  comparison.detectable = DetectableMean(estimate.standard_error, kAlpha);
}

void CompareScores(const Task& task, const TaskResult& a, const TaskResult& b, uint64_t seed,
                   Comparison& comparison) {
  const std::vector<double> scores_a = Scores(a, comparison.metric);
  const std::vector<double> scores_b = Scores(b, comparison.metric);
  const std::vector<std::string> clusters = Clusters(task);
  comparison.difference = PairedDifference(scores_a, scores_b, clusters).mean;
  for (size_t i = 0; i < scores_a.size(); ++i) {
    comparison.n_only_a += scores_a[i] > scores_b[i] ? 1 : 0;
    comparison.n_only_b += scores_b[i] > scores_a[i] ? 1 : 0;
  }
  const auto n = static_cast<double>(scores_a.size());
  if (clusters.empty()) {
    comparison.test = "McNemar's exact test";
    comparison.p = McNemarP(comparison.n_only_a, comparison.n_only_b);
    const auto discordant = static_cast<double>(comparison.n_only_a + comparison.n_only_b);
    comparison.detectable = DetectableProportion(std::ssize(scores_a), discordant / n, kAlpha);
  } else {
    comparison.test = "permutations of groups";
    comparison.p = PermutationP(scores_a, scores_b, kPermutations, seed, clusters);
    if (comparison.difference.standard_error > 0) {
      comparison.detectable = DetectableMean(comparison.difference.standard_error, kAlpha);
    }
  }
}

}  // namespace

std::vector<MetricSummary> Summarize(const Task& task, const TaskResult& result, uint64_t seed) {
  std::vector<MetricSummary> summaries;
  const std::vector<std::string> clusters = Clusters(task);
  for (const Metric& metric : task.metrics) {
    MetricSummary summary;
    summary.metric = metric;
    if (metric.aggregation != Aggregation::kMean) {
      summary.estimate = EstimateText(TextSums(result), metric.aggregation, seed);
      summary.clustered_error = summary.estimate.standard_error;
    } else {
      const std::vector<double> scores = Scores(result, metric.name);
      summary.estimate = EstimateMean(scores);
      summary.clustered_error = summary.estimate.standard_error;
      if (!clusters.empty()) {
        summary.clustered_error = ClusteredStandardError(scores, clusters);
        summary.n_clusters = std::ssize(std::set(clusters.begin(), clusters.end()));
      }
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Comparison Compare(const Task& task, const TaskResult& a, const TaskResult& b, uint64_t seed) {
  const Metric& metric = task.metrics.front();
  Comparison comparison;
  comparison.task = task.name;
  comparison.metric = metric.name;
  comparison.higher_is_better = metric.higher_is_better;
  if (metric.aggregation == Aggregation::kMean) {
    CompareScores(task, a, b, seed, comparison);
  } else {
    CompareTexts(task, a, b, seed, comparison);
  }
  comparison.p_holm = comparison.p;
  return comparison;
}

void AdjustTogether(std::vector<Comparison>& comparisons) {
  std::vector<double> p_values;
  for (const Comparison& comparison : comparisons) p_values.push_back(comparison.p);
  const std::vector<double> adjusted = HolmAdjust(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) comparisons[i].p_holm = adjusted[i];
}

std::string Describe(const Comparison& comparison) {
  const double value = comparison.difference.value;
  const bool found = comparison.p_holm <= kAlpha;
  const bool b_is_better = (value > 0) == comparison.higher_is_better;
  std::string text =
      !found ? "No difference is shown" : fmt::format("{} is better", b_is_better ? "B" : "A");
  text += fmt::format(" ({}, p = {:.3g}): ", comparison.test, comparison.p_holm);
  if (comparison.detectable) {
    text += fmt::format("a true difference of {:.3g} would have been found four times in five.",
                        *comparison.detectable);
  } else {
    text += "with so few items that differ, no difference could have been found.";
  }
  return text;
}

}  // namespace pioneer::eval
