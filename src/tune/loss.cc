#include "tune/loss.h"

#include <algorithm>
#include <cmath>

namespace pioneer::tune {
namespace {

// Of the counted tokens of one text, over the base model's.
double LogRatio(const PackedTexts& pack, size_t text, std::span<const float> log_probs) {
  double sum = 0;
  for (int64_t i = pack.begins[text]; i < pack.end(text); ++i) {
    if (pack.counted[i] != 0) sum += double{log_probs[i]} - double{pack.reference[i]};
  }
  return sum;
}

void SetSlopes(const PackedTexts& pack, size_t text, double slope, std::span<float> slopes) {
  for (int64_t i = pack.begins[text]; i < pack.end(text); ++i) {
    if (pack.counted[i] != 0) slopes[i] = static_cast<float>(slope);
  }
}

}  // namespace

void LossSums::Add(const LossSums& other) {
  loss += other.loss;
  margin += other.margin;
  preferred += other.preferred;
  pairs += other.pairs;
  divergence += other.divergence;
  clipped += other.clipped;
  tokens += other.tokens;
}

LossSums CrossEntropyLoss::Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                                    std::span<float> slopes) const {
  const double weight = 1.0 / static_cast<double>(n_counted_);
  LossSums sums;
  for (size_t i = 0; i < log_probs.size(); ++i) {
    if (pack.counted[i] == 0) continue;
    sums.loss -= weight * double{log_probs[i]};
    sums.tokens += 1;
    slopes[i] = static_cast<float>(-weight);
  }
  return sums;
}

LossSums PreferenceLoss::Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                                  std::span<float> slopes) const {
  LossSums sums;
  for (size_t chosen = 0; chosen + 1 < pack.n_texts(); chosen += 2) {
    const double margin = LogRatio(pack, chosen, log_probs) - LogRatio(pack, chosen + 1, log_probs);
    const double x = double{beta_} * margin;
    // log(1 + exp(-x)) and its slope, without overflow.
    sums.loss +=
        (std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)))) / static_cast<double>(n_pairs_);
    const double slope =
        double{beta_} / (1 + std::exp(std::min(x, 700.0))) / static_cast<double>(n_pairs_);
    SetSlopes(pack, chosen, -slope, slopes);
    SetSlopes(pack, chosen + 1, slope, slopes);
    sums.margin += margin;
    sums.preferred += margin > 0 ? 1 : 0;
    sums.pairs += 1;
  }
  return sums;
}

LossSums GroupRelativeLoss::Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                                     std::span<float> slopes) const {
  const double weight = 1.0 / static_cast<double>(n_counted_);
  LossSums sums;
  for (size_t text = 0; text < pack.n_texts(); ++text) {
    const double advantage = double{pack.advantages[text]};
    for (int64_t i = pack.begins[text]; i < pack.end(text); ++i) {
      if (pack.counted[i] == 0) continue;
      const double before = double{pack.behaviour.empty() ? log_probs[i] : pack.behaviour[i]};
      const double ratio = std::exp(std::min(double{log_probs[i]} - before, 50.0));
      const double within = std::clamp(ratio, 1.0 - double{clip_}, 1.0 + double{clip_});
      // The minimum of both; where the clipped one is less, nothing more is to be won.
      const bool clipped = within * advantage < ratio * advantage;
      double loss = -(clipped ? within : ratio) * advantage;
      double slope = clipped ? 0 : -ratio * advantage;
      if (kl_weight_ > 0) {
        const double log_r = std::min(double{pack.reference[i]} - double{log_probs[i]}, 50.0);
        const double divergence = std::exp(log_r) - log_r - 1;
        loss += double{kl_weight_} * divergence;
        slope += double{kl_weight_} * (1 - std::exp(log_r));
        sums.divergence += divergence;
      }
      sums.loss += weight * loss;
      slopes[i] = static_cast<float>(weight * slope);
      sums.clipped += clipped ? 1 : 0;
      sums.tokens += 1;
    }
  }
  return sums;
}

}  // namespace pioneer::tune
