#include "engine/constrained_choice.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer {

void AllowTokens(const grammar::ConstraintState& state, grammar::TokenMask& allowed) {
  state.ComputeMask(allowed);
  if (std::ranges::any_of(allowed.words(), [](uint64_t word) { return word != 0; })) return;
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
