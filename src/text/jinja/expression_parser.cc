#include "text/jinja/expression_parser.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace pioneer::jinja {

// Counts the parser's own recursion.
class ExpressionParser::Nesting {
 public:
  explicit Nesting(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kMaxExpressionDepth) parser_.FailHere("it is nested too deeply");
  }
  ~Nesting() { --parser_.nesting_; }

 private:
  ExpressionParser& parser_;
};

void ExpressionParser::FailHere(const std::string& reason) const {
  Fail(ErrorCode::kInvalidArgument, "chat template, line {}: {}", Peek().line, reason);
}

bool ExpressionParser::AcceptOperator(std::string_view text) {
  if (!Peek().IsOperator(text)) return false;
  Next();
  return true;
}

bool ExpressionParser::AcceptName(std::string_view text) {
  if (!Peek().IsName(text)) return false;
  Next();
  return true;
}

void ExpressionParser::ExpectOperator(std::string_view text) {
  if (AcceptOperator(text)) return;
  FailHere(fmt::format("\"{}\" is missing before \"{}\"", text, Peek().text));
}

std::string ExpressionParser::ExpectName() {
  if (Peek().kind != TokenKind::kName) FailHere("a name is missing");
  return Next().text;
}

ExpressionPtr ExpressionParser::New(ExpressionKind kind) const {
  auto expression = std::make_unique<Expression>();
  expression->kind = kind;
  expression->line = Peek().line;
  return expression;
}

ExpressionPtr ExpressionParser::Finish(ExpressionPtr expression) const {
  int depth = 0;
  for (const ExpressionPtr& child : expression->children) {
    if (child) depth = std::max(depth, child->depth);
  }
  for (const auto& [name, child] : expression->named) depth = std::max(depth, child->depth);
  expression->depth = depth + 1;
  if (expression->depth > kMaxExpressionDepth) FailHere("the expression is nested too deeply");
  return expression;
}

ExpressionPtr ExpressionParser::MakeUnary(ExpressionKind kind, ExpressionPtr child) const {
  ExpressionPtr expression = New(kind);
  expression->children.push_back(std::move(child));
  return Finish(std::move(expression));
}

ExpressionPtr ExpressionParser::MakeBinary(ExpressionKind kind, ExpressionPtr left,
                                           ExpressionPtr right, Operator op) const {
  ExpressionPtr expression = New(kind);
  expression->children.push_back(std::move(left));
  expression->children.push_back(std::move(right));
  expression->operators.push_back(op);
  return Finish(std::move(expression));
}

ExpressionPtr ExpressionParser::ParseExpression(bool with_condition) {
  const Nesting nesting(*this);
  ExpressionPtr value = ParseOr();
  while (with_condition && AcceptName("if")) {
    ExpressionPtr conditional = New(ExpressionKind::kConditional);
    conditional->children.push_back(ParseOr());
    conditional->children.push_back(std::move(value));
    conditional->children.push_back(AcceptName("else") ? ParseExpression() : nullptr);
    value = Finish(std::move(conditional));
  }
  return value;
}

ExpressionPtr ExpressionParser::ParseOr() {
  ExpressionPtr left = ParseAnd();
  while (AcceptName("or")) left = MakeBinary(ExpressionKind::kOr, std::move(left), ParseAnd());
  return left;
}

ExpressionPtr ExpressionParser::ParseAnd() {
  ExpressionPtr left = ParseNot();
  while (AcceptName("and")) left = MakeBinary(ExpressionKind::kAnd, std::move(left), ParseNot());
  return left;
}

ExpressionPtr ExpressionParser::ParseNot() {
  if (!AcceptName("not")) return ParseCompare();
  const Nesting nesting(*this);
  return MakeUnary(ExpressionKind::kNot, ParseNot());
}

Operator ExpressionParser::AcceptComparison() {
  static constexpr std::pair<std::string_view, Operator> kComparisons[] = {
      {"==", Operator::kEqual},        {"!=", Operator::kNotEqual}, {"<=", Operator::kLessEqual},
      {">=", Operator::kGreaterEqual}, {"<", Operator::kLess},      {">", Operator::kGreater}};
  for (const auto& [text, op] : kComparisons) {
    if (AcceptOperator(text)) return op;
  }
  if (AcceptName("in")) return Operator::kIn;
  if (Peek().IsName("not") && PeekNext().IsName("in")) {
    Next();
    Next();
    return Operator::kNotIn;
  }
  return Operator::kNone;
}

ExpressionPtr ExpressionParser::ParseCompare() {
  ExpressionPtr first = ParseAdd();
  ExpressionPtr chain;
  for (Operator op = AcceptComparison(); op != Operator::kNone; op = AcceptComparison()) {
    if (!chain) {
      chain = New(ExpressionKind::kCompare);
      chain->children.push_back(std::move(first));
    }
    chain->operators.push_back(op);
    chain->children.push_back(ParseAdd());
  }
  return chain ? Finish(std::move(chain)) : std::move(first);
}

ExpressionPtr ExpressionParser::ParseAdd() {
  ExpressionPtr left = ParseConcat();
  while (true) {
    Operator op = Operator::kNone;
    if (AcceptOperator("+"))
      op = Operator::kAdd;
    else if (AcceptOperator("-"))
      op = Operator::kSubtract;
    else
      return left;
    left = MakeBinary(ExpressionKind::kBinary, std::move(left), ParseConcat(), op);
  }
}

ExpressionPtr ExpressionParser::ParseConcat() {
  ExpressionPtr first = ParseMultiply();
  if (!Peek().IsOperator("~")) return first;
  ExpressionPtr concat = New(ExpressionKind::kConcat);
  concat->children.push_back(std::move(first));
  while (AcceptOperator("~")) concat->children.push_back(ParseMultiply());
  return Finish(std::move(concat));
}

ExpressionPtr ExpressionParser::ParseMultiply() {
  ExpressionPtr left = ParsePower();
  while (true) {
    Operator op = Operator::kNone;
    if (AcceptOperator("*"))
      op = Operator::kMultiply;
    else if (AcceptOperator("//"))
      op = Operator::kFloorDivide;
    else if (AcceptOperator("/"))
      op = Operator::kDivide;
    else if (AcceptOperator("%"))
      op = Operator::kModulo;
    else
      return left;
    left = MakeBinary(ExpressionKind::kBinary, std::move(left), ParsePower(), op);
  }
}

ExpressionPtr ExpressionParser::ParsePower() {
  ExpressionPtr left = ParseUnary(true);
  while (AcceptOperator("**")) {
    left = MakeBinary(ExpressionKind::kBinary, std::move(left), ParseUnary(true), Operator::kPower);
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseUnary(bool with_filters) {
  const Nesting nesting(*this);
  ExpressionPtr value;
  if (AcceptOperator("-")) {
    value = MakeUnary(ExpressionKind::kNegative, ParseUnary(false));
  } else if (AcceptOperator("+")) {
    value = MakeUnary(ExpressionKind::kPositive, ParseUnary(false));
  } else {
    value = ParsePrimary();
  }
  value = ParsePostfix(std::move(value));
  return with_filters ? ParseFilters(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::ParsePostfix(ExpressionPtr value) {
  while (true) {
    if (AcceptOperator(".")) {
      const bool is_index = Peek().kind == TokenKind::kInt;
      ExpressionPtr member =
          New(is_index ? ExpressionKind::kSubscript : ExpressionKind::kAttribute);
      member->children.push_back(std::move(value));
      if (is_index) {
        member->children.push_back(ParsePrimary());
      } else {
        member->text = ExpectName();
      }
      value = Finish(std::move(member));
    } else if (AcceptOperator("[")) {
      value = ParseSubscript(std::move(value));
    } else if (Peek().IsOperator("(")) {
      ExpressionPtr call = New(ExpressionKind::kCall);
      call->children.push_back(std::move(value));
      ParseArguments(*call);
      value = Finish(std::move(call));
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::ParseSubscript(ExpressionPtr object) {
  ExpressionPtr subscript = New(ExpressionKind::kSubscript);
  subscript->children.push_back(std::move(object));
  const auto at_end = [&] { return Peek().IsOperator(":") || Peek().IsOperator("]"); };
  subscript->children.push_back(at_end() ? nullptr : ParseTuple(true));
  if (!Peek().IsOperator(":") && !subscript->children[1]) FailHere("an index is missing");
  if (Peek().IsOperator(":")) subscript->kind = ExpressionKind::kSlice;
  for (int part = 2; part <= 3 && AcceptOperator(":"); ++part) {
    subscript->children.push_back(at_end() ? nullptr : ParseExpression());
  }
  if (subscript->kind == ExpressionKind::kSlice) subscript->children.resize(4);
  ExpectOperator("]");
  return Finish(std::move(subscript));
}

ExpressionPtr ExpressionParser::ParseFilters(ExpressionPtr value) {
  while (true) {
    if (AcceptOperator("|")) {
      value = ParseFilter(std::move(value));
    } else if (AcceptName("is")) {
      value = ParseTest(std::move(value));
    } else if (Peek().IsOperator("(") || Peek().IsOperator(".") || Peek().IsOperator("[")) {
      value = ParsePostfix(std::move(value));
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::ParseFilter(ExpressionPtr input) {
  ExpressionPtr filter = New(ExpressionKind::kFilter);
  filter->children.push_back(std::move(input));
  filter->text = ExpectName();
  while (AcceptOperator(".")) filter->text += "." + ExpectName();
  if (Peek().IsOperator("(")) ParseArguments(*filter);
  return Finish(std::move(filter));
}

ExpressionPtr ExpressionParser::ParseFilterChain(ExpressionPtr input) {
  ExpressionPtr value = ParseFilter(std::move(input));
  while (AcceptOperator("|")) value = ParseFilter(std::move(value));
  return value;
}

ExpressionPtr ExpressionParser::ParseTest(ExpressionPtr value) {
  const bool negated = AcceptName("not");
  ExpressionPtr test = New(ExpressionKind::kTest);
  test->children.push_back(std::move(value));
  test->text = ExpectName();
  const Token& next = Peek();
  const bool word = next.kind == TokenKind::kName && next.text != "else" && next.text != "or" &&
                    next.text != "and" && next.text != "is" && next.text != "if" &&
                    next.text != "not" && next.text != "in";
  const bool literal = next.kind == TokenKind::kString || next.kind == TokenKind::kInt ||
                       next.kind == TokenKind::kFloat;
  if (next.IsOperator("(")) {
    ParseArguments(*test);
  } else if (word || literal || next.IsOperator("[") || next.IsOperator("{")) {
    test->children.push_back(ParsePostfix(ParsePrimary()));
  }
  test = Finish(std::move(test));
  return negated ? MakeUnary(ExpressionKind::kNot, std::move(test)) : std::move(test);
}

void ExpressionParser::ParseArguments(Expression& call) {
  ExpectOperator("(");
  while (!AcceptOperator(")")) {
    if (Peek().kind == TokenKind::kName && PeekNext().IsOperator("=")) {
      std::string name = Next().text;
      Next();
      call.named.emplace_back(std::move(name), ParseExpression());
    } else {
      if (!call.named.empty()) FailHere("an argument without a name stands behind a named one");
      call.children.push_back(ParseExpression());
    }
    if (!Peek().IsOperator(")")) ExpectOperator(",");
  }
}

ExpressionPtr ExpressionParser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kName:
      return ParseNameOrConstant();
    case TokenKind::kString:
      return ParseString();
    case TokenKind::kInt: {
      ExpressionPtr literal = New(ExpressionKind::kLiteral);
      literal->literal = Value::Int(Next().integer);
      return literal;
    }
    case TokenKind::kFloat: {
      ExpressionPtr literal = New(ExpressionKind::kLiteral);
      literal->literal = Value::Float(Next().number);
      return literal;
    }
    default:
      break;
  }
  if (token.IsOperator("(")) return ParseParentheses();
  if (token.IsOperator("[")) return ParseList();
  if (token.IsOperator("{")) return ParseDict();
  FailHere(token.text.empty() ? "an expression is missing"
                              : fmt::format("\"{}\" cannot start an expression", token.text));
}

ExpressionPtr ExpressionParser::ParseNameOrConstant() {
  ExpressionPtr expression = New(ExpressionKind::kLiteral);
  const std::string name = Next().text;
  if (name == "true" || name == "True" || name == "false" || name == "False") {
    expression->literal = Value::Bool(name == "true" || name == "True");
  } else if (name == "none" || name == "None" || name == "null") {
    expression->literal = Value::None();
  } else {
    expression->kind = ExpressionKind::kName;
    expression->text = name;
  }
  return expression;
}

ExpressionPtr ExpressionParser::ParseString() {
  ExpressionPtr literal = New(ExpressionKind::kLiteral);
  while (Peek().kind == TokenKind::kString) literal->text += Next().text;
  literal->literal = Value::String(literal->text);
  return literal;
}

bool ExpressionParser::AtTupleEnd() const {
  const Token& token = Peek();
  return token.kind == TokenKind::kBlockEnd || token.kind == TokenKind::kVariableEnd ||
         token.kind == TokenKind::kEnd || token.IsOperator(")") || token.IsOperator("]") ||
         token.IsName("in") || token.IsName("if");
}

ExpressionPtr ExpressionParser::ParseTuple(bool with_condition) {
  ExpressionPtr first = ParseExpression(with_condition);
  if (!Peek().IsOperator(",")) return first;
  ExpressionPtr tuple = New(ExpressionKind::kTuple);
  tuple->children.push_back(std::move(first));
  while (AcceptOperator(",") && !AtTupleEnd()) {
    tuple->children.push_back(ParseExpression(with_condition));
  }
  return Finish(std::move(tuple));
}

ExpressionPtr ExpressionParser::ParseTarget() {
  const auto parse_one = [this] {
    ExpressionPtr name = New(ExpressionKind::kName);
    name->text = ExpectName();
    return name;
  };
  if (AcceptOperator("(")) {
    const Nesting nesting(*this);
    ExpressionPtr inside = ParseTarget();
    ExpectOperator(")");
    return inside;
  }
  ExpressionPtr first = parse_one();
  if (AcceptOperator(".")) {
    ExpressionPtr attribute = New(ExpressionKind::kAttribute);
    attribute->children.push_back(std::move(first));
    attribute->text = ExpectName();
    return Finish(std::move(attribute));
  }
  if (!Peek().IsOperator(",")) return first;
  ExpressionPtr tuple = New(ExpressionKind::kTuple);
  tuple->children.push_back(std::move(first));
  while (AcceptOperator(",") && Peek().kind == TokenKind::kName && !Peek().IsName("in")) {
    tuple->children.push_back(parse_one());
  }
  return Finish(std::move(tuple));
}

ExpressionPtr ExpressionParser::ParseParentheses() {
  ExpectOperator("(");
  if (AcceptOperator(")")) return New(ExpressionKind::kTuple);
  ExpressionPtr inside = ParseTuple(true);
  ExpectOperator(")");
  return inside;
}

ExpressionPtr ExpressionParser::ParseList() {
  ExpressionPtr list = New(ExpressionKind::kList);
  ExpectOperator("[");
  while (!AcceptOperator("]")) {
    list->children.push_back(ParseExpression());
    if (!Peek().IsOperator("]")) ExpectOperator(",");
  }
  return Finish(std::move(list));
}

ExpressionPtr ExpressionParser::ParseDict() {
  ExpressionPtr dict = New(ExpressionKind::kDict);
  ExpectOperator("{");
  while (!AcceptOperator("}")) {
    dict->children.push_back(ParseExpression());
    ExpectOperator(":");
    dict->children.push_back(ParseExpression());
    if (!Peek().IsOperator("}")) ExpectOperator(",");
  }
  return Finish(std::move(dict));
}

}  // namespace pioneer::jinja
