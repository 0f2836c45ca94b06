#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pioneer {
namespace {

bool RanksBefore(const TokenScore& a, const TokenScore& b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// The id of the highest logit, the lowest among equals; -1 when a logit is NaN or +infinity or all
// are -infinity.
int32_t FindHighest(std::span<const float> logits) {
  int32_t best = -1;
  float highest = -std::numeric_limits<float>::infinity();
  bool broken = false;
  for (size_t i = 0; i < logits.size(); ++i) {
    broken |= std::isnan(logits[i]);
    if (logits[i] > highest) {
      highest = logits[i];
      best = static_cast<int32_t>(i);
    }
  }
  return broken || std::isinf(highest) ? -1 : best;
}

// exp(difference / temperature), where difference = logit - highest logit <= 0: at most 1.
float Weight(float difference, double temperature) {
  const auto x = static_cast<float>(difference / temperature);
  return x < -80.0f ? 0.0f : std::exp(x);
}

// The tokens that top-p can keep. Those below (1 - p) / n of the total make up less than 1 - p
// together, so the others reach p without them.
std::vector<TokenScore> TopPCandidates(std::span<const float> weights, double top_p, double total) {
  const double least = (1 - top_p) * total / static_cast<double>(weights.size());
  std::vector<TokenScore> candidates;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] >= least) candidates.push_back({static_cast<int32_t>(i), weights[i]});
  }
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
  // Once n_wanted candidates are known, anything that does not beat the last of them is passed
  // over.
  float bar = -std::numeric_limits<float>::infinity();
  bool has_bar = false;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (has_bar && !(scores[i] > bar)) continue;
    best.push_back({static_cast<int32_t>(i), scores[i]});
    if (best.size() < 2 * n_wanted) continue;
    std::nth_element(best.begin(), best.begin() + (n_wanted - 1), best.end(), RanksBefore);
    best.resize(n_wanted);
    bar = best.back().score;
    has_bar = true;
  }
  std::partial_sort(best.begin(), best.begin() + n_wanted, best.end(), RanksBefore);
  best.resize(n_wanted);
  return best;
}

double LogSumExp(std::span<const float> logits) {
  const int32_t best = FindHighest(logits);
  if (best < 0) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - logits[best]);
  return logits[best] + std::log(sum);
}

TokenInfo MakeTokenInfo(std::span<const float> logits, int32_t chosen, int n_top) {
  TokenInfo info;
  const double log_total = LogSumExp(logits);
  info.chosen = {chosen, "", logits[chosen] - log_total};
  for (const TokenScore& token : SelectTop(logits, n_top)) {
    info.top.push_back({token.id, "", token.score - log_total});
  }
  return info;
}

Sampler::Sampler(const SamplingParams& params, uint64_t seed, int index, TokenText token_text)
    : params_(params), dry_(params.dry, std::move(token_text)), random_(StreamSeed(seed, index)) {}

int32_t Sampler::Sample(std::span<float> logits, std::span<const int32_t> history,
                        std::span<const int32_t> banned) {
  // Before penalties too: a penalty could hide a broken logit.
  if (FindHighest(logits) < 0) return -1;
  ApplyBiases(logits, banned);
  ApplyRepetitionPenalty(logits, history);
  ApplyCountPenalties(logits);
  dry_.Apply(history, logits);
  int32_t id = FindHighest(logits);
  if (id < 0) return -1;
  if (params_.temperature >= kGreedyTemperature && params_.top_k != 1) {
    id = Draw(logits, logits[id]);
  }
  if (params_.presence_penalty != 0 || params_.frequency_penalty != 0) ++generated_[id];
  return id;
}

void Sampler::ApplyBiases(std::span<float> logits, std::span<const int32_t> banned) const {
  for (const auto& [id, bias] : params_.logit_bias) {
    if (id >= 0 && static_cast<size_t>(id) < logits.size()) logits[id] += static_cast<float>(bias);
  }
  for (const int32_t id : banned) logits[id] = -std::numeric_limits<float>::infinity();
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

int32_t Sampler::Draw(std::span<float> logits, float highest) {
  if (params_.top_k > 0 && static_cast<size_t>(params_.top_k) < logits.size()) {
    std::vector<TokenScore> candidates = SelectTop(logits, params_.top_k);
    double total = 0;
    for (TokenScore& candidate : candidates) {
      candidate.score = Weight(candidate.score - highest, params_.temperature);
      total += candidate.score;
    }
    return DrawFrom(std::move(candidates), total);
  }
  double total = 0;
  for (float& logit : logits) {
    logit = Weight(logit - highest, params_.temperature);
    total += logit;
  }
  if (params_.typical_p < 1) return DrawFrom(TopPCandidates(logits, 1, total), total);
  if (params_.top_p < 1) return DrawFrom(TopPCandidates(logits, params_.top_p, total), total);
  return DrawFromAll(logits);
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

int32_t Sampler::DrawFromAll(std::span<const float> weights) {
  const auto least = static_cast<float>(params_.min_p);
  double kept = 0;
  for (const float weight : weights) kept += weight >= least ? weight : 0;
  double left = random_.Uniform() * kept;
  int32_t last = -1;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] < least || weights[i] == 0) continue;
    last = static_cast<int32_t>(i);
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace pioneer
