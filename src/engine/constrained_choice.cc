#include "engine/constrained_choice.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

void ForbidTokens(const grammar::ConstraintState& state, std::span<float> logits) {
  grammar::TokenMask mask;
  state.ComputeMask(mask);
  const size_t n = std::min(logits.size(), static_cast<size_t>(mask.size()));
  bool any = false;
  for (size_t begin = 0; begin < n; begin += 64) {
    const uint64_t word = mask.words()[begin / 64];
    any |= word != 0;
    if (word == ~uint64_t{0}) continue;
    const size_t end = std::min(begin + 64, n);
    if (word == 0) {
      std::fill(logits.begin() + begin, logits.begin() + end, kForbidden);
      continue;
    }
    for (size_t i = begin; i < end; ++i) {
      logits[i] = (word >> (i - begin) & 1) != 0 ? logits[i] : kForbidden;
    }
  }
  std::fill(logits.begin() + n, logits.end(), kForbidden);
  if (any) return;
  Fail(ErrorCode::kInvalidArgument,
       "no token of this model can go on with the answer under its grammar");
}

AfterToken FollowToken(grammar::ConstraintState& state, int32_t token, const Tokenizer& tokenizer,
                       bool force) {
  AfterToken after;
  if (!state.Accept(token)) {
    Fail(ErrorCode::kInternal, "the token {} was drawn against the grammar", token);
  }
  if (tokenizer.IsEndOfGeneration(token)) return after;
  if (force) {
    after.forced = state.ForcedTokens(tokenizer);
    for (const int32_t forced : after.forced) state.Accept(forced);
  }
  after.complete = state.MustEnd();
  return after;
}

}  // namespace pioneer
