#include "model/blocks/mixture_of_experts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

constexpr int kMaxExperts = 1 << 14;

struct Choice {
  int32_t expert = 0;
  int32_t row = 0;
  float weight = 0;
};

// Leaves only the groups whose two best scores sum to the most.
void KeepBestGroups(const ExpertRouting& routing, std::vector<float>& scores) {
  const size_t group_size = scores.size() / static_cast<size_t>(routing.n_groups);
  std::vector<std::pair<float, size_t>> groups;
  for (size_t begin = 0; begin < scores.size(); begin += group_size) {
    std::vector<float> group(scores.begin() + begin, scores.begin() + begin + group_size);
    std::partial_sort(group.begin(), group.begin() + std::min<size_t>(2, group_size), group.end(),
                      std::greater<>());
    groups.emplace_back(-(group[0] + (group_size > 1 ? group[1] : 0.0f)), begin);
  }
  std::sort(groups.begin(), groups.end());
  for (size_t i = static_cast<size_t>(routing.n_groups_used); i < groups.size(); ++i) {
    std::fill_n(scores.begin() + groups[i].second, group_size,
                -std::numeric_limits<float>::infinity());
  }
}

// The experts of one token and their weights; `logits` is overwritten.
void Choose(const ExpertRouting& routing, const std::vector<float>& selection_bias, float* logits,
            int32_t row, std::vector<Choice>& choices) {
  const auto n = static_cast<size_t>(routing.n_experts);
  if (routing.gating == ExpertGating::kSoftmax) Softmax(logits, routing.n_experts);
  if (routing.gating == ExpertGating::kSigmoid) {
    for (size_t i = 0; i < n; ++i) logits[i] = 1.0f / (1.0f + std::exp(-logits[i]));
  }
  std::vector<float> scores(logits, logits + n);
  for (size_t i = 0; i < selection_bias.size(); ++i) scores[i] += selection_bias[i];
  if (routing.n_groups > 1) KeepBestGroups(routing, scores);

  std::vector<int32_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(
      order.begin(), order.begin() + routing.n_used, order.end(),
      [&](int32_t a, int32_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<float> weights;
  for (int i = 0; i < routing.n_used; ++i) weights.push_back(logits[order[i]]);
  if (routing.gating == ExpertGating::kSoftmaxOfChosen) Softmax(weights.data(), routing.n_used);
  float factor = routing.scale;
  if (routing.normalize) {
    constexpr float kLeast = 6.103515625e-5f;  // the smallest normal float16
    factor /= std::max(kLeast, std::accumulate(weights.begin(), weights.end(), 0.0f));
  }
  for (int i = 0; i < routing.n_used; ++i) choices.push_back({order[i], row, weights[i] * factor});
}

std::vector<Linear> LoadExpertLinear(WeightLoader& load, const std::string& name, int64_t n,
                                     int64_t n_out, int64_t n_in) {
  std::vector<Linear> experts = load.Matrices(name + ".weight", n, n_out, n_in);
  if (!load.Has(name + ".bias")) return experts;
  const std::vector<float> biases = load.Floats(name + ".bias", {n, n_out});
  for (int64_t i = 0; i < n; ++i) {
    experts[i].bias.assign(biases.begin() + i * n_out, biases.begin() + (i + 1) * n_out);
  }
  return experts;
}

}  // namespace

ExpertRouting ReadExpertRouting(const ArchitectureKeys& keys, ExpertGating gating, bool normalize) {
  ExpertRouting routing;
  routing.n_experts = keys.IntIn("expert_count", 1, kMaxExperts);
  routing.n_used = keys.IntIn("expert_used_count", 1, routing.n_experts);
  const int kind = keys.Int("expert_gating_func", static_cast<int>(gating));
  if (kind > static_cast<int>(ExpertGating::kSoftmaxOfChosen)) {
    Fail(ErrorCode::kUnsupported,
         "{}: experts are chosen in a way that is not known (key \"{}\" "
         "is {})",
         keys.file().name(), keys.Name("expert_gating_func"), kind);
  }
  routing.gating = kind == 0 ? gating : static_cast<ExpertGating>(kind);
  routing.normalize = keys.Bool("expert_weights_norm", normalize);
  const float scale = keys.Float("expert_weights_scale", 0.0f);
  routing.scale = scale == 0 ? 1.0f : scale;
  routing.n_groups = std::max(1, keys.Int("expert_group_count", 1));
  routing.n_groups_used = std::max(1, keys.Int("expert_group_used_count", routing.n_groups));
  if (routing.n_experts % routing.n_groups != 0 || routing.n_groups_used > routing.n_groups ||
      routing.n_experts / routing.n_groups * routing.n_groups_used < routing.n_used) {
    keys.Refuse("expert_group_count", fmt::format("is {}, which does not fit {} experts",
                                                  routing.n_groups, routing.n_experts));
  }
  return routing;
}

bool HasExperts(const WeightLoader& load, int layer) {
  return load.Has(fmt::format("blk.{}.ffn_gate_inp.weight", layer));
}

MixtureOfExperts LoadExperts(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff,
                             const ExpertRouting& routing) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  const int64_t n = routing.n_experts;
  MixtureOfExperts block;
  block.routing = routing;
  block.router = LoadLinear(load, prefix + "ffn_gate_inp", n, d_model);
  block.selection_bias = load.OptionalVector(prefix + "exp_probs_b.bias", n);
  if (load.Has(prefix + "ffn_gate_up_exps.weight")) {
    const auto halves = load.MatrixPairs(prefix + "ffn_gate_up_exps.weight", n, d_ff, d_model);
    for (const auto& [gate, up] : halves) {
      block.gate.push_back(gate);
      block.up.push_back(up);
    }
  } else {
    block.gate = LoadExpertLinear(load, prefix + "ffn_gate_exps", n, d_ff, d_model);
    block.up = LoadExpertLinear(load, prefix + "ffn_up_exps", n, d_ff, d_model);
  }
  block.down = LoadExpertLinear(load, prefix + "ffn_down_exps", n, d_model, d_ff);
  block.expert_scale = load.OptionalVector(prefix + "ffn_down_exps.scale", n);
  return block;
}

FeedForward LoadSharedExpert(WeightLoader& load, int layer, int64_t d_model, int64_t d_ff) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  FeedForward block;
  block.gate = LoadLinear(load, prefix + "ffn_gate_shexp", d_ff, d_model);
  block.up = LoadLinear(load, prefix + "ffn_up_shexp", d_ff, d_model);
  block.down = LoadLinear(load, prefix + "ffn_down_shexp", d_model, d_ff);
  return block;
}

// Tokens are sorted by expert, so that each expert's weights are read once. A token's results are
// added in the order of its experts' numbers, whoever else is in the batch.
void MixtureOfExperts::Run(Pass& pass, const Matrix& router_x, const Matrix& x,
                           Matrix& change) const {
  auto& work = pass.work.experts;
  const int64_t d_model = x.cols();
  RunLinear(pass, {{&router, &work.logits}}, router_x);
  std::vector<Choice> choices;
  for (int64_t row = 0; row < pass.n; ++row) {
    Choose(routing, selection_bias, work.logits.row(row), static_cast<int32_t>(row), choices);
  }
  std::stable_sort(choices.begin(), choices.end(),
                   [](const Choice& a, const Choice& b) { return a.expert < b.expert; });

  if (shared) {
    shared->Run(pass, x, change);
  } else {
    change.Resize(pass.n, d_model);
    std::memset(change.data(), 0, sizeof(float) * static_cast<size_t>(pass.n * d_model));
  }
  std::vector<const AdapterMix*> adapters;
  for (size_t begin = 0, end = 0; begin < choices.size(); begin = end) {
    const auto expert = static_cast<size_t>(choices[begin].expert);
    while (end < choices.size() && choices[end].expert == choices[begin].expert) ++end;
    const auto n = static_cast<int64_t>(end - begin);
    work.x.Resize(n, d_model);
    adapters.clear();
    for (int64_t i = 0; i < n; ++i) {
      const int32_t row = choices[begin + i].row;
      std::memcpy(work.x.row(i), x.row(row), sizeof(float) * d_model);
      if (!pass.adapters.empty()) adapters.push_back(pass.adapters[row]);
    }
    RunLinear(pass, {{&gate[expert], &work.gate}, {&up[expert], &work.up}}, work.x.data(), n,
              adapters);
    float* const hidden = work.gate.data();
    const int64_t n_hidden = n * work.gate.cols();
    if (clamped) {
      ClampedSwiglu(pass.pool, hidden, work.up.data(), 1.702f, 7.0f, n_hidden, hidden);
    } else {
      ActivateMul(pass.pool, f, hidden, work.up.data(), n_hidden, hidden);
    }
    RunLinear(pass, {{&down[expert], &work.out}}, hidden, n, adapters);
    for (int64_t i = 0; i < n; ++i) {
      const Choice& choice = choices[begin + i];
      const float scale = expert_scale.empty() ? 1.0f : expert_scale[expert];
      AddScaledInPlace(pass.pool, change.row(choice.row), choice.weight * scale, work.out.row(i),
                       d_model);
    }
  }
}

}  // namespace pioneer
