// Why: the decimal texts of the multiples of a number are a regular language whose automaton counts
// remainders. As a term it would be huge; as rules, one a state, it is small.
#pragma once

#include <map>
#include <vector>

#include "text/grammar/grammar.h"
#include "text/grammar/json_schema_shape.h"
#include "text/grammar/json_text.h"

namespace pioneer::grammar {

class JsonMultiples {
 public:
  JsonMultiples(Grammar& grammar, JsonText& text) : grammar_(grammar), text_(text) {}

  // Numbers of `shape.text` (without exponents) that meet all of its divisors. Throws
  // Error{kUnsupported} where that takes too many states.
  Expr Numbers(const NumberShape& shape);

 private:
  // x is a multiple of p / 10^scale where x * 10^scale is a whole multiple of p.
  struct Modulus {
    int64_t p = 1;
    int scale = 0;
    bool negated = false;
  };
  struct State {
    int32_t text = 0;  // what is left of the text
    int places = -1;   // digits read behind the point; -1: no point yet
    std::vector<int64_t> remainders;
    auto operator<=>(const State&) const = default;
  };
  struct Run {
    std::vector<Modulus> moduli;
    int max_scale = 0;
    std::map<State, RuleId> rules;
    std::vector<State> queue;
  };

  Modulus MakeModulus(const Divisor& divisor) const;
  Expr To(Run& run, const State& state);
  Expr BodyOf(Run& run, const State& state);
  bool Holds(const Run& run, const State& state) const;
  State Read(const Run& run, const State& state, int digit) const;

  Grammar& grammar_;
  JsonText& text_;
};

}  // namespace pioneer::grammar
