// Why: the machine behind constraint.h: a deterministic automaton over bytes whose states are sets
// of (what is left of a terminal, stacks of what follows it), made as they are met.
//
// Exact for every context-free grammar: all ways to read the bytes so far are followed at once, and
// equal states are one state.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/grammar/network.h"
#include "text/grammar/regex_dfa.h"
#include "text/grammar/residual_tokens.h"
#include "text/grammar/stacks.h"
#include "text/grammar/token_mask.h"
#include "text/grammar/token_trie.h"
#include "text/grammar/work_budget.h"

namespace pioneer::grammar {

struct ConstraintLimits;

// Every member function that is not private takes the lock. Places are held by number so that
// states which no place can reach again can be dropped.
class Automaton {
 public:
  Automaton(Grammar grammar, const TokenTrie& trie, const ConstraintLimits& limits);

  int32_t AddPlace();  // at the start
  int32_t CopyPlace(int32_t place);
  void RemovePlace(int32_t place);

  void ComputeMask(int32_t place, TokenMask& mask);
  bool Accept(int32_t place, std::string_view bytes);  // false = unchanged
  bool End(int32_t place);                             // false = it may not end here
  bool CanEnd(int32_t place);
  bool MustEnd(int32_t place);
  std::string ForcedBytes(int32_t place, int max_bytes);
  // Whether some token that begins with `bytes` and is longer may come.
  bool MayGoBeyond(int32_t place, std::string_view bytes);

 private:
  // One way to read on: a terminal's rest, and what follows it.
  struct Thread {
    int32_t rest;    // state of the RegexDfa
    int32_t stacks;  // node of Stacks
    bool operator==(const Thread&) const = default;
  };
  struct State {
    uint32_t first, n;  // in threads_
    bool can_end;
    int32_t row = -1;  // in rows_, n_classes each; -1 = no transition known yet
  };
  static constexpr int32_t kDead = 0;

  // What can be read next when a terminal has ended.
  struct Closure {
    uint32_t first, n;  // in closure_threads_
    bool can_end;
    int32_t state;  // the same as a state
  };

  std::span<const Thread> threads(const State& state) const {
    return {threads_.data() + state.first, state.n};
  }
  int32_t Next(int32_t state, uint8_t byte_class) {
    const int32_t row = states_[state].row;
    if (row >= 0) {
      const int32_t next = rows_[static_cast<size_t>(row) * n_classes_ + byte_class];
      if (next >= 0) return next;
    }
    return ComputeNext(state, byte_class);
  }
  int32_t NewPlace(int32_t state);
  int32_t ComputeNext(int32_t state, uint8_t byte_class);
  int32_t Advance(int32_t state, std::string_view bytes);
  int32_t Intern(std::vector<Thread>& threads, bool can_end);
  Closure ClosureOf(int32_t stacks);
  Closure MakeClosure();
  void Enter(int32_t network_state, int32_t stacks, bool fresh);
  int32_t OnlyNextByte(int32_t state);
  void WalkExits(const ResidualTokens& tokens, int32_t state, TokenMask& mask);
  void WalkSubtree(int level, uint32_t child, int32_t state, TokenMask& mask);
  void SetToken(int32_t token, TokenMask& mask) const;
  const ResidualTokens& TokensOf(int32_t rest);
  ByteSet FirstBytes(const State& state);
  void Begin();
  void DropUnreachable();
  void ResetStates();

  const TokenTrie& trie_;
  const int64_t max_states_, max_mask_work_;
  std::mutex mutex_;
  WorkBudget budget_;
  std::unique_ptr<RegexDfa> dfa_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<ResidualFinder> residuals_;
  int n_classes_ = 0;

  std::unique_ptr<Stacks> stacks_;
  std::vector<State> states_;
  std::vector<Thread> threads_;
  std::vector<int32_t> rows_;
  std::unordered_multimap<uint64_t, int32_t> state_by_hash_;
  std::unordered_map<int32_t, Closure> closures_;
  std::vector<Thread> closure_threads_;
  std::vector<std::shared_ptr<const ResidualTokens>> tokens_of_rest_;
  int64_t token_bytes_ = 0;

  std::vector<int32_t> places_;  // the state of each; -1 = free
  std::vector<int32_t> free_places_;
  int32_t ended_ = 0;  // the state behind the end of the answer

  // Of the closure that is being made.
  struct Entered {
    int32_t network_state, stacks;
    bool fresh;
  };
  std::vector<Entered> open_;
  std::vector<Thread> found_;
  std::vector<int32_t> path_;  // states by depth, of a walk
};

}  // namespace pioneer::grammar
