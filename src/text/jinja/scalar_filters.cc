// Why: filters that turn one value into another: numbers, defaults, JSON.
#include <charconv>
#include <cmath>
#include <string>

#include "base/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/runtime.h"

namespace pioneer::jinja {
namespace {

std::string_view TrimSpaces(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\f\v");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n\f\v") - begin + 1);
}

template <typename T>
bool ParseNumber(std::string_view text, T& number) {
  text = TrimSpaces(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Value FloatToInt(double number, const Value& fallback) {
  const double whole = std::trunc(number);
  return std::abs(whole) < 9.2e18 ? Value::Int(static_cast<int64_t>(whole)) : fallback;
}

Value ToInt(Runtime&, const Value& input, const Arguments& arguments) {
  const Value given = arguments.Get(0, "default");
  const Value fallback = given.is_undefined() ? Value::Int(0) : given;
  if (input.is_integral()) return Value::Int(input.integer());
  if (input.kind() == Kind::kFloat) return FloatToInt(input.number(), fallback);
  int64_t whole = 0;
  double number = 0;
  if (input.is_string() && ParseNumber(input.text(), whole)) return Value::Int(whole);
  if (input.is_string() && ParseNumber(input.text(), number)) return FloatToInt(number, fallback);
  return fallback;
}

Value ToFloat(Runtime&, const Value& input, const Arguments& arguments) {
  const Value given = arguments.Get(0, "default");
  double number = 0;
  if (input.is_number()) return Value::Float(input.number());
  if (input.is_string() && ParseNumber(input.text(), number)) return Value::Float(number);
  return given.is_undefined() ? Value::Float(0) : given;
}

Value Absolute(Runtime&, const Value& input, const Arguments&) {
  if (!input.is_number()) {
    Fail(ErrorCode::kInvalidArgument, "abs takes a number, not {}", KindName(input));
  }
  if (input.kind() == Kind::kFloat) return Value::Float(std::abs(input.number()));
  return input.integer() < 0 ? Negate(input) : Value::Int(input.integer());
}

Value Round(Runtime&, const Value& input, const Arguments& arguments) {
  if (!input.is_number()) {
    Fail(ErrorCode::kInvalidArgument, "round takes a number, not {}", KindName(input));
  }
  const Value precision = arguments.Get(0, "precision");
  const Value method = arguments.Get(1, "method");
  const int64_t digits = precision.is_undefined() ? 0 : RequireInteger(precision, "round");
  if (std::abs(digits) > 15) Fail(ErrorCode::kInvalidArgument, "round takes -15 to 15 digits");
  const double scale = std::pow(10.0, static_cast<double>(digits));
  const std::string_view how = method.is_string() ? method.text() : "common";
  const double scaled = input.number() * scale;
  const double rounded = how == "ceil"    ? std::ceil(scaled)
                         : how == "floor" ? std::floor(scaled)
                                          : std::nearbyint(scaled);  // half to even, as Python
  return Value::Float(rounded / scale);
}

Value ToString(Runtime& runtime, const Value& input, const Arguments&) {
  return input.is_string() ? input : runtime.heap().NewString(ToText(runtime.heap(), input));
}

Value Default(Runtime&, const Value& input, const Arguments& arguments) {
  const bool also_false = IsTrue(arguments.Get(1, "boolean"));
  if (!input.is_undefined() && !(also_false && !IsTrue(input))) return input;
  const Value fallback = arguments.Get(0, "default_value");
  const bool given = !arguments.positional.empty() || !fallback.is_undefined();
  return given ? fallback : Value::String("");
}

Value ToJson(Runtime& runtime, const Value& input, const Arguments& arguments) {
  JsonStyle style;
  for (const auto& [name, value] : arguments.named) {
    if (name == "ensure_ascii") style.ensure_ascii = IsTrue(value);
    if (name == "sort_keys") style.sort_keys = IsTrue(value);
  }
  const Value* indent = nullptr;
  if (!arguments.positional.empty()) {
    const Value& first = arguments.positional[0];
    if (first.kind() == Kind::kBool) {
      style.ensure_ascii = IsTrue(first);
    } else {
      indent = &first;
    }
  }
  for (const auto& [name, value] : arguments.named) {
    if (name == "indent") indent = &value;
  }
  if (indent != nullptr && !indent->is_none()) {
    const int64_t width = RequireInteger(*indent, "tojson's indent");
    if (width < 0 || width > 64) Fail(ErrorCode::kInvalidArgument, "tojson indents by 0 to 64");
    style.indent = static_cast<int>(width);
    style.item_separator = ",";
  }
  const Value separators = arguments.Get(SIZE_MAX, "separators");
  if (separators.is_sequence() && separators.list().items.size() == 2) {
    style.item_separator = RequireText(separators.list().items[0], "tojson's separators");
    style.key_separator = RequireText(separators.list().items[1], "tojson's separators");
  }
  std::string text;
  AppendJson(runtime.heap(), input, style, text);
  return runtime.heap().NewString(text);
}

}  // namespace

NativeFunction FindScalarFilter(std::string_view name) {
  if (name == "tojson") return ToJson;
  if (name == "default" || name == "d") return Default;
  if (name == "string" || name == "safe") return ToString;
  if (name == "int") return ToInt;
  if (name == "float") return ToFloat;
  if (name == "abs") return Absolute;
  if (name == "round") return Round;
  return nullptr;
}

}  // namespace pioneer::jinja
