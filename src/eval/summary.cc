#include "eval/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
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

double ScoreOf(const ItemResult& item, const std::string& name) {
  const auto score = item.scores.find(name);
  if (score != item.scores.end()) return score->second;
  Fail(ErrorCode::kCorruptFile, "the result of item {} lacks the score {}", item.id, name);
}

std::vector<double> Scores(const TaskResult& result, const std::string& name) {
  std::vector<double> scores;
  for (const ItemResult& item : result.items) scores.push_back(ScoreOf(item, name));
  return scores;
}

// Texts by what errors are estimated from: whole texts where there are many, else their pieces.
constexpr size_t kManyTexts = 30;

struct TextUnits {
  std::vector<double> loglikelihoods, words, bytes;

  explicit TextUnits(const TaskResult& result) {
    const bool whole = result.items.size() >= kManyTexts;
    for (const ItemResult& item : result.items) {
      if (whole || item.pieces.empty()) {
        Add(ScoreOf(item, "loglikelihood"), ScoreOf(item, "words"), ScoreOf(item, "bytes"));
        continue;
      }
      for (const TextPiece& piece : item.pieces) {
        Add(piece.loglikelihood, static_cast<double>(piece.n_words),
            static_cast<double>(piece.n_bytes));
      }
    }
  }

  double Of(Aggregation aggregation, std::span<const int64_t> units) const {
    double sum = 0, n_words = 0, n_bytes = 0;
    for (const int64_t unit : units) {
      sum += loglikelihoods[static_cast<size_t>(unit)];
      n_words += words[static_cast<size_t>(unit)];
      n_bytes += bytes[static_cast<size_t>(unit)];
    }
    if (aggregation == Aggregation::kWordPerplexity) return Perplexity(sum, n_words);
    if (aggregation == Aggregation::kBytePerplexity) return Perplexity(sum, n_bytes);
    return BitsPerByte(sum, n_bytes);
  }

 private:
  void Add(double loglikelihood, double n_words, double n_bytes) {
    loglikelihoods.push_back(loglikelihood);
    words.push_back(n_words);
    bytes.push_back(n_bytes);
  }
};

// Of the texts as they are: pieces have other words at their ends.
double TextValue(const TaskResult& result, Aggregation aggregation) {
  const auto total = [&](const char* name) {
    const std::vector<double> scores = Scores(result, name);
    return std::accumulate(scores.begin(), scores.end(), 0.0);
  };
  const double sum = total("loglikelihood");
  if (aggregation == Aggregation::kWordPerplexity) return Perplexity(sum, total("words"));
  if (aggregation == Aggregation::kBytePerplexity) return Perplexity(sum, total("bytes"));
  return BitsPerByte(sum, total("bytes"));
}

// A value with the error and the interval of a statistic over its units.
Estimate EstimateByBootstrap(double value, size_t n_units, uint64_t seed,
                             const std::function<double(std::span<const int64_t>)>& statistic) {
  Estimate estimate;
  estimate.n = static_cast<int64_t>(n_units);
  estimate.value = value;
  estimate.interval = {value, value};
  if (n_units < 2) return estimate;
  const Bootstrap bootstrap = BootstrapItems(estimate.n, kResamples, seed, statistic);
  estimate.standard_error = bootstrap.standard_error;
  estimate.interval = bootstrap.interval;
  return estimate;
}

Estimate EstimateText(const TaskResult& result, Aggregation aggregation, uint64_t seed) {
  const TextUnits units(result);
  return EstimateByBootstrap(
      TextValue(result, aggregation), units.bytes.size(), seed,
      [&](std::span<const int64_t> drawn) { return units.Of(aggregation, drawn); });
}

// Both models have the same units, so that swapping their log likelihoods is swapping all.
void CompareTexts(const Task& task, const TaskResult& a, const TaskResult& b, uint64_t seed,
                  Comparison& comparison) {
  const TextUnits units_a(a), units_b(b);
  const Aggregation aggregation = task.metrics.front().aggregation;
  comparison.test = "permutations of texts";
  comparison.difference =
      EstimateByBootstrap(TextValue(b, aggregation) - TextValue(a, aggregation),
                          units_a.bytes.size(), seed, [&](std::span<const int64_t> drawn) {
                            return units_b.Of(aggregation, drawn) - units_a.Of(aggregation, drawn);
                          });
  if (comparison.difference.n < 2) return;
  comparison.p = PermutationP(units_a.loglikelihoods, units_b.loglikelihoods, kPermutations, seed);
  if (comparison.difference.standard_error > 0) {
    comparison.detectable = DetectableMean(comparison.difference.standard_error, kAlpha);
  }
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
      summary.estimate = EstimateText(result, metric.aggregation, seed);
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
