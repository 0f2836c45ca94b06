// Why: a grammar from outside may ask for any amount of work; it gets a stated amount.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace pioneer::grammar {

// Counts elementary steps. Throws Error{kInvalidArgument} when they are used up.
class WorkBudget {
 public:
  explicit WorkBudget(int64_t steps) : left_(steps) {}
  void Refill(int64_t steps) { left_ = steps; }
  void Spend(int64_t steps) {
    if ((left_ -= steps) >= 0) return;
    Fail(ErrorCode::kInvalidArgument,
         "the grammar is too complex: working out what it allows takes too many steps; make its "
         "repetitions and alternatives smaller");
  }

 private:
  int64_t left_;
};

}  // namespace pioneer::grammar
