// Why: small models fall into loops. DRY ("don't repeat yourself", p-e-w 2024,
// https://github.com/oobabooga/text-generation-webui/pull/5677) makes a token the less likely, the
// longer the passage is that it would repeat.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/generator.h"

namespace pioneer {

// The bytes of a token's text.
using TokenText = std::function<std::string(int32_t id)>;

// The state of one answer. One thread at a time.
class DryPenalty {
 public:
  // `token_text` is called once for each token of the history.
  DryPenalty(const DryParams& params, TokenText token_text);

  // Lowers logits: where the last n tokens of `history` stand in it before and were then followed
  // by token t, with n >= allowed_length the longest such run that no sequence breaker cuts, t
  // loses multiplier * base^(n - allowed_length). `history` grows from call to call. Linear in the
  // window.
  void Apply(std::span<const int32_t> history, std::span<float> logits);

 private:
  void NoteBreaks(std::span<const int32_t> history);

  const DryParams params_;
  const TokenText token_text_;
  size_t longest_breaker_ = 0;
  std::vector<bool> breaks_;   // of each token of the history: a breaker ends in it
  std::string tail_;           // the end of the history's text
  std::vector<int32_t> runs_;  // scratch
};

}  // namespace pioneer
