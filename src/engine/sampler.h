// Why: turns a row of logits into the next token.
//
// The steps, in this order, each skipped where its parameter is neutral:
//   1. logit bias is added;
//   2. repetition penalty r (Keskar et al. 2019, CTRL): logits of tokens among the last
//      repetition_window tokens of prompt and answer are divided by r if positive, else multiplied;
//   3. presence and frequency penalties (OpenAI): l -= presence + frequency * count, for tokens
//      generated so far (the prompt does not count);
//   4. DRY lowers tokens that would go on repeating a passage (engine/dry_penalty.h);
//   5. temperature 0 (or below kGreedyTemperature): the likeliest token, the lowest id among
//   equals;
//   6. logits are divided by the temperature;
//   7. top-k; then typical-p on what it left (Meister et al. 2022,
//   https://arxiv.org/abs/2202.00666:
//      the smallest set of the tokens whose surprise is nearest to the entropy that reaches p);
//      then top-p on what is left (the smallest set of likeliest tokens whose probability reaches
//      p), then min-p (probability at least min_p times the likeliest's). Equal logits rank by id.
//      At least one token is always left;
//   8. one token is drawn.
//
// A row is read by vector kernels, and tokens that cannot be drawn are passed over in blocks, so
// that a step costs microseconds with a vocabulary of 150,000 tokens.
// Log probabilities are those of the model's own logits, before all of this.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "engine/dry_penalty.h"
#include "engine/generator.h"
#include "text/grammar/token_mask.h"

namespace pioneer {

inline constexpr double kGreedyTemperature = 1e-6;

struct TokenScore {
  int32_t id = -1;
  float score = 0;
};

// The k highest of `scores`, highest first, the lower id first among equals. O(n + k log k), with
// room for 2k candidates: no list over the vocabulary is made.
std::vector<TokenScore> SelectTop(std::span<const float> scores, int k);

// The log probabilities that a TokenInfo needs; `bytes` are left empty.
TokenInfo MakeTokenInfo(std::span<const float> logits, int32_t chosen, int n_top);

// The state of one answer: counts of what it said, and its own random stream, so that its tokens do
// not depend on what else runs. One thread at a time.
class Sampler {
 public:
  // The stream is a function of (seed, index) alone. `token_text` is needed for DRY only.
  Sampler(const SamplingParams& params, uint64_t seed, int index, TokenText token_text = {});

  // Draws the next token from `logits`, which the penalties change. `history`: all tokens of prompt
  // and answer so far. `banned`: ids that must not be drawn. `allowed`: null, or the only ids that
  // may be; where they are few, the others' logits are not even read.
  // Returns -1 when a logit is NaN or +infinity, or when no token has any probability.
  int32_t Sample(std::span<float> logits, std::span<const int32_t> history,
                 std::span<const int32_t> banned = {}, const grammar::TokenMask* allowed = nullptr);

 private:
  void ApplyBiases(std::span<float> logits, std::span<const int32_t> banned) const;
  void ApplyRepetitionPenalty(std::span<float> logits, std::span<const int32_t> history);
  void ApplyCountPenalties(std::span<float> logits) const;
  std::span<const float> Restrict(std::span<float> logits, const grammar::TokenMask& allowed);
  int32_t Choose(std::span<const float> logits);                       // an index, or -1
  int32_t DrawFrom(std::vector<TokenScore> candidates, double total);  // scores are weights
  int32_t DrawFromAll(std::span<const float> logits, float highest, float scale);

  SamplingParams params_;
  DryPenalty dry_;
  Random random_;
  std::unordered_map<int32_t, int> generated_;  // how often, when a count penalty is on
  // Scratch: the tokens of the penalty's window; the allowed ids and their logits, where they are
  // few; what parts of the row weigh.
  std::vector<int32_t> window_, ids_;
  std::vector<float> logits_;
  std::vector<double> weights_;
};

}  // namespace pioneer
