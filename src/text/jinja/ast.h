// Why: a template as a tree, made once by the parser and walked for every rendering.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace pioneer::jinja {

enum class Operator : uint8_t {
  kNone,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class ExpressionKind : uint8_t {
  kLiteral,      // literal; a string's bytes are in text
  kName,         // text
  kList,         // children
  kTuple,        // children
  kDict,         // children: key, value, key, value, ...
  kAttribute,    // children[0] . text
  kSubscript,    // children[0] [ children[1] ]
  kSlice,        // children[0] [ children[1] : children[2] : children[3] ], absent ones null
  kCall,         // children[0] ( children[1..], named )
  kFilter,       // children[0] | text ( children[1..], named ); children[0] null in a filter block
  kTest,         // children[0] is text ( children[1..], named )
  kNot,          // not children[0]
  kNegative,     // - children[0]
  kPositive,     // + children[0]
  kBinary,       // children[0] operators[0] children[1]
  kCompare,      // children[0] operators[0] children[1] operators[1] children[2] ...
  kAnd,          // children[0] and children[1]
  kOr,           // children[0] or children[1]
  kConcat,       // children[0] ~ children[1] ~ ...
  kConditional,  // children[1] if children[0] else children[2], which may be null
};

struct Expression {
  ExpressionKind kind;
  int line = 0;
  int depth = 1;  // of the tree below, itself included
  std::string text;
  Value literal;
  std::vector<ExpressionPtr> children;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  std::vector<Operator> operators;
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

enum class StatementKind : uint8_t {
  kText,         // text
  kOutput,       // value
  kIf,           // branches; a branch without condition is the else
  kFor,          // for target in value if condition: body; else: else_body
  kSet,          // target = value
  kSetBlock,     // target = body, through value (a filter without input) where given
  kMacro,        // text(parameters): body
  kCallBlock,    // call(parameters) value: body
  kFilterBlock,  // value: body
  kWith,         // assignments, then body in a scope of its own
  kGroup,        // body
  kBreak,
  kContinue,
};

struct Branch {
  ExpressionPtr condition;
  Body body;
};

struct Parameter {
  std::string name;
  ExpressionPtr default_value;  // may be null
};

struct Statement {
  StatementKind kind;
  int line = 0;
  std::string text;
  ExpressionPtr target, value, condition;
  std::vector<Branch> branches;
  std::vector<Parameter> parameters;
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> assignments;
  Body body, else_body;
};

}  // namespace pioneer::jinja
