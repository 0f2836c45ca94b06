#include "eval/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.h"
#include "eval/distributions.h"

namespace pioneer::eval {
namespace {

// Published tables: Abramowitz and Stegun 26.1 and 26.10.
TEST(Distributions, AgreeWithTables) {
  EXPECT_NEAR(NormalCdf(1), 0.841344746068543, 1e-14);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(NormalQuantile(1e-10), -6.361340902404056, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 1), 12.706204736432095, 1e-8);
  EXPECT_NEAR(StudentQuantile(0.975, 10), 2.228138851964939, 1e-9);
  EXPECT_NEAR(StudentCdf(2.0, 5), 0.949030260585071, 1e-12);
  EXPECT_NEAR(StudentCdf(-2.0, 1e9), NormalCdf(-2.0), 1e-7);
}

TEST(Distributions, BinomialIsTheSumOfItsTerms) {
  double sum = 0, term = std::pow(0.7, 12);
  for (int k = 0; k <= 12; ++k) {
    sum += term;
    EXPECT_NEAR(BinomialCdf(k, 12, 0.3), sum, 1e-12) << k;
    term *= (12.0 - k) / (k + 1) * (0.3 / 0.7);
  }
}

TEST(Statistics, TheMeanHasTheHarnessesStandardError) {
  const std::vector<double> values = {1, 2, 4, 5};
  const Estimate estimate = EstimateMean(values);
  EXPECT_DOUBLE_EQ(estimate.value, 3);
  EXPECT_NEAR(estimate.standard_error, std::sqrt(10.0 / 3 / 4), 1e-12);
  EXPECT_NEAR(estimate.interval.high - 3, 3.182446305284263 * estimate.standard_error, 1e-8);
  EXPECT_EQ(estimate.n, 4);
  EXPECT_EQ(EstimateMean({}).n, 0);
  EXPECT_EQ(EstimateMean(std::vector<double>{7}).standard_error, 0);
}

TEST(Statistics, ProportionsGetWilsonsInterval) {
  const std::vector<double> values = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
  const Interval interval = EstimateMean(values).interval;
  EXPECT_NEAR(interval.low, 0.4902, 1e-4);  // Brown, Cai, DasGupta 2001
  EXPECT_NEAR(interval.high, 0.9433, 1e-4);
  EXPECT_EQ(WilsonInterval(0, 20).low, 0);
  EXPECT_GT(WilsonInterval(0, 20).high, 0.1);  // none in twenty is not "never"
}

TEST(Statistics, ClustersAddTheirCovariances) {
  const std::vector<double> values = {1, 1, 0, 0};
  const std::vector<std::string> pairs = {"a", "a", "b", "b"}, alone = {"a", "b", "c", "d"};
  EXPECT_NEAR(ClusteredStandardError(values, pairs), std::sqrt(1.0 / 12 + 1.0 / 16), 1e-12);
  EXPECT_NEAR(ClusteredStandardError(values, alone), EstimateMean(values).standard_error, 1e-12);
}

TEST(Statistics, TheBootstrapFindsTheErrorOfAMean) {
  Random random(3);
  std::vector<double> values(400);
  for (double& value : values) value = random.Normal();
  const auto mean = [&](std::span<const int64_t> items) {
    double sum = 0;
    for (const int64_t i : items) sum += values[static_cast<size_t>(i)];
    return sum / static_cast<double>(items.size());
  };
  const Bootstrap bootstrap = BootstrapItems(400, 2000, 5, mean);
  const Estimate exact = EstimateMean(values);
  EXPECT_NEAR(bootstrap.standard_error / exact.standard_error, 1, 0.08);
  EXPECT_NEAR(bootstrap.interval.low, exact.interval.low, 0.02);
  EXPECT_NEAR(bootstrap.interval.high, exact.interval.high, 0.02);
  EXPECT_EQ(BootstrapItems(400, 50, 5, mean).standard_error,
            BootstrapItems(400, 50, 5, mean).standard_error);
}

TEST(Statistics, McNemarCountsCoins) {
  EXPECT_NEAR(McNemarP(1, 9), 2 * 11.0 / 1024, 1e-12);
  EXPECT_NEAR(McNemarP(9, 1), 2 * 11.0 / 1024, 1e-12);
  EXPECT_EQ(McNemarP(4, 4), 1);
  EXPECT_EQ(McNemarP(0, 0), 1);
}

TEST(Statistics, PermutationsOfFewItemsAreTheExactTest) {
  const std::vector<double> a = {0, 0, 0, 0, 0, 0}, b = {1, 1, 1, 1, 1, 0};
  EXPECT_NEAR(PermutationP(a, b, 200'000, 1), McNemarP(0, 5), 0.002);
  const std::vector<std::string> one = {"x", "x", "x", "x", "x", "x"};
  EXPECT_EQ(PermutationP(a, b, 1000, 1, one), 1);  // a single coin can say nothing
}

TEST(Statistics, PairedDifferencesUseWhatIsAlike) {
  const std::vector<double> a = {10, 20, 30, 40}, b = {11, 22, 31, 42};
  const Difference difference = PairedDifference(a, b);
  EXPECT_DOUBLE_EQ(difference.mean.value, 1.5);
  EXPECT_NEAR(difference.mean.standard_error, std::sqrt(1.0 / 3 / 4), 1e-12);
  EXPECT_NEAR(difference.p, 2 * StudentCdf(-1.5 / std::sqrt(1.0 / 12), 3), 1e-12);
  const std::vector<double> shifted = {11, 21, 31, 41};
  EXPECT_EQ(PairedDifference(a, a).p, 1);
  EXPECT_EQ(PairedDifference(a, shifted).p, 0);
}

TEST(Statistics, HolmStepsDown) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  const std::vector<double> adjusted = HolmAdjust(p);
  const std::vector<double> expected = {0.03, 0.06, 0.06, 0.02};
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-12) << i;
}

// Scores of two models on the same items. Items differ in difficulty, so that the models are right
// on the same ones more often than by chance.
struct Pair {
  std::vector<double> a, b;
  int64_t only_a = 0, only_b = 0;
};

Pair Simulate(int n, double advantage_of_b, Random& random) {
  Pair pair;
  for (int i = 0; i < n; ++i) {
    const double easy = random.Uniform() < 0.5 ? 0.85 : 0.25;
    pair.a.push_back(random.Uniform() < easy ? 1 : 0);
    pair.b.push_back(random.Uniform() < easy + advantage_of_b ? 1 : 0);
    pair.only_a += pair.a.back() > pair.b.back() ? 1 : 0;
    pair.only_b += pair.b.back() > pair.a.back() ? 1 : 0;
  }
  return pair;
}

// How often McNemar's test at 5 % calls equal models different: less than 5 %, since counts jump.
double McNemarSize(int n, double discordance) {
  double size = 0;
  for (int64_t m = 0; m <= n; ++m) {
    const double chance = BinomialCdf(m, n, discordance) - BinomialCdf(m - 1, n, discordance);
    int64_t k = 0;
    while (2 * BinomialCdf(k, m, 0.5) <= 0.05) ++k;
    size += chance * 2 * BinomialCdf(k - 1, m, 0.5);
  }
  return size;
}

// 1,000 comparisons of a model with its equal: each test is significant as often as it says.
TEST(Statistics, EqualModelsAreFoundDifferentAsOftenAsStated) {
  constexpr int kRepetitions = 1000, kItems = 200;
  constexpr double kAlpha = 0.05;
  Random random(20);
  int n_mcnemar = 0, n_permutation = 0, n_student = 0, n_outside = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    const Pair pair = Simulate(kItems, 0, random);
    n_mcnemar += McNemarP(pair.only_a, pair.only_b) <= kAlpha ? 1 : 0;
    n_permutation += PermutationP(pair.a, pair.b, 999, random.Next()) <= kAlpha ? 1 : 0;
    const Difference difference = PairedDifference(pair.a, pair.b);
    n_student += difference.p <= kAlpha ? 1 : 0;
    n_outside += difference.mean.interval.low > 0 || difference.mean.interval.high < 0 ? 1 : 0;
  }
  const double discordance = 0.85 * 0.15 + 0.25 * 0.75;  // half of 2 p (1 - p), twice
  const double exact = McNemarSize(kItems, discordance);
  EXPECT_GT(exact, 0.02);
  EXPECT_LE(exact, kAlpha);
  const auto near = [](int n, double rate) {
    const double error = std::sqrt(rate * (1 - rate) / kRepetitions);
    EXPECT_NEAR(n / double{kRepetitions}, rate, 3 * error);
  };
  near(n_mcnemar, exact);
  near(n_student, kAlpha);
  EXPECT_EQ(n_outside, n_student);  // the interval and the test say the same
  // A difference of counts comes in steps of two, so this one, too, stays below.
  near(n_permutation, exact);
  RecordProperty("mcnemar", n_mcnemar);
  RecordProperty("permutation", n_permutation);
  RecordProperty("student", n_student);
}

// Of continuous scores nothing jumps.
TEST(Statistics, EqualModelsWithContinuousScoresToo) {
  constexpr int kRepetitions = 1000;
  Random random(21);
  int n_permutation = 0, n_student = 0, n_clustered = 0, n_naive = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    std::vector<double> a, b;
    for (int k = 0; k < 40; ++k) {
      a.push_back(random.Normal());
      b.push_back(random.Normal());
    }
    n_permutation += PermutationP(a, b, 999, random.Next()) <= 0.05 ? 1 : 0;
    n_student += PairedDifference(a, b).p <= 0.05 ? 1 : 0;

    std::vector<std::string> clusters;
    for (size_t k = 0; k < 160; ++k) clusters.push_back(std::to_string(k / 4));
    a.assign(160, 0.0);
    b.clear();
    for (int k = 0; k < 40; ++k) {
      const double shared = random.Normal();  // of four questions on one passage
      for (int q = 0; q < 4; ++q) b.push_back(shared + random.Normal());
    }
    n_clustered += PairedDifference(a, b, clusters).p <= 0.05 ? 1 : 0;
    n_naive += PairedDifference(a, b).p <= 0.05 ? 1 : 0;
  }
  const double error = std::sqrt(0.05 * 0.95 / kRepetitions);
  EXPECT_NEAR(n_permutation / double{kRepetitions}, 0.05, 3 * error);
  EXPECT_NEAR(n_student / double{kRepetitions}, 0.05, 3 * error);
  EXPECT_NEAR(n_clustered / double{kRepetitions}, 0.05, 3 * error);
  EXPECT_GT(n_naive, 150);  // who ignores the clusters is wrong three times as often
}

TEST(Statistics, WhatCouldBeDetectedIsDetectedFourTimesInFive) {
  constexpr int kItems = 400;
  EXPECT_EQ(DetectableProportion(10, 0.1), std::nullopt);
  EXPECT_EQ(DetectableProportion(0, 0.1), std::nullopt);
  const double discordance = 0.85 * 0.15 + 0.25 * 0.75;
  const double detectable = *DetectableProportion(kItems, discordance);
  EXPECT_NEAR(detectable, 0.0781, 5e-4);  // (1.96 + 0.84) * sqrt(discordance / n), a little less
  Random random(22);
  int n_found = 0;
  for (int i = 0; i < 1000; ++i) {
    const Pair pair = Simulate(kItems, detectable, random);
    n_found += PairedDifference(pair.a, pair.b).p <= 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(n_found / 1000.0, kPower, 0.05);
  EXPECT_NEAR(DetectableMean(0.01), 0.028016, 1e-5);
}

}  // namespace
}  // namespace pioneer::eval
