// Why: a grammar made ready to say, token by token, what an answer may go on with.
//
// A Constraint is a lazily built automaton whose states are sets of (what is left of the terminal
// that is being read, stacks of what comes after it), hash-consed: a state that comes again, in
// this answer or in another one under the same grammar, finds its transitions and its mask ready.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "text/grammar/grammar.h"
#include "text/grammar/token_mask.h"
#include "text/grammar/token_trie.h"

namespace pioneer::grammar {

class Automaton;

struct ConstraintLimits {
  int64_t max_states = 200'000;          // alive at once in one constraint
  int64_t max_compile_work = 2'000'000;  // steps of the compiler
  int64_t max_mask_work = 20'000'000;    // steps in one mask or token
};

// Thread-safe and shared by all answers under the grammar.
class Constraint {
  struct Key {};  // only Compile() makes one

 public:
  explicit Constraint(Key);
  // Throws Error{kInvalidArgument}: the grammar is beyond a limit, names a rule that is not
  // defined, or matches nothing at all.
  static std::shared_ptr<const Constraint> Compile(Grammar grammar,
                                                   std::shared_ptr<const TokenTrie> trie,
                                                   const ConstraintLimits& limits = {});
  ~Constraint();

  const TokenTrie& trie() const { return *trie_; }

 private:
  friend class ConstraintState;

  std::shared_ptr<const TokenTrie> trie_;
  std::unique_ptr<Automaton> automaton_;
};

// Where one answer stands. Copying it is cheap: a copy is a place to return to. One thread at a
// time. All members throw Error{kInvalidArgument} when the grammar needs more work than its limits
// allow; the answer cannot go on then.
class ConstraintState {
 public:
  explicit ConstraintState(std::shared_ptr<const Constraint> constraint);
  ConstraintState(const ConstraintState& other);
  ConstraintState(ConstraintState&& other) noexcept;
  ConstraintState& operator=(ConstraintState other) noexcept;
  ~ConstraintState();

  // Tokens that may come next; with the end-of-generation tokens where the answer may end.
  void ComputeMask(TokenMask& mask) const;
  // Goes on with a token; false and unchanged when it may not come. An end-of-generation token is
  // accepted where the answer may end, and nothing may follow it.
  bool Accept(int32_t token);
  bool AcceptBytes(std::string_view bytes);
  // The answer may end here.
  bool CanEnd() const;
  // It may end here, and nothing else may come.
  bool MustEnd() const;
  // The longest text that must come next whatever the model says, at most max_bytes.
  std::string ForcedBytes(int max_bytes = 256) const;
  // Tokens of that text as the tokenizer writes it, without those whose choice depends on what
  // comes behind it. The caller accepts them one by one.
  std::vector<int32_t> ForcedTokens(const Tokenizer& tokenizer) const;

  const Constraint& constraint() const { return *constraint_; }

 private:
  Automaton& automaton() const;

  std::shared_ptr<const Constraint> constraint_;
  int32_t place_ = 0;
};

}  // namespace pioneer::grammar
