// Why: methods of tuning differ only in what they want of the log probabilities of answers. A loss
// says how good those are and how it would change with each of them; the pass does the rest.
#pragma once

#include <span>

#include "tune/packed_texts.h"

namespace pioneer::tune {

// Sums over what was looked at; what does not belong to a method stays 0.
struct LossSums {
  double loss = 0;                                 // of the pack, as it adds to the step's
  double margin = 0, preferred = 0, pairs = 0;     // DPO
  double divergence = 0, clipped = 0, tokens = 0;  // GRPO: from the base model, in nats

  void Add(const LossSums& other);
};

// Immutable; any thread may use it.
class Loss {
 public:
  virtual ~Loss() = default;
  // log_probs[i]: of pack.targets[i], where counted. Writes d loss / d log_probs[i] to slopes[i]
  // where counted (all are 0 before).
  virtual LossSums Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                            std::span<float> slopes) const = 0;
  // Whether packs need PackedTexts::reference.
  virtual bool needs_reference() const { return false; }
};

// The mean cross-entropy of the step's n_counted answer tokens.
class CrossEntropyLoss : public Loss {
 public:
  explicit CrossEntropyLoss(int64_t n_counted) : n_counted_(n_counted) {}
  LossSums Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                    std::span<float> slopes) const override;

 private:
  int64_t n_counted_;
};

// Direct preference optimization (Rafailov et al. 2023, https://arxiv.org/abs/2305.18290):
// -log sigmoid(beta * margin), margin = (log p - log p_base)(chosen) - (the same)(rejected). Texts
// of a pack are chosen and rejected in turn. The mean over the step's n_pairs.
class PreferenceLoss : public Loss {
 public:
  PreferenceLoss(float beta, int64_t n_pairs) : beta_(beta), n_pairs_(n_pairs) {}
  LossSums Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                    std::span<float> slopes) const override;
  bool needs_reference() const override { return true; }

 private:
  float beta_;
  int64_t n_pairs_;
};

// The clipped objective of GRPO (Shao et al. 2024, https://arxiv.org/abs/2402.03300), its mean over
// all n_counted tokens of the step (Yu et al. 2025, https://arxiv.org/abs/2503.14476), and
// kl_weight times the divergence from the base model, estimated without bias by r - log r - 1,
// r = p_base / p.
class GroupRelativeLoss : public Loss {
 public:
  GroupRelativeLoss(float clip, float kl_weight, int64_t n_counted)
      : clip_(clip), kl_weight_(kl_weight), n_counted_(n_counted) {}
  // Without PackedTexts::behaviour the texts count as sampled from the model as it is.
  LossSums Evaluate(const PackedTexts& pack, std::span<const float> log_probs,
                    std::span<float> slopes) const override;
  bool needs_reference() const override { return kl_weight_ > 0; }

 private:
  float clip_, kl_weight_;
  int64_t n_counted_;
};

}  // namespace pioneer::tune
