// Why: the part of the runtime that computes expressions.
#include "base/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/runtime.h"

namespace pioneer::jinja {
namespace {

Value LoopAttribute(const Loop& loop, std::string_view name) {
  const auto& items = loop.items->items;
  const auto n = static_cast<int64_t>(items.size());
  const auto at = static_cast<int64_t>(loop.position);
  if (name == "index") return Value::Int(at + 1);
  if (name == "index0") return Value::Int(at);
  if (name == "first") return Value::Bool(at == 0);
  if (name == "last") return Value::Bool(at + 1 == n);
  if (name == "length") return Value::Int(n);
  if (name == "revindex") return Value::Int(n - at);
  if (name == "revindex0") return Value::Int(n - at - 1);
  if (name == "depth") return Value::Int(loop.depth);
  if (name == "depth0") return Value::Int(loop.depth - 1);
  if (name == "previtem" && at > 0) return items[loop.position - 1];
  if (name == "nextitem" && at + 1 < n) return items[loop.position + 1];
  return Value::Undefined(name);
}

}  // namespace

Value Runtime::GetAttribute(const Value& object, std::string_view name) {
  if (object.is_dict() || object.kind() == Kind::kNamespace) {
    if (const Value* found = object.dict().Find(name)) return *found;
  }
  return GetMethod(object, name);
}

// What object.name(...) calls: a dict's own key "items" does not hide its method.
Value Runtime::GetMethod(const Value& object, std::string_view name) {
  if (const NativeFunction method = FindMethod(object, name)) {
    return Value::OfFunction(heap_.NewFunction({.name = name, .native = method, .self = object}));
  }
  if (object.kind() == Kind::kLoop) return LoopAttribute(object.loop(), name);
  return GetItem(heap_, object, Value::String(name));
}

Value Runtime::GetPath(const Value& object, const Value& path) {
  if (!path.is_string()) return GetItem(heap_, object, path);
  Value value = object;
  std::string_view rest = path.text();
  while (true) {
    const size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    const bool is_index = !part.empty() && part.size() < 10 &&
                          part.find_first_not_of("0123456789") == std::string_view::npos;
    value = is_index ? GetItem(heap_, value, Value::Int(std::stol(std::string(part))))
                     : GetItem(heap_, value, Value::String(part));
    if (dot == std::string_view::npos) return value;
    rest.remove_prefix(dot + 1);
  }
}

Value Runtime::Evaluate(const Expression& expression) {
  const DepthGuard guard(*this);
  line_ = expression.line;
  return EvaluateKind(expression);
}

Value Runtime::EvaluateKind(const Expression& expression) {
  const auto child = [&](size_t i) { return Evaluate(*expression.children[i]); };
  switch (expression.kind) {
    case ExpressionKind::kLiteral:
      return expression.literal;
    case ExpressionKind::kName:
      return FindVariable(expression.text);
    case ExpressionKind::kList:
    case ExpressionKind::kTuple:
      return EvaluateItems(expression);
    case ExpressionKind::kDict:
      return EvaluateDict(expression);
    case ExpressionKind::kAttribute:
      return GetAttribute(child(0), expression.text);
    case ExpressionKind::kSubscript: {
      const Value object = child(0);
      return GetItem(heap_, object, child(1));
    }
    case ExpressionKind::kSlice:
      return EvaluateSlice(expression);
    case ExpressionKind::kCall:
      return EvaluateCall(expression);
    case ExpressionKind::kFilter:
      return EvaluateFilter(expression, nullptr);
    case ExpressionKind::kTest:
      return EvaluateTest(expression);
    case ExpressionKind::kNot:
      return Value::Bool(!IsTrue(child(0)));
    case ExpressionKind::kNegative:
      return Negate(child(0));
    case ExpressionKind::kPositive:
      return Negate(Negate(child(0)));
    case ExpressionKind::kBinary: {
      const Value left = child(0);
      return ApplyBinary(heap_, expression.operators[0], left, child(1));
    }
    case ExpressionKind::kCompare:
      return EvaluateCompare(expression);
    case ExpressionKind::kAnd: {
      const Value left = child(0);
      return IsTrue(left) ? child(1) : left;
    }
    case ExpressionKind::kOr: {
      const Value left = child(0);
      return IsTrue(left) ? left : child(1);
    }
    case ExpressionKind::kConcat:
      return EvaluateConcat(expression);
    case ExpressionKind::kConditional:
      return EvaluateConditional(expression);
  }
  return Value();
}

Value Runtime::EvaluateItems(const Expression& expression) {
  List* list = heap_.NewList();
  for (const ExpressionPtr& child : expression.children) heap_.Append(*list, Evaluate(*child));
  return expression.kind == ExpressionKind::kTuple ? Value::OfTuple(list) : Value::OfList(list);
}

Value Runtime::EvaluateDict(const Expression& expression) {
  Dict* dict = heap_.NewDict();
  for (size_t i = 0; i + 1 < expression.children.size(); i += 2) {
    const Value key = Evaluate(*expression.children[i]);
    heap_.Set(*dict, key, Evaluate(*expression.children[i + 1]));
  }
  return Value::OfDict(dict);
}

Value Runtime::EvaluateSlice(const Expression& expression) {
  const auto part = [&](size_t i) {
    return expression.children[i] ? Evaluate(*expression.children[i]) : Value::None();
  };
  const Value object = part(0);
  SliceBounds bounds;
  bounds.start = part(1);
  bounds.stop = part(2);
  bounds.step = part(3);
  return GetSlice(heap_, object, bounds);
}

Arguments Runtime::EvaluateArguments(const Expression& expression) {
  Arguments arguments;
  for (size_t i = 1; i < expression.children.size(); ++i) {
    arguments.positional.push_back(Evaluate(*expression.children[i]));
  }
  for (const auto& [name, value] : expression.named) {
    arguments.named.emplace_back(name, Evaluate(*value));
  }
  return arguments;
}

Value Runtime::EvaluateCall(const Expression& expression) {
  const Expression& named = *expression.children[0];
  const Value callee = named.kind == ExpressionKind::kAttribute
                           ? GetMethod(Evaluate(*named.children[0]), named.text)
                           : Evaluate(named);
  const Arguments arguments = EvaluateArguments(expression);
  line_ = expression.line;
  return Call(callee, arguments);
}

Value Runtime::EvaluateFilter(const Expression& expression, const Value* block_input) {
  const Expression* inner = expression.children[0].get();
  Value input;
  if (inner == nullptr) {
    input = *block_input;
  } else {
    input = block_input == nullptr ? Evaluate(*inner) : EvaluateFilter(*inner, block_input);
  }
  return ApplyFilter(expression.text, input, EvaluateArguments(expression));
}

Value Runtime::EvaluateTest(const Expression& expression) {
  const Value value = Evaluate(*expression.children[0]);
  return Value::Bool(ApplyTest(expression.text, value, EvaluateArguments(expression)));
}

Value Runtime::EvaluateCompare(const Expression& expression) {
  Value left = Evaluate(*expression.children[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    const Value right = Evaluate(*expression.children[i + 1]);
    if (!ApplyComparison(heap_, expression.operators[i], left, right)) return Value::Bool(false);
    left = right;
  }
  return Value::Bool(true);
}

Value Runtime::EvaluateConcat(const Expression& expression) {
  std::string text;
  for (const ExpressionPtr& child : expression.children) {
    AppendText(heap_, Evaluate(*child), text);
  }
  return heap_.NewString(text);
}

Value Runtime::EvaluateConditional(const Expression& expression) {
  const bool condition = IsTrue(Evaluate(*expression.children[0]));
  const ExpressionPtr& chosen = expression.children[condition ? 1 : 2];
  return chosen ? Evaluate(*chosen) : Value::Undefined("");
}

}  // namespace pioneer::jinja
