#include "text/jinja/parser.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "base/error.h"
#include "text/jinja/expression_parser.h"

namespace pioneer::jinja {
namespace {

using StatementPtr = std::unique_ptr<Statement>;

class Parser : private ExpressionParser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : ExpressionParser(tokens) {}

  Body Run() {
    Body body = ParseBody({});
    if (Peek().kind != TokenKind::kEnd) FailHere("an end tag has no beginning");
    return body;
  }

 private:
  StatementPtr New(StatementKind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = Peek().line;
    return statement;
  }

  // Statements up to a tag that starts with one of `ends`, whose "{%" is then consumed and whose
  // name is next.
  Body ParseBody(std::initializer_list<std::string_view> ends) {
    if (++block_depth_ > kMaxBlockDepth) FailHere("blocks are nested too deeply");
    Body body;
    while (Peek().kind != TokenKind::kEnd) {
      if (Peek().kind == TokenKind::kText) {
        StatementPtr text = New(StatementKind::kText);
        text->text = Next().text;
        body.push_back(std::move(text));
      } else if (Peek().kind == TokenKind::kVariableBegin) {
        body.push_back(ParseOutput());
      } else {
        Expect(TokenKind::kBlockBegin, "{%");
        if (AtAny(ends)) break;
        body.push_back(ParseStatement());
      }
    }
    if (ends.size() > 0 && !AtAny(ends)) {
      FailHere(fmt::format("a block is not closed by {{% {} %}}", *(ends.end() - 1)));
    }
    --block_depth_;
    return body;
  }

  bool AtAny(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      if (Peek().IsName(name)) return true;
    }
    return false;
  }

  void Expect(TokenKind kind, std::string_view what) {
    if (Peek().kind != kind) {
      FailHere(fmt::format("\"{}\" is missing before \"{}\"", what, Peek().text));
    }
    Next();
  }
  void ExpectBlockEnd() { Expect(TokenKind::kBlockEnd, "%}"); }

  // "NAME %}" of an end tag.
  void FinishBlock() {
    ExpectName();
    if (Peek().kind == TokenKind::kName) Next();  // {% endmacro name %}
    ExpectBlockEnd();
  }

  StatementPtr ParseOutput() {
    StatementPtr output = New(StatementKind::kOutput);
    Next();
    output->value = ParseTuple(true);
    Expect(TokenKind::kVariableEnd, "}}");
    return output;
  }

  StatementPtr ParseStatement() {
    const std::string name = ExpectName();
    if (name == "if") return ParseIf();
    if (name == "for") return ParseFor();
    if (name == "set") return ParseSet();
    if (name == "macro") return ParseMacro();
    if (name == "call") return ParseCall();
    if (name == "filter") return ParseFilterBlock();
    if (name == "with") return ParseWith();
    if (name == "generation") return ParseGeneration();
    if (name == "break" || name == "continue") {
      if (loop_depth_ == 0) FailHere("\"" + name + "\" is not inside a loop");
      StatementPtr jump = New(name == "break" ? StatementKind::kBreak : StatementKind::kContinue);
      ExpectBlockEnd();
      return jump;
    }
    FailHere("the tag \"" + name + "\" is not known");
  }

  StatementPtr ParseIf() {
    StatementPtr statement = New(StatementKind::kIf);
    bool more = true;
    for (bool has_condition = true; more;) {
      Branch branch;
      if (has_condition) branch.condition = ParseTuple(true);
      ExpectBlockEnd();
      branch.body = has_condition ? ParseBody({"elif", "else", "endif"}) : ParseBody({"endif"});
      statement->branches.push_back(std::move(branch));
      more = !Peek().IsName("endif");
      if (more) has_condition = Next().text == "elif";
    }
    FinishBlock();
    return statement;
  }

  StatementPtr ParseFor() {
    StatementPtr loop = New(StatementKind::kFor);
    loop->target = ParseTarget();
    if (!AcceptName("in")) FailHere("\"in\" is missing");
    loop->value = ParseTuple(false);
    if (AcceptName("if")) loop->condition = ParseExpression();
    if (Peek().IsName("recursive")) FailHere("recursive loops are not supported; use a macro");
    ExpectBlockEnd();
    ++loop_depth_;
    loop->body = ParseBody({"else", "endfor"});
    --loop_depth_;
    if (AcceptName("else")) {
      ExpectBlockEnd();
      loop->else_body = ParseBody({"endfor"});
    }
    FinishBlock();
    return loop;
  }

  StatementPtr ParseSet() {
    StatementPtr set = New(StatementKind::kSet);
    set->target = ParseTarget();
    if (AcceptOperator("=")) {
      set->value = ParseTuple(true);
      ExpectBlockEnd();
      return set;
    }
    set->kind = StatementKind::kSetBlock;
    if (AcceptOperator("|")) set->value = ParseFilterChain(nullptr);
    ExpectBlockEnd();
    set->body = ParseBody({"endset"});
    FinishBlock();
    return set;
  }

  std::vector<Parameter> ParseParameters() {
    std::vector<Parameter> parameters;
    ExpectOperator("(");
    while (!AcceptOperator(")")) {
      Parameter parameter;
      parameter.name = ExpectName();
      if (AcceptOperator("=")) parameter.default_value = ParseExpression();
      parameters.push_back(std::move(parameter));
      if (!Peek().IsOperator(")")) ExpectOperator(",");
    }
    return parameters;
  }

  // A macro's body cannot break a loop outside of it.
  Body ParseFunctionBody(std::string_view end) {
    const int outer_loops = std::exchange(loop_depth_, 0);
    Body body = ParseBody({end});
    loop_depth_ = outer_loops;
    return body;
  }

  StatementPtr ParseMacro() {
    StatementPtr macro = New(StatementKind::kMacro);
    macro->text = ExpectName();
    macro->parameters = ParseParameters();
    ExpectBlockEnd();
    macro->body = ParseFunctionBody("endmacro");
    FinishBlock();
    return macro;
  }

  StatementPtr ParseCall() {
    StatementPtr call = New(StatementKind::kCallBlock);
    call->text = "caller";
    if (Peek().IsOperator("(")) call->parameters = ParseParameters();
    call->value = ParseExpression();
    if (call->value->kind != ExpressionKind::kCall) FailHere("{% call %} needs a call");
    ExpectBlockEnd();
    call->body = ParseFunctionBody("endcall");
    FinishBlock();
    return call;
  }

  StatementPtr ParseFilterBlock() {
    StatementPtr filter = New(StatementKind::kFilterBlock);
    filter->value = ParseFilterChain(nullptr);
    ExpectBlockEnd();
    filter->body = ParseBody({"endfilter"});
    FinishBlock();
    return filter;
  }

  StatementPtr ParseWith() {
    StatementPtr with = New(StatementKind::kWith);
    while (Peek().kind != TokenKind::kBlockEnd) {
      ExpressionPtr target = ParseTarget();
      ExpectOperator("=");
      with->assignments.emplace_back(std::move(target), ParseExpression());
      if (Peek().kind != TokenKind::kBlockEnd) ExpectOperator(",");
    }
    ExpectBlockEnd();
    with->body = ParseBody({"endwith"});
    FinishBlock();
    return with;
  }

  // Marks the assistant's part for training; rendering ignores it.
  StatementPtr ParseGeneration() {
    StatementPtr group = New(StatementKind::kGroup);
    ExpectBlockEnd();
    group->body = ParseBody({"endgeneration"});
    FinishBlock();
    return group;
  }

  int block_depth_ = 0;
  int loop_depth_ = 0;
};

}  // namespace

Body ParseTemplate(std::string_view source) {
  const std::vector<Token> tokens = Tokenize(source);
  return Parser(tokens).Run();
}

}  // namespace pioneer::jinja
