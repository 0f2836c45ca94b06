// Why: a grammar as a recursive transition network, the form in which it is run: states, and edges
// that read a terminal, call another rule, or nothing.
//
// What the compiler sees to, so that running it needs no special cases:
// - calls never match the empty string: where a rule may be empty, an empty edge stands beside the
//   call;
// - no state can call itself again before anything is read: left recursion is turned around. With
//   A -> A x | y, after an A (y first) may come x and then it is an A again: a loop, not a call.
//   The same is done for rules that are left-recursive by way of each other;
// - from every state the end of its rule can be reached.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/grammar/grammar.h"
#include "text/grammar/work_budget.h"

namespace pioneer::grammar {

class RegexDfa;

class Network {
 public:
  enum class EdgeKind : uint8_t { kEmpty, kTerminal, kCall };
  struct Edge {
    EdgeKind kind = EdgeKind::kEmpty;
    int32_t label = 0;  // kTerminal: state of the RegexDfa; kCall: the called rule's start state
    int32_t target = 0;
  };

  // Terminals become states of `dfa`, whose store must be the grammar's. Throws
  // Error{kInvalidArgument} for an undefined rule, a grammar that matches nothing, or too much
  // work.
  Network(const Grammar& grammar, RegexDfa& dfa, WorkBudget& budget);

  int32_t start() const { return start_; }
  // The empty string is an answer.
  bool start_nullable() const { return start_nullable_; }
  std::span<const Edge> edges(int32_t state) const {
    return {edges_.data() + offsets_[state], edges_.data() + offsets_[state + 1]};
  }
  bool accepts(int32_t state) const { return accepts_[state]; }
  // Accepting, and nothing else can follow in this rule: no need to come back to it.
  bool only_accepts(int32_t state) const { return only_accepts_[state]; }
  int n_states() const { return static_cast<int>(accepts_.size()); }

 private:
  int32_t start_ = 0;
  bool start_nullable_ = false;
  std::vector<Edge> edges_;
  std::vector<uint32_t> offsets_;
  std::vector<uint8_t> accepts_, only_accepts_;
};

}  // namespace pioneer::grammar
