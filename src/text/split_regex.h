// Why: every model's file says by a regular expression how it cuts text before BPE. This reads
// those expressions into a small program that split_automaton.h turns into tables.
//
// The language is what such expressions use, with Perl's meaning (the first alternative that
// matches wins, quantifiers are greedy): literals, ".", [classes] with ranges, negation, nesting
// and "&&", \s \d \w \p{...} and their negations, (?:...), (?i:...), | ? * + {n,m} and their lazy
// forms, "^"-free, and as look-ahead (?=X), (?!X) with one character X, and "$". Possessive
// quantifiers are read as greedy ones: it is the same where what is repeated cannot also begin what
// follows, as in all expressions known to us.
#pragma once

#include <unicode/uniset.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace pioneer {

// A non-deterministic program in Thompson's form. Where it forks, `next` is tried before `other`.
struct SplitProgram {
  enum class Operation : uint8_t {
    kCharacter,  // takes one character of the set
    kFork,
    kLook,  // goes on if the next character is of the set (or is not, or the text ends: `negated`)
    kAccept,
  };
  struct Step {
    Operation operation = Operation::kAccept;
    bool negated = false;
    int32_t set = -1;
    int32_t next = -1, other = -1;
    bool operator==(const Step&) const = default;
  };
  std::vector<Step> steps;
  int32_t start = 0;
  bool operator==(const SplitProgram&) const = default;
};

// Adds the sets that the expression uses to `sets`. Throws Error{kUnsupported} for an expression
// outside the language, which says what was not understood, or one that is too large.
SplitProgram ParseSplitRegex(std::string_view expression, std::vector<icu::UnicodeSet>& sets);

}  // namespace pioneer
