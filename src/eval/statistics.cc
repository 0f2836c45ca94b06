#include "eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.h"
#include "eval/distributions.h"

namespace pioneer::eval {
namespace {

constexpr double kTailShare = (1 - kConfidence) / 2;

double Mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double SampleVariance(std::span<const double> values) {
  const double mean = Mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

double StandardError(std::span<const double> values) {
  return values.size() < 2 ? 0
                           : std::sqrt(SampleVariance(values) / static_cast<double>(values.size()));
}

Interval StudentInterval(double value, double standard_error, int64_t freedom) {
  if (freedom < 1) return {value, value};
  const double reach =
      StudentQuantile(1 - kTailShare, static_cast<double>(freedom)) * standard_error;
  return {value - reach, value + reach};
}

bool IsProportion(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return v == 0 || v == 1; });
}

// The number of each item's cluster, and how many there are; no names = one for each.
struct ClusterNumbers {
  std::vector<int64_t> of_item;
  int64_t n_clusters = 0;
};

ClusterNumbers NumberClusters(size_t n, std::span<const std::string> clusters) {
  ClusterNumbers numbers;
  numbers.of_item.resize(n);
  if (clusters.empty()) {
    std::iota(numbers.of_item.begin(), numbers.of_item.end(), 0);
    numbers.n_clusters = static_cast<int64_t>(n);
    return numbers;
  }
  std::map<std::string, int64_t> known;
  for (size_t i = 0; i < n; ++i) {
    numbers.of_item[i] = known.emplace(clusters[i], std::ssize(known)).first->second;
  }
  numbers.n_clusters = std::ssize(known);
  return numbers;
}

std::vector<double> Differences(std::span<const double> a, std::span<const double> b) {
  std::vector<double> differences(a.size());
  for (size_t i = 0; i < a.size(); ++i) differences[i] = b[i] - a[i];
  return differences;
}

}  // namespace

Estimate EstimateMean(std::span<const double> values) {
  Estimate estimate;
  estimate.n = std::ssize(values);
  if (values.empty()) return estimate;
  estimate.value = Mean(values);
  estimate.standard_error = StandardError(values);
  if (IsProportion(values)) {
    const double successes = std::accumulate(values.begin(), values.end(), 0.0);
    estimate.interval = WilsonInterval(std::llround(successes), estimate.n);
  } else {
    estimate.interval = StudentInterval(estimate.value, estimate.standard_error, estimate.n - 1);
  }
  return estimate;
}

double ClusteredStandardError(std::span<const double> values,
                              std::span<const std::string> clusters) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values), n = static_cast<double>(values.size());
  const ClusterNumbers numbers = NumberClusters(values.size(), clusters);
  std::vector<double> sums(static_cast<size_t>(numbers.n_clusters));
  double own = 0;  // the squares, which the clusters' squared sums hold, too
  for (size_t i = 0; i < values.size(); ++i) {
    const double deviation = values[i] - mean;
    sums[static_cast<size_t>(numbers.of_item[i])] += deviation;
    own += deviation * deviation;
  }
  double together = 0;
  for (const double sum : sums) together += sum * sum;
  const double variance = SampleVariance(values) / n + (together - own) / (n * n);
  return std::sqrt(std::max(0.0, variance));
}

Interval WilsonInterval(int64_t n_successes, int64_t n) {
  if (n == 0) return {0, 1};
  const double z = NormalQuantile(1 - kTailShare), count = static_cast<double>(n);
  const double p = static_cast<double>(n_successes) / count;
  const double scale = 1 + z * z / count;
  const double middle = (p + z * z / (2 * count)) / scale;
  const double reach = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / scale;
  return {std::max(0.0, middle - reach), std::min(1.0, middle + reach)};
}

Bootstrap BootstrapItems(int64_t n, int n_resamples, uint64_t seed,
                         const std::function<double(std::span<const int64_t>)>& statistic) {
  Random random(seed);
  std::vector<int64_t> items(static_cast<size_t>(n));
  std::vector<double> results;
  for (int i = 0; i < n_resamples; ++i) {
    for (int64_t& item : items) {
      item = static_cast<int64_t>(random.Below(static_cast<uint64_t>(n)));
    }
    results.push_back(statistic(items));
  }
  std::sort(results.begin(), results.end());
  const auto at = [&](double share) {
    return results[static_cast<size_t>(std::lround(share * static_cast<double>(n_resamples - 1)))];
  };
  Bootstrap bootstrap;
  if (results.size() < 2) return bootstrap;
  bootstrap.standard_error = std::sqrt(SampleVariance(results));
  bootstrap.interval = {at(kTailShare), at(1 - kTailShare)};
  return bootstrap;
}

double McNemarP(int64_t n_only_a, int64_t n_only_b) {
  const int64_t n = n_only_a + n_only_b;
  return std::min(1.0, 2 * BinomialCdf(std::min(n_only_a, n_only_b), n, 0.5));
}

double PermutationP(std::span<const double> a, std::span<const double> b, int n_draws,
                    uint64_t seed, std::span<const std::string> clusters) {
  const std::vector<double> differences = Differences(a, b);
  const ClusterNumbers numbers = NumberClusters(differences.size(), clusters);
  std::vector<double> sums(static_cast<size_t>(numbers.n_clusters));
  for (size_t i = 0; i < differences.size(); ++i) {
    sums[static_cast<size_t>(numbers.of_item[i])] += differences[i];
  }
  std::erase(sums, 0.0);  // swapping them changes nothing
  const double observed = std::abs(std::accumulate(sums.begin(), sums.end(), 0.0));
  // Sums of the same numbers in another order of signs may differ in their last bits.
  const double threshold = observed - 1e-9 * std::max(1.0, observed);
  Random random(seed);
  int64_t n_hits = 0;
  for (int draw = 0; draw < n_draws; ++draw) {
    double sum = 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < sums.size(); ++i) {
      if (i % 64 == 0) bits = random.Next();
      sum += (bits & 1) != 0 ? sums[i] : -sums[i];
      bits >>= 1;
    }
    n_hits += std::abs(sum) >= threshold ? 1 : 0;
  }
  return static_cast<double>(1 + n_hits) / static_cast<double>(1 + n_draws);
}

Difference PairedDifference(std::span<const double> a, std::span<const double> b,
                            std::span<const std::string> clusters) {
  Difference difference;
  const std::vector<double> values = Differences(a, b);
  Estimate& mean = difference.mean;
  mean.n = std::ssize(values);
  if (values.empty()) return difference;
  mean.value = Mean(values);
  mean.standard_error =
      clusters.empty() ? StandardError(values) : ClusteredStandardError(values, clusters);
  const int64_t freedom = NumberClusters(values.size(), clusters).n_clusters - 1;
  mean.interval = StudentInterval(mean.value, mean.standard_error, freedom);
  if (freedom < 1) return difference;
  if (mean.standard_error == 0) {  // every item differs alike
    difference.p = mean.value == 0 ? 1 : 0;
    return difference;
  }
  const double t = std::abs(mean.value) / mean.standard_error;
  difference.p = 2 * StudentCdf(-t, static_cast<double>(freedom));
  return difference;
}

std::optional<double> DetectableProportion(int64_t n, double discordance, double alpha) {
  if (n == 0 || discordance <= 0) return std::nullopt;
  const double z_alpha = NormalQuantile(1 - alpha / 2), z_power = NormalQuantile(kPower);
  const auto is_found = [&](double difference) {
    const double spread = std::sqrt(std::max(0.0, discordance - difference * difference));
    const double needed = z_alpha * std::sqrt(discordance) + z_power * spread;
    return std::sqrt(static_cast<double>(n)) * difference >= needed;
  };
  double low = 0, high = std::min(1.0, discordance);
  if (!is_found(high)) return std::nullopt;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (is_found(middle) ? high : low) = middle;
  }
  return high;
}

double DetectableMean(double standard_error_of_difference, double alpha) {
  return (NormalQuantile(1 - alpha / 2) + NormalQuantile(kPower)) * standard_error_of_difference;
}

std::vector<double> HolmAdjust(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t i, size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double p = p_values[order[rank]] * static_cast<double>(order.size() - rank);
    largest = std::max(largest, std::min(1.0, p));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace pioneer::eval
