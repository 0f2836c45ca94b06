// Why: what "x is NAME" asks.
#include <cmath>

#include "base/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/runtime.h"
#include "text/unicode.h"

namespace pioneer::jinja {
namespace {

bool IsIterable(const Value& value) { return value.is_string() || value.is_sequence(); }

bool DividesBy(const Value& value, int64_t divisor) {
  if (divisor == 0) Fail(ErrorCode::kInvalidArgument, "division by zero");
  return divisor == -1 || RequireInteger(value, "the test") % divisor == 0;
}

bool IsSame(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_integral()) return a.integer() == b.integer();
  if (a.kind() == Kind::kFloat) return a.number() == b.number();
  if (a.is_string()) return a.text() == b.text();
  return a.is_none() || a.is_undefined() || a.identity() == b.identity();
}

template <Operator op>
bool Comparison(Runtime& runtime, const Value& value, const Arguments& arguments) {
  return ApplyComparison(runtime.heap(), op, value, arguments.Get(0, "other"));
}

struct NamedTest {
  std::string_view name;
  NativeTest test;
};

using R = Runtime&;
using V = const Value&;
using A = const Arguments&;

constexpr NamedTest kTests[] = {
    {"defined", [](R, V v, A) { return !v.is_undefined(); }},
    {"undefined", [](R, V v, A) { return v.is_undefined(); }},
    {"none", [](R, V v, A) { return v.is_none(); }},
    {"string", [](R, V v, A) { return v.is_string(); }},
    {"number", [](R, V v, A) { return v.is_number() && v.kind() != Kind::kBool; }},
    {"integer", [](R, V v, A) { return v.kind() == Kind::kInt; }},
    {"float", [](R, V v, A) { return v.kind() == Kind::kFloat; }},
    {"boolean", [](R, V v, A) { return v.kind() == Kind::kBool; }},
    {"true", [](R, V v, A) { return v.kind() == Kind::kBool && IsTrue(v); }},
    {"false", [](R, V v, A) { return v.kind() == Kind::kBool && !IsTrue(v); }},
    {"mapping", [](R, V v, A) { return v.is_dict(); }},
    {"iterable", [](R, V v, A) { return IsIterable(v); }},
    {"sequence", [](R, V v, A) { return IsIterable(v) || v.is_dict(); }},
    {"callable", [](R, V v, A) { return v.kind() == Kind::kFunction; }},
    {"odd", [](R, V v, A) { return !DividesBy(v, 2); }},
    {"even", [](R, V v, A) { return DividesBy(v, 2); }},
    {"divisibleby",
     [](R, V v, A a) { return DividesBy(v, RequireInteger(a.Get(0, "num"), "divisibleby")); }},
    {"lower", [](R, V v, A) { return v.is_string() && LowerCase(v.text()) == v.text(); }},
    {"upper", [](R, V v, A) { return v.is_string() && UpperCase(v.text()) == v.text(); }},
    {"sameas", [](R, V v, A a) { return IsSame(v, a.Get(0, "other")); }},
    {"escaped", [](R, V, A) { return false; }},
    {"filter", [](R, V v, A) { return v.is_string() && FindFilter(v.text()) != nullptr; }},
    {"test", [](R, V v, A) { return v.is_string() && FindTest(v.text()) != nullptr; }},
    {"in", Comparison<Operator::kIn>},
    {"eq", Comparison<Operator::kEqual>},
    {"equalto", Comparison<Operator::kEqual>},
    {"==", Comparison<Operator::kEqual>},
    {"ne", Comparison<Operator::kNotEqual>},
    {"!=", Comparison<Operator::kNotEqual>},
    {"lt", Comparison<Operator::kLess>},
    {"lessthan", Comparison<Operator::kLess>},
    {"<", Comparison<Operator::kLess>},
    {"le", Comparison<Operator::kLessEqual>},
    {"<=", Comparison<Operator::kLessEqual>},
    {"gt", Comparison<Operator::kGreater>},
    {"greaterthan", Comparison<Operator::kGreater>},
    {">", Comparison<Operator::kGreater>},
    {"ge", Comparison<Operator::kGreaterEqual>},
    {">=", Comparison<Operator::kGreaterEqual>},
};

}  // namespace

NativeTest FindTest(std::string_view name) {
  for (const NamedTest& entry : kTests) {
    if (entry.name == name) return entry.test;
  }
  return nullptr;
}

}  // namespace pioneer::jinja
