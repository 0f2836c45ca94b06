#include "engine/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

bool RanksBefore(const TokenScore& a, const TokenScore& b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// Tokens that are passed over together, or weighed together.
constexpr size_t kBlock = 256;

int64_t Length(std::span<const float> row) { return static_cast<int64_t>(row.size()); }

// Calls visit(index, logit) for those of at least `least`, in order. Blocks without any are only
// read by the vector kernel. `visit` may raise `least`.
template <class Visit>
void ForEachFrom(std::span<const float> logits, const float& least, const Visit& visit) {
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const std::span<const float> block =
        logits.subspan(begin, std::min(kBlock, logits.size() - begin));
    if (Largest(block.data(), Length(block)) < least) continue;
    for (size_t i = 0; i < block.size(); ++i) {
      if (block[i] >= least) visit(static_cast<int32_t>(begin + i), block[i]);
    }
  }
}

// Tokens that weigh at least `least`, where the likeliest weighs 1.
std::vector<TokenScore> CandidatesFrom(std::span<const float> logits, float highest, float scale,
                                       double least) {
  // A little lower, for the rounding of exp and log; exp gives 0 from -87 on.
  const double log_least = std::max(std::log(least) - 1e-3, -87.0);
  std::vector<TokenScore> candidates;
  ForEachFrom(logits, static_cast<float>(highest + log_least / scale), [&](int32_t i, float logit) {
    const float weight = std::exp((logit - highest) * scale);
    if (weight > 0) candidates.push_back({i, weight});
  });
  return candidates;
}

// Sorts the front of `candidates`, highest first, until its sum reaches `wanted`; returns the
// length of that front.
size_t SortUntil(std::vector<TokenScore>& candidates, double wanted) {
  double sum = 0;
  size_t chunk = 64;
  for (size_t begin = 0; begin < candidates.size(); chunk *= 4) {
    const size_t end = std::min(candidates.size(), begin + chunk);
    std::partial_sort(candidates.begin() + begin, candidates.begin() + end, candidates.end(),
                      RanksBefore);
    for (; begin < end; ++begin) {
      sum += candidates[begin].score;
      if (sum >= wanted) return begin + 1;
    }
  }
  return candidates.size();
}

// Keeps the tokens whose surprise, -log p, is nearest to the entropy, until they reach typical_p of
// the total; returns what they weigh.
double KeepTypical(std::vector<TokenScore>& candidates, double typical_p, double total) {
  const auto surprise = [total](const TokenScore& c) { return std::log(total / c.score); };
  std::erase_if(candidates, [](const TokenScore& c) { return !(c.score > 0); });
  double entropy = 0;
  for (const TokenScore& c : candidates) entropy += c.score / total * surprise(c);
  const auto oddness = [&](const TokenScore& c) { return std::abs(surprise(c) - entropy); };
  std::sort(candidates.begin(), candidates.end(), [&](const TokenScore& a, const TokenScore& b) {
    const double x = oddness(a), y = oddness(b);
    return x != y ? x < y : RanksBefore(a, b);
  });
  double sum = 0;
  size_t n = 0;
  while (n < candidates.size() && sum < typical_p * total) sum += candidates[n++].score;
  candidates.resize(std::max<size_t>(n, 1));
  return sum;
}

// Neighbouring indices must not give shifted copies of one stream, as seed + index would where the
// generator itself steps by adding.
uint64_t StreamSeed(uint64_t seed, int index) {
  const uint64_t mixed = Random(seed).Next();
  return Random(mixed ^ static_cast<uint64_t>(index)).Next();
}

}  // namespace

std::vector<TokenScore> SelectTop(std::span<const float> scores, int k) {
  const size_t n_wanted = std::min(scores.size(), static_cast<size_t>(std::max(k, 0)));
  std::vector<TokenScore> best;
  if (n_wanted == 0) return best;
  best.reserve(std::min(scores.size(), 2 * n_wanted));
  // Once n_wanted candidates are known, anything below the last of them is passed over.
  float bar = -std::numeric_limits<float>::infinity();
  ForEachFrom(scores, bar, [&](int32_t id, float score) {
    best.push_back({id, score});
    if (best.size() < 2 * n_wanted) return;
    std::nth_element(best.begin(), best.begin() + (n_wanted - 1), best.end(), RanksBefore);
    best.resize(n_wanted);
    bar = best.back().score;
  });
  const size_t n_best = std::min(n_wanted, best.size());  // fewer where scores are NaN
  std::partial_sort(best.begin(), best.begin() + n_best, best.end(), RanksBefore);
  best.resize(n_best);
  return best;
}

TokenInfo MakeTokenInfo(std::span<const float> logits, int32_t chosen, int n_top) {
  TokenInfo info;
  const double log_total = LogSumExp(logits.data(), Length(logits));
  info.chosen = {chosen, "", logits[chosen] - log_total};
  for (const TokenScore& token : SelectTop(logits, n_top)) {
    info.top.push_back({token.id, "", token.score - log_total});
  }
  return info;
}

Sampler::Sampler(const SamplingParams& params, uint64_t seed, int index, TokenText token_text)
    : params_(params), dry_(params.dry, std::move(token_text)), random_(StreamSeed(seed, index)) {}

int32_t Sampler::Sample(std::span<float> logits, std::span<const int32_t> history,
                        std::span<const int32_t> banned, const grammar::TokenMask* allowed) {
  ApplyBiases(logits, banned);
  ApplyRepetitionPenalty(logits, history);
  ApplyCountPenalties(logits);
  dry_.Apply(history, logits);
  ids_.clear();
  int32_t id = Choose(allowed != nullptr ? Restrict(logits, *allowed) : logits);
  if (id < 0) return -1;
  if (!ids_.empty()) id = ids_[id];
  if (params_.presence_penalty != 0 || params_.frequency_penalty != 0) ++generated_[id];
  return id;
}

// Few allowed tokens are copied out, with their ids; else the others become -infinity in place.
std::span<const float> Sampler::Restrict(std::span<float> logits,
                                         const grammar::TokenMask& allowed) {
  const size_t n = std::min(logits.size(), static_cast<size_t>(allowed.size()));
  const bool few = static_cast<size_t>(allowed.Count()) * 8 < n;
  logits_.clear();
  for (size_t begin = 0; begin < n; begin += 64) {
    uint64_t word = allowed.words()[begin / 64];
    const size_t end = std::min(begin + 64, n);
    if (few) {
      for (; word != 0; word &= word - 1) {
        const size_t id = begin + static_cast<size_t>(std::countr_zero(word));
        if (id >= n) break;
        ids_.push_back(static_cast<int32_t>(id));
        logits_.push_back(logits[id]);
      }
    } else if (word != ~uint64_t{0}) {
      for (size_t i = begin; i < end; ++i) {
        logits[i] = (word >> (i - begin) & 1) != 0 ? logits[i] : kForbidden;
      }
    }
  }
  if (few) return logits_;
  std::fill(logits.begin() + static_cast<ptrdiff_t>(n), logits.end(), kForbidden);
  return logits;
}

void Sampler::ApplyBiases(std::span<float> logits, std::span<const int32_t> banned) const {
  for (const auto& [id, bias] : params_.logit_bias) {
    if (id >= 0 && static_cast<size_t>(id) < logits.size()) logits[id] += static_cast<float>(bias);
  }
  for (const int32_t id : banned) logits[id] = kForbidden;
}

void Sampler::ApplyRepetitionPenalty(std::span<float> logits, std::span<const int32_t> history) {
  if (params_.repetition_penalty == 1 || params_.repetition_window == 0) return;
  if (params_.repetition_window > 0) {
    const size_t n = std::min(history.size(), static_cast<size_t>(params_.repetition_window));
    history = history.last(n);
  }
  window_.assign(history.begin(), history.end());
  std::sort(window_.begin(), window_.end());
  window_.erase(std::unique(window_.begin(), window_.end()), window_.end());
  const auto penalty = static_cast<float>(params_.repetition_penalty);
  for (const int32_t id : window_) {
    logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
  }
}

void Sampler::ApplyCountPenalties(std::span<float> logits) const {
  for (const auto& [id, count] : generated_) {
    logits[id] -= static_cast<float>(params_.presence_penalty + params_.frequency_penalty * count);
  }
}

int32_t Sampler::Choose(std::span<const float> logits) {
  if (logits.empty()) return -1;
  const float highest = Largest(logits.data(), Length(logits));
  if (std::isinf(highest)) return -1;
  const bool greedy = params_.temperature < kGreedyTemperature || params_.top_k == 1;
  const auto scale = greedy ? 1.0f : static_cast<float>(1 / params_.temperature);
  const bool top_k = params_.top_k > 0 && static_cast<size_t>(params_.top_k) < logits.size();
  const bool filtered = top_k || params_.typical_p < 1 || params_.top_p < 1 || params_.min_p > 0;
  if (!greedy && !filtered) return DrawFromAll(logits, highest, scale);
  const double total = SumExp(logits.data(), Length(logits), highest, scale);
  if (std::isnan(total)) return -1;
  if (greedy) return static_cast<int32_t>(std::ranges::find(logits, highest) - logits.begin());
  if (top_k) {
    std::vector<TokenScore> candidates = SelectTop(logits, params_.top_k);
    double kept = 0;
    for (TokenScore& candidate : candidates) {
      candidate.score = std::exp((candidate.score - highest) * scale);
      kept += candidate.score;
    }
    return DrawFrom(std::move(candidates), kept);
  }
  if (params_.typical_p < 1) return DrawFrom(CandidatesFrom(logits, highest, scale, 0), total);
  // Tokens below (1 - p) / n of the total make up less than 1 - p together, so the others reach p
  // without them.
  const double least = (1 - params_.top_p) * total / static_cast<double>(logits.size());
  return DrawFrom(CandidatesFrom(logits, highest, scale, std::max(least, params_.min_p)), total);
}

int32_t Sampler::DrawFrom(std::vector<TokenScore> candidates, double total) {
  if (params_.typical_p < 1) total = KeepTypical(candidates, params_.typical_p, total);
  candidates.resize(SortUntil(candidates, params_.top_p * total));
  // The likeliest weighs 1 unless it was not typical.
  const auto least = static_cast<float>(params_.min_p) * candidates.front().score;
  double kept = 0;
  for (const TokenScore& candidate : candidates)
    kept += candidate.score >= least ? candidate.score : 0;
  double left = random_.Uniform() * kept;
  for (const TokenScore& candidate : candidates) {
    if (candidate.score < least) break;
    left -= candidate.score;
    if (left < 0) return candidate.id;
  }
  return candidates.front().id;  // rounding left nothing to draw from
}

// Finds the block first, then the token in it.
int32_t Sampler::DrawFromAll(std::span<const float> logits, float highest, float scale) {
  const auto block = [&](size_t i) {
    return logits.subspan(i * kBlock, std::min(kBlock, logits.size() - i * kBlock));
  };
  weights_.resize((logits.size() + kBlock - 1) / kBlock);
  double total = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    weights_[i] = SumExp(block(i).data(), Length(block(i)), highest, scale);
    total += weights_[i];
  }
  if (std::isnan(total)) return -1;
  double left = random_.Uniform() * total;
  size_t chosen = 0;  // the last that weighs anything, where rounding leaves none
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] == 0) continue;
    chosen = i;
    if (left < weights_[i]) break;
    left -= weights_[i];
  }
  std::array<float, kBlock> weights;
  ExpEach(block(chosen).data(), Length(block(chosen)), highest, scale, weights.data());
  int32_t last = -1;
  for (size_t i = 0; i < block(chosen).size(); ++i) {
    if (weights[i] == 0) continue;
    last = static_cast<int32_t>(chosen * kBlock + i);
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace pioneer
