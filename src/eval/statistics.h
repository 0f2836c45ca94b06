// Why: a score without its error is a rumour. What can be said of a score, of the difference
// between two models on the same items, and of several such differences, each by a named method.
//
// Pure functions of numbers; those that draw take a seed and are the same on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pioneer::eval {

inline constexpr double kConfidence = 0.95;  // of every interval
inline constexpr double kPower = 0.8;        // of what "could have been detected"

struct Interval {
  double low = 0, high = 0;
};

struct Estimate {
  double value = 0;
  double standard_error = 0;  // 0 where n < 2
  Interval interval;          // kConfidence
  int64_t n = 0;
};

// The mean and the standard error of it, sd / sqrt(n) with n - 1 in the variance (as
// lm-evaluation-harness), its interval by Student's t. Values of 0 and 1 only: Wilson's interval
// (Wilson 1927), which stays within 0 and 1 and holds for few items, too.
Estimate EstimateMean(std::span<const double> values);

// Items that belong together (questions on one passage) are not independent: their covariances are
// added (Miller 2024, arXiv 2411.00640, section 2.2). clusters[i] names the cluster of values[i];
// with a cluster for each item it is the standard error of EstimateMean.
double ClusteredStandardError(std::span<const double> values,
                              std::span<const std::string> clusters);

Interval WilsonInterval(int64_t n_successes, int64_t n);

// For statistics that are no means: the standard deviation, and the percentile interval, of
// `statistic` over resamples of the items 0..n-1 with replacement (Efron 1979). Each call gets the
// indices of one resample.
struct Bootstrap {
  double standard_error = 0;
  Interval interval;
};
Bootstrap BootstrapItems(int64_t n, int n_resamples, uint64_t seed,
                         const std::function<double(std::span<const int64_t>)>& statistic);

// Two models, the same items: a[i] and b[i] are the scores of item i.

// What both have alike tells nothing; of the `n_only_a + n_only_b` items that one of them solved, a
// coin decides under the null hypothesis (McNemar 1947, the exact two-sided binomial test). Never
// too small a p; for few items rather too large.
double McNemarP(int64_t n_only_a, int64_t n_only_b);

// The chance of a difference of means this large if each item's two scores had been swapped by a
// coin: two-sided, over seeded draws, (1 + hits) / (1 + draws) (Phipson and Smyth 2010). Items of
// one cluster are swapped together; no clusters = each for itself.
double PermutationP(std::span<const double> a, std::span<const double> b, int n_draws,
                    uint64_t seed, std::span<const std::string> clusters = {});

// b - a, with its paired t interval and p. With clusters, the standard error is the clustered one
// and the degrees of freedom are those of the clusters.
struct Difference {
  Estimate mean;
  double p = 1;  // two-sided
};
Difference PairedDifference(std::span<const double> a, std::span<const double> b,
                            std::span<const std::string> clusters = {});

// The least true difference that a paired test at `alpha` finds with chance kPower.
// Of proportions, when a share `discordance` of the n items is solved by one model only (Connor
// 1987): nullopt when not even a difference as large as the discordance would be found.
std::optional<double> DetectableProportion(int64_t n, double discordance, double alpha = 0.05);
// Of means whose difference has this standard error (normal approximation).
double DetectableMean(double standard_error_of_difference, double alpha = 0.05);

// Each p as it may be compared with alpha when all of them were looked at (Holm 1979).
std::vector<double> HolmAdjust(std::span<const double> p_values);

}  // namespace pioneer::eval
