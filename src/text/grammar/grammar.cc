#include "text/grammar/grammar.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"

namespace pioneer::grammar {

Grammar::Grammar(const GrammarLimits& limits)
    : limits_(limits), regexes_(std::make_unique<RegexStore>(limits.regex)) {
  Add({});  // Empty
}

Expr Grammar::Add(Node node) {
  if (static_cast<int>(nodes_.size()) >= limits_.max_expressions) {
    Fail(ErrorCode::kInvalidArgument, "the grammar has more than {} parts",
         limits_.max_expressions);
  }
  nodes_.push_back(node);
  return {static_cast<int32_t>(nodes_.size()) - 1};
}

Expr Grammar::AddList(Kind kind, const std::vector<Expr>& parts) {
  if (parts.size() == 1) return parts.front();
  Node node;
  node.kind = kind;
  node.a = static_cast<int32_t>(children_.size());
  node.b = static_cast<int32_t>(parts.size());
  if (children_.size() + parts.size() > 4 * static_cast<size_t>(limits_.max_expressions)) {
    Fail(ErrorCode::kInvalidArgument, "the grammar has more than {} parts",
         4 * static_cast<int64_t>(limits_.max_expressions));
  }
  children_.insert(children_.end(), parts.begin(), parts.end());
  return Add(node);
}

Expr Grammar::Empty() { return {0}; }

Expr Grammar::Terminal(Regex regex) {
  if (regex == regexes_->Epsilon()) return Empty();
  return Add({Kind::kTerminal, regex.id, 0, 0, 0});
}

Expr Grammar::Literal(std::string_view bytes) { return Terminal(regexes_->Literal(bytes)); }

Expr Grammar::SpecialToken(int32_t token) { return Literal(SpecialTokenSpelling(token)); }

Expr Grammar::Sequence(std::vector<Expr> parts) {
  std::erase_if(parts, [](Expr part) { return part.id == 0; });
  return parts.empty() ? Empty() : AddList(Kind::kSequence, parts);
}

Expr Grammar::Choice(std::vector<Expr> parts) { return AddList(Kind::kChoice, parts); }

Expr Grammar::Repeat(Expr part, int min, int max) {
  if (min < 0 || (max != kUnbounded && max < min)) {
    Fail(ErrorCode::kInvalidArgument, "the repetition {{{},{}}} is not a range", min, max);
  }
  if (max == 0 || part.id == 0) return Empty();
  if (min == 1 && max == 1) return part;
  return Add({Kind::kRepeat, part.id, 0, min, max});
}

Expr Grammar::RepeatSeparated(Expr part, Expr separator, int min, int max) {
  if (max == 0) return Empty();
  const Expr more = Sequence({separator, part});
  const int max_more = max == kUnbounded ? kUnbounded : max - 1;
  const Expr some = Sequence({part, Repeat(more, std::max(min - 1, 0), max_more)});
  return min == 0 ? Optional(some) : some;
}

Expr Grammar::TextUntil(const std::vector<std::string>& literals) {
  return Terminal(regexes_->TextUntil(literals));
}

Expr Grammar::TextWithout(const std::vector<std::string>& literals) {
  return Terminal(regexes_->TextWithout(literals));
}

RuleId Grammar::AddRule(std::string name) {
  if (static_cast<int>(rules_.size()) >= limits_.max_expressions) {
    Fail(ErrorCode::kInvalidArgument, "the grammar has more than {} rules",
         limits_.max_expressions);
  }
  rules_.push_back({std::move(name), {}, false});
  return {static_cast<int32_t>(rules_.size()) - 1};
}

void Grammar::Define(RuleId rule, Expr body) {
  rules_[rule.id].body = body;
  rules_[rule.id].defined = true;
}

Expr Grammar::Ref(RuleId rule) { return Add({Kind::kRef, rule.id, 0, 0, 0}); }

std::string SpecialTokenSpelling(int32_t token) { return fmt::format("\xFF[{}]", token); }

}  // namespace pioneer::grammar
