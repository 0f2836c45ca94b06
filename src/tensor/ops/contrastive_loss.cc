#include "tensor/ops/contrastive_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/ops/train_matmul.h"

namespace pioneer {
namespace {

// The cross-entropy of row i's own entry, over entries that count; adds its gradient * share to
// d_row. Entries `stride` apart.
double OwnEntryLoss(const float* row, int64_t stride, int64_t n, int64_t own, double share,
                    float* d_row) {
  float largest = row[own * stride];
  for (int64_t j = 0; j < n; ++j) largest = std::max(largest, row[j * stride]);
  double sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += std::exp(static_cast<double>(row[j * stride] - largest));
  for (int64_t j = 0; j < n; ++j) {
    const double chance = std::exp(static_cast<double>(row[j * stride] - largest)) / sum;
    d_row[j * stride] += static_cast<float>(share * (chance - (j == own ? 1.0 : 0.0)));
  }
  return std::log(sum) - static_cast<double>(row[own * stride] - largest);
}

}  // namespace

double ContrastiveLoss(std::span<const float> a, std::span<const float> b, int64_t n, int64_t d,
                       std::span<const uint64_t> kinds_a, std::span<const uint64_t> kinds_b,
                       float scale, float* d_a, float* d_b) {
  std::vector<float> scores(static_cast<size_t>(n * n)), d_scores(scores.size());
  TrainMatMul<float, float>(View(a.data(), n, d), View(b.data(), n, d).Transposed(),
                            View(scores.data(), n, n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const bool same = i != j && (kinds_a[i] == kinds_a[j] || kinds_b[i] == kinds_b[j]);
      float& score = scores[i * n + j];
      score = same ? -std::numeric_limits<float>::infinity() : score * scale;
    }
  }
  const double share = 0.5 / static_cast<double>(n);
  double loss = 0;
  for (int64_t i = 0; i < n; ++i) {
    loss += OwnEntryLoss(scores.data() + i * n, 1, n, i, share, d_scores.data() + i * n);
    loss += OwnEntryLoss(scores.data() + i, n, n, i, share, d_scores.data() + i);
  }
  if (d_a != nullptr) {
    for (float& value : d_scores) value *= scale;
    const auto d_scores_view = View<const float>(d_scores.data(), n, n);
    TrainMatMul<float, float>(d_scores_view, View(b.data(), n, d), View(d_a, n, d));
    TrainMatMul<float, float>(d_scores_view.Transposed(), View(a.data(), n, d), View(d_b, n, d));
  }
  return loss * share;
}

}  // namespace pioneer
