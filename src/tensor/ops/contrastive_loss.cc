#include "tensor/ops/contrastive_loss.h"

#include <cmath>
#include <vector>

#include "tensor/ops/train_matmul.h"

namespace pioneer {
namespace {

// What has a text in common says nothing of what belongs apart.
struct Kinds {
  std::span<const uint64_t> a, b;
  bool Share(int64_t i, int64_t j) const {
    return a[i] == a[j] || b[i] == b[j] || a[i] == b[j] || b[i] == a[j];
  }
};

// exp(scale * (score - 1)): no more than 1 for unit vectors, and far from what a double cannot
// hold. Entries that do not count become 0.
std::vector<double> Weights(const std::vector<float>& scores, int64_t n, const Kinds& kinds,
                            double scale) {
  std::vector<double> weights(scores.size());
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      if (i != j && kinds.Share(i, j)) continue;
      weights[i * n + j] = std::exp(scale * (static_cast<double>(scores[i * n + j]) - 1));
    }
  }
  return weights;
}

}  // namespace

double ContrastiveLoss(std::span<const float> a, std::span<const float> b, int64_t n, int64_t d,
                       std::span<const uint64_t> kinds_a, std::span<const uint64_t> kinds_b,
                       float scale, float* d_a, float* d_b) {
  std::vector<float> scores(static_cast<size_t>(n * n));
  TrainMatMul<float, float>(View(a.data(), n, d), View(b.data(), n, d).Transposed(),
                            View(scores.data(), n, n));
  const std::vector<double> weights = Weights(scores, n, {kinds_a, kinds_b}, scale);
  std::vector<double> row_sums(static_cast<size_t>(n)), column_sums(row_sums.size());
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      row_sums[i] += weights[i * n + j];
      column_sums[j] += weights[i * n + j];
    }
  }
  const double share = 0.5 / static_cast<double>(n);
  double loss = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double own = scale * (static_cast<double>(scores[i * n + i]) - 1);
    loss += share * (std::log(row_sums[i]) + std::log(column_sums[i]) - 2 * own);
  }
  if (d_a == nullptr) return loss;
  std::vector<float>& d_scores = scores;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const double weight = weights[i * n + j];
      const double chances = weight / row_sums[i] + weight / column_sums[j] - (i == j ? 2 : 0);
      d_scores[i * n + j] = static_cast<float>(scale * share * chances);
    }
  }
  const auto d_scores_view = View<const float>(d_scores.data(), n, n);
  TrainMatMul<float, float>(d_scores_view, View(b.data(), n, d), View(d_a, n, d));
  TrainMatMul<float, float>(d_scores_view.Transposed(), View(a.data(), n, d), View(d_b, n, d));
  return loss;
}

}  // namespace pioneer
