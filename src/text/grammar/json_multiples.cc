#include "text/grammar/json_multiples.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer::grammar {
namespace {

constexpr size_t kMaxStates = 20'000;
constexpr size_t kMaxDigits = 12;  // of a divisor

}  // namespace

JsonMultiples::Modulus JsonMultiples::MakeModulus(const Divisor& divisor) const {
  const Decimal& value = divisor.divisor;
  const std::string digits = value.whole + value.fraction;
  if (digits.size() > kMaxDigits) {
    Fail(ErrorCode::kUnsupported, "multipleOf {}{}{} has too many digits to be held", value.whole,
         value.fraction.empty() ? "" : ".", value.fraction);
  }
  return {std::stoll(digits), static_cast<int>(value.fraction.size()), divisor.negated};
}

Expr JsonMultiples::Numbers(const NumberShape& shape) {
  Run run;
  for (const Divisor& divisor : shape.divisors) {
    run.moduli.push_back(MakeModulus(divisor));
    run.max_scale = std::max(run.max_scale, run.moduli.back().scale);
  }
  State start{shape.text.id, -1, std::vector<int64_t>(run.moduli.size(), 0)};
  const Expr expr = To(run, start);
  for (size_t i = 0; i < run.queue.size(); ++i) {
    const State state = run.queue[i];
    grammar_.Define(run.rules.at(state), BodyOf(run, state));
  }
  return expr;
}

Expr JsonMultiples::To(Run& run, const State& state) {
  const auto found = run.rules.find(state);
  if (found != run.rules.end()) return grammar_.Ref(found->second);
  if (run.rules.size() >= kMaxStates) {
    Fail(ErrorCode::kUnsupported,
         "multipleOf with these bounds takes more than {} states; use a smaller divisor or no "
         "bounds",
         kMaxStates);
  }
  const RuleId rule = grammar_.AddRule("number");
  run.rules.emplace(state, rule);
  run.queue.push_back(state);
  return grammar_.Ref(rule);
}

Expr JsonMultiples::BodyOf(Run& run, const State& state) {
  RegexStore& store = text_.store();
  std::vector<Expr> choices;
  if (store.Nullable({state.text}) && Holds(run, state)) choices.push_back(grammar_.Empty());
  for (const char byte : std::string_view("-.0123456789")) {
    const Regex rest = store.Derive({state.text}, static_cast<uint8_t>(byte));
    if (text_.IsEmpty(rest)) continue;
    State next = state;
    if (byte == '.') next.places = 0;
    if (byte >= '0' && byte <= '9') next = Read(run, state, byte - '0');
    next.text = rest.id;
    choices.push_back(
        grammar_.Sequence({grammar_.Literal(std::string_view(&byte, 1)), To(run, next)}));
  }
  return grammar_.Choice(std::move(choices));
}

// Digits behind a modulus' scale must be zeros for it to hold: any other makes the remainder -1.
JsonMultiples::State JsonMultiples::Read(const Run& run, const State& state, int digit) const {
  State next = state;
  if (state.places >= 0) next.places = std::min(state.places + 1, run.max_scale + 1);
  for (size_t i = 0; i < run.moduli.size(); ++i) {
    const Modulus& modulus = run.moduli[i];
    int64_t& remainder = next.remainders[i];
    if (state.places >= modulus.scale) {
      if (digit != 0) remainder = -1;
    } else if (remainder >= 0) {
      remainder = (remainder * 10 + digit) % modulus.p;
    }
  }
  return next;
}

bool JsonMultiples::Holds(const Run& run, const State& state) const {
  for (size_t i = 0; i < run.moduli.size(); ++i) {
    const Modulus& modulus = run.moduli[i];
    int64_t remainder = state.remainders[i];
    for (int place = std::max(state.places, 0); place < modulus.scale && remainder > 0; ++place) {
      remainder = remainder * 10 % modulus.p;
    }
    if ((remainder == 0) == modulus.negated) return false;
  }
  return true;
}

}  // namespace pioneer::grammar
