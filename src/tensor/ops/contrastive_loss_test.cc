// Why: a wrong gradient trains, only worse.
#include "tensor/ops/contrastive_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace pioneer {
namespace {

constexpr int64_t kPairs = 5, kWidth = 7;

struct PairsOfVectors {
  PairsOfVectors() {
    Random random(3);
    for (auto* side : {&a, &b}) {
      for (int64_t i = 0; i < kPairs * kWidth; ++i) {
        side->push_back(0.4f * static_cast<float>(random.Normal()));
      }
    }
  }
  double Loss(float* d_a = nullptr, float* d_b = nullptr) const {
    return ContrastiveLoss(a, b, kPairs, kWidth, kinds_a, kinds_b, 3.0f, d_a, d_b);
  }
  std::vector<float> a, b;
  std::vector<uint64_t> kinds_a = {1, 2, 3, 4, 5}, kinds_b = {6, 7, 7, 1, 8};
};

TEST(ContrastiveLossTest, IsTheFormulasValue) {
  // Two pairs of orthogonal unit vectors: each row is (scale, 0).
  const std::vector<float> unit = {1, 0, 0, 1};
  const std::vector<uint64_t> kinds = {1, 2}, others = {3, 4};
  const double loss = ContrastiveLoss(unit, unit, 2, 2, kinds, others, 2.0f, nullptr, nullptr);
  EXPECT_NEAR(loss, std::log(1 + std::exp(-2.0)), 1e-6);
  // What is the same text is no counterexample: nothing is left to tell apart.
  for (const std::vector<uint64_t>& common : {std::vector<uint64_t>{3, 3}, {3, 1}, {2, 3}}) {
    EXPECT_NEAR(ContrastiveLoss(unit, unit, 2, 2, kinds, common, 2.0f, nullptr, nullptr), 0, 1e-7);
  }
}

TEST(ContrastiveLossTest, GradientIsThatOfFiniteDifferences) {
  PairsOfVectors pairs;
  std::vector<float> d_a(pairs.a.size()), d_b(pairs.b.size());
  pairs.Loss(d_a.data(), d_b.data());
  for (const auto& [values, gradient] : {std::pair{&pairs.a, &d_a}, {&pairs.b, &d_b}}) {
    for (size_t i = 0; i < values->size(); ++i) {
      constexpr float kStep = 1e-2f;
      const float before = (*values)[i];
      (*values)[i] = before + kStep;
      const double above = pairs.Loss();
      (*values)[i] = before - kStep;
      const double below = pairs.Loss();
      (*values)[i] = before;
      EXPECT_NEAR((above - below) / (2 * kStep), static_cast<double>((*gradient)[i]), 2e-4) << i;
    }
  }
}

}  // namespace
}  // namespace pioneer
