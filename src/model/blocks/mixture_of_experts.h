// Why: a layer may have many feed-forward parts, of which each token uses a few (Shazeer et al.
// 2017, https://arxiv.org/abs/1701.06538).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/architecture_keys.h"
#include "model/blocks/feed_forward.h"
#include "model/blocks/linear.h"
#include "model/blocks/pass.h"

namespace pioneer {

// How the router's numbers become weights. The values are GGUF's (ARCH.expert_gating_func).
enum class ExpertGating {
  kSoftmax = 1,          // over all experts, before some are chosen
  kSigmoid = 2,          // each by itself
  kSoftmaxOfChosen = 3,  // over those that were chosen
};

struct ExpertRouting {
  int n_experts = 0, n_used = 0;
  ExpertGating gating = ExpertGating::kSoftmax;
  bool normalize = true;  // the weights of those chosen sum to 1
  float scale = 1.0f;     // of the weights, at last
  int n_groups = 1;       // experts are chosen from the best groups only (DeepSeek-V3)
  int n_groups_used = 1;
};

// From ARCH.expert_count, expert_used_count and their like, with the defaults given. Throws
// Error{kCorruptFile} for counts that make no sense.
ExpertRouting ReadExpertRouting(const ArchitectureKeys& keys, ExpertGating gating, bool normalize);

struct MixtureOfExperts {
  ExpertRouting routing;
  Linear router;                       // [n_experts, d_model]
  std::vector<float> selection_bias;   // [n_experts], only for choosing; or empty
  std::vector<Linear> gate, up, down;  // of each expert
  std::vector<float> expert_scale;     // [n_experts] of what comes out; or empty
  Activation f = Activation::kSilu;
  bool clamped = false;               // gpt-oss' own f: ClampedSwiglu with 1.702 and 7
  std::optional<FeedForward> shared;  // is used by every token

  // x, change: [n, d_model].
  void Run(Pass& pass, const Matrix& x, Matrix& change) const { Run(pass, x, x, change); }
  // The router looks at other rows than the experts.
  void Run(Pass& pass, const Matrix& router_x, const Matrix& x, Matrix& change) const;
};

// True when the file has a router for this layer.
bool HasExperts(const WeightLoader& load, int layer);

// From blk.LAYER.ffn_{gate_inp,gate_exps,up_exps,down_exps} or ffn_gate_up_exps, with biases, and
// exp_probs_b.bias, where the file has them.
MixtureOfExperts LoadExperts(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff,
                             const ExpertRouting& routing);

// blk.LAYER.ffn_{gate,up,down}_shexp.
FeedForward LoadSharedExpert(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff);

}  // namespace pioneer
