// Why: what an answer may be, as a context-free grammar over regular terminals. Every source (JSON
// Schema, GBNF, Lark, regex, tool calls) is translated to this, and constraint.h runs it.
//
// The language is exactly that of the grammar: a terminal may end wherever its expression matches,
// no longest-match rule and no lexer modes. Left, right and mutual recursion are all allowed.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/regex.h"

namespace pioneer::grammar {

// A part of a grammar: a plain handle, of the Grammar that made it.
struct Expr {
  int32_t id = 0;
};
struct RuleId {
  int32_t id = 0;
};

struct GrammarLimits {
  int max_expressions = 1 << 20;
  RegexLimits regex;
};

// Builder and result in one. Not thread-safe. Throws Error{kInvalidArgument} beyond the limits.
class Grammar {
 public:
  explicit Grammar(const GrammarLimits& limits = {});

  RegexStore& regexes() { return *regexes_; }

  Expr Empty();                // the empty string
  Expr Terminal(Regex regex);  // a string of the regex
  Expr Literal(std::string_view bytes);
  Expr SpecialToken(int32_t token);  // that very token of the vocabulary, whatever its text
  Expr Sequence(std::vector<Expr> parts);
  Expr Choice(std::vector<Expr> parts);      // an empty choice matches nothing
  Expr Repeat(Expr part, int min, int max);  // max may be kUnbounded
  Expr Optional(Expr part) { return Repeat(part, 0, 1); }
  // part (separator part)*, between min and max parts.
  Expr RepeatSeparated(Expr part, Expr separator, int min, int max);
  // Free text that ends with the first occurrence of one of the literals.
  Expr TextUntil(const std::vector<std::string>& literals);
  // Free text in which none of them occurs.
  Expr TextWithout(const std::vector<std::string>& literals);

  // A named rule, to be defined later: what recursion is made of.
  RuleId AddRule(std::string name);
  void Define(RuleId rule, Expr body);
  Expr Ref(RuleId rule);

  void SetStart(Expr start) { start_ = start; }

  // What follows is for the compiler (transition_network.h).
  enum class Kind : uint8_t { kEmpty, kTerminal, kSequence, kChoice, kRepeat, kRef };
  struct Node {
    Kind kind = Kind::kEmpty;
    int32_t a = 0;             // kTerminal: Regex; kRef: rule; kRepeat: part; else first child
    int32_t b = 0;             // kSequence, kChoice: number of children
    int32_t min = 0, max = 0;  // kRepeat
  };
  struct Rule {
    std::string name;
    Expr body;
    bool defined = false;
  };
  int n_nodes() const { return static_cast<int>(nodes_.size()); }
  const Node& node(Expr expr) const { return nodes_[expr.id]; }
  std::span<const Expr> children(const Node& node) const {
    return {children_.data() + node.a, static_cast<size_t>(node.b)};
  }
  const std::vector<Rule>& rules() const { return rules_; }
  Expr start() const { return start_; }
  std::unique_ptr<RegexStore> TakeRegexes() { return std::move(regexes_); }

 private:
  Expr Add(Node node);
  Expr AddList(Kind kind, const std::vector<Expr>& parts);

  GrammarLimits limits_;
  std::unique_ptr<RegexStore> regexes_;
  std::vector<Node> nodes_;
  std::vector<Expr> children_;
  std::vector<Rule> rules_;
  Expr start_;
};

// The text by which a special token is spelled in the trie and in grammars.
std::string SpecialTokenSpelling(int32_t token);

}  // namespace pioneer::grammar
