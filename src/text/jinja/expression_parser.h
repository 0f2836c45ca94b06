// Why: Jinja's expressions, which are nearly Python's, become trees. Nesting is limited here, so
// that nothing that walks a tree can exhaust the stack.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace pioneer::jinja {

inline constexpr int kMaxExpressionDepth = 200;

class ExpressionParser {
 public:
  // `tokens` ends with kEnd and outlives the parser.
  explicit ExpressionParser(const std::vector<Token>& tokens) : tokens_(&tokens) {}

 protected:
  // One expression; the condition form "a if b else c" only where allowed.
  ExpressionPtr ParseExpression(bool with_condition = true);
  // Expressions with commas between become a tuple.
  ExpressionPtr ParseTuple(bool with_condition);
  // What a for or set assigns to: a name, name.attribute, or names with commas between.
  ExpressionPtr ParseTarget();
  // "name(arguments)|name|..." without an input, for filter blocks.
  ExpressionPtr ParseFilterChain(ExpressionPtr input);
  ExpressionPtr ParseFilter(ExpressionPtr input);

  const Token& Peek() const { return (*tokens_)[at_]; }
  const Token& PeekNext() const { return (*tokens_)[std::min(at_ + 1, tokens_->size() - 1)]; }
  Token Next() { return at_ + 1 < tokens_->size() ? (*tokens_)[at_++] : tokens_->back(); }
  bool AcceptOperator(std::string_view text);
  bool AcceptName(std::string_view text);
  void ExpectOperator(std::string_view text);
  std::string ExpectName();
  [[noreturn]] void FailHere(const std::string& reason) const;

 private:
  class Nesting;

  ExpressionPtr New(ExpressionKind kind) const;
  ExpressionPtr Finish(ExpressionPtr expression) const;
  ExpressionPtr MakeUnary(ExpressionKind kind, ExpressionPtr child) const;
  ExpressionPtr MakeBinary(ExpressionKind kind, ExpressionPtr left, ExpressionPtr right,
                           Operator op = Operator::kNone) const;
  ExpressionPtr ParseOr();
  ExpressionPtr ParseAnd();
  ExpressionPtr ParseNot();
  ExpressionPtr ParseCompare();
  Operator AcceptComparison();
  ExpressionPtr ParseAdd();
  ExpressionPtr ParseConcat();
  ExpressionPtr ParseMultiply();
  ExpressionPtr ParsePower();
  ExpressionPtr ParseUnary(bool with_filters);
  ExpressionPtr ParsePostfix(ExpressionPtr value);
  ExpressionPtr ParseSubscript(ExpressionPtr object);
  ExpressionPtr ParseFilters(ExpressionPtr value);
  ExpressionPtr ParseTest(ExpressionPtr value);
  void ParseArguments(Expression& call);
  ExpressionPtr ParsePrimary();
  ExpressionPtr ParseNameOrConstant();
  ExpressionPtr ParseString();
  ExpressionPtr ParseParentheses();
  ExpressionPtr ParseList();
  ExpressionPtr ParseDict();
  bool AtTupleEnd() const;

  const std::vector<Token>* tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace pioneer::jinja
