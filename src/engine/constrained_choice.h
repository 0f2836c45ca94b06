// Why: what a grammar does to one step of an answer: it forbids tokens before one is drawn, follows
// the one that was, and knows those that must come after it.
#pragma once

#include <cstdint>
#include <vector>

#include "text/grammar/constraint.h"
#include "text/tokenizer.h"

namespace pioneer {

// The tokens that may come. Throws Error{kInvalidArgument} when there is none.
void AllowTokens(const grammar::ConstraintState& state, grammar::TokenMask& allowed);

struct AfterToken {
  std::vector<int32_t> forced;  // tokens that must follow, whatever the model says
  bool complete = false;        // nothing can follow, the forced tokens being written
};

// Goes on with `token`, which the grammar allows, and with those that it forces.
AfterToken FollowToken(grammar::ConstraintState& state, int32_t token, const Tokenizer& tokenizer,
                       bool force);

}  // namespace pioneer
