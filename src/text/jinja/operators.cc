#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja/builtins.h"
#include "text/jinja/print.h"

namespace pioneer::jinja {
namespace {

std::string_view Symbol(Operator op) {
  static constexpr std::string_view kSymbols[] = {"",   "+",  "-", "*",  "/", "//", "%",  "**",
                                                  "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSymbols[static_cast<size_t>(op)];
}

void RequireDefined(const Value& value) {
  if (!value.is_undefined()) return;
  Fail(ErrorCode::kInvalidArgument, "'{}' is undefined",
       value.text().empty() ? "a value" : value.text());
}

[[noreturn]] void FailOperands(Operator op, const Value& left, const Value& right) {
  RequireDefined(left);
  RequireDefined(right);
  Fail(ErrorCode::kInvalidArgument, "the operator {} does not take {} and {}", Symbol(op),
       KindName(left), KindName(right));
}

[[noreturn]] void FailOverflow() {
  Fail(ErrorCode::kInvalidArgument, "an integer does not fit into 64 bits");
}

Value FloorDivide(int64_t a, int64_t b) {
  if (b == 0) Fail(ErrorCode::kInvalidArgument, "division by zero");
  if (a == INT64_MIN && b == -1) FailOverflow();
  const int64_t quotient = a / b;
  return Value::Int(quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0));
}

Value Modulo(int64_t a, int64_t b) {
  if (b == 0) Fail(ErrorCode::kInvalidArgument, "division by zero");
  if (b == -1) return Value::Int(0);
  const int64_t rest = a % b;
  return Value::Int(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

Value Power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    return Value::Float(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) FailOverflow();
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) FailOverflow();
  }
  return Value::Int(result);
}

Value IntegerArithmetic(Operator op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case Operator::kAdd:
      if (__builtin_add_overflow(a, b, &result)) FailOverflow();
      return Value::Int(result);
    case Operator::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) FailOverflow();
      return Value::Int(result);
    case Operator::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) FailOverflow();
      return Value::Int(result);
    case Operator::kDivide:
      if (b == 0) Fail(ErrorCode::kInvalidArgument, "division by zero");
      return Value::Float(static_cast<double>(a) / static_cast<double>(b));
    case Operator::kFloorDivide:
      return FloorDivide(a, b);
    case Operator::kModulo:
      return Modulo(a, b);
    default:
      return Power(a, b);
  }
}

Value FloatArithmetic(Operator op, double a, double b) {
  const bool divides =
      op == Operator::kDivide || op == Operator::kFloorDivide || op == Operator::kModulo;
  if (divides && b == 0) Fail(ErrorCode::kInvalidArgument, "division by zero");
  switch (op) {
    case Operator::kAdd:
      return Value::Float(a + b);
    case Operator::kSubtract:
      return Value::Float(a - b);
    case Operator::kMultiply:
      return Value::Float(a * b);
    case Operator::kDivide:
      return Value::Float(a / b);
    case Operator::kFloorDivide:
      return Value::Float(std::floor(a / b));
    case Operator::kModulo:
      return Value::Float(a - b * std::floor(a / b));
    default:
      return Value::Float(std::pow(a, b));
  }
}

// The reference renderer's text of a value beside a string, which is JavaScript's.
void AppendOperand(Heap& heap, const Value& value, std::string& out, int depth = 0) {
  if (value.is_dict() && depth == 0) {
    out += "[object Map]";
  } else if (value.is_sequence() && depth == 0) {
    const auto& items = value.list().items;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',';
      AppendOperand(heap, items[i], out, depth + 1);
    }
  } else {
    AppendText(heap, value, out);
  }
}

Value ConcatenateTexts(Heap& heap, const Value& left, const Value& right) {
  std::string text;
  AppendOperand(heap, left, text);
  AppendOperand(heap, right, text);
  heap.Allocate(text.size());
  return heap.NewString(text);
}

Value Concatenate(Heap& heap, const Value& left, const Value& right) {
  if (left.is_string()) {
    std::string text;
    heap.Allocate(left.text().size() + right.text().size());
    text.append(left.text()).append(right.text());
    return heap.NewString(text);
  }
  List* list = heap.NewList();
  for (const Value& item : left.list().items) heap.Append(*list, item);
  for (const Value& item : right.list().items) heap.Append(*list, item);
  return left.kind() == Kind::kTuple ? Value::OfTuple(list) : Value::OfList(list);
}

Value Repeat(Heap& heap, const Value& value, int64_t times) {
  const int64_t n = std::max<int64_t>(times, 0);
  if (value.is_string()) {
    const size_t size = value.text().size();
    if (size > 0 && static_cast<size_t>(n) > heap.limits().max_heap_bytes / size) {
      heap.Allocate(heap.limits().max_heap_bytes + 1);
    }
    heap.Allocate(size * static_cast<size_t>(n));
    std::string text;
    for (int64_t i = 0; size > 0 && i < n; ++i) text += value.text();
    return heap.NewString(text);
  }
  List* list = heap.NewList();
  const std::vector<Value> items = value.list().items;
  for (int64_t i = 0; !items.empty() && i < n; ++i) {
    for (const Value& item : items) heap.Append(*list, item);
  }
  return value.kind() == Kind::kTuple ? Value::OfTuple(list) : Value::OfList(list);
}

bool Contains(Heap& heap, const Value& item, const Value& container) {
  if (container.is_string()) {
    if (!item.is_string()) FailOperands(Operator::kIn, item, container);
    heap.StepForBytes(container.text().size());
    return container.text().find(item.text()) != std::string_view::npos;
  }
  if (container.kind() == Kind::kDict) {
    heap.Step();
    return container.dict().Find(item) != nullptr;
  }
  if (container.is_undefined()) return false;
  if (!container.is_sequence()) FailOperands(Operator::kIn, item, container);
  const auto& items = container.list().items;
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& other) { return AreEqual(heap, item, other); });
}

// Python's slice.indices(): clamps to [lowest, highest].
int64_t SliceIndex(const Value& bound, int64_t fallback, int64_t length, int64_t lowest,
                   int64_t highest) {
  if (bound.is_undefined() || bound.is_none()) return fallback;
  if (!bound.is_integral()) {
    Fail(ErrorCode::kInvalidArgument, "a slice takes integers, not {}", KindName(bound));
  }
  const int64_t index = bound.integer();
  return std::clamp(index < 0 ? index + length : index, lowest, highest);
}

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

}  // namespace

size_t CountCharacters(Heap& heap, std::string_view text) {
  heap.StepForBytes(text.size());
  if (IsAscii(text)) return text.size();
  size_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(DecodeUtf8(text).length);
  return n;
}

size_t CharacterOffset(Heap& heap, std::string_view text, size_t character) {
  heap.StepForBytes(std::min(text.size(), character));
  size_t at = 0;
  for (; character > 0 && at < text.size(); --character) at += DecodeUtf8(text.substr(at)).length;
  return at;
}

Value ApplyBinary(Heap& heap, Operator op, const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return IntegerArithmetic(op, left.integer(), right.integer());
  }
  if (left.is_number() && right.is_number()) {
    return FloatArithmetic(op, left.number(), right.number());
  }
  if (op == Operator::kAdd && left.kind() == right.kind() &&
      (left.is_string() || left.is_sequence())) {
    return Concatenate(heap, left, right);
  }
  if (op == Operator::kAdd && (left.is_string() || right.is_string())) {
    const Value& other = left.is_string() ? right : left;
    if (!other.is_undefined() && !other.is_none()) return ConcatenateTexts(heap, left, right);
  }
  if (op == Operator::kMultiply) {
    if (right.is_integral() && (left.is_string() || left.is_sequence())) {
      return Repeat(heap, left, right.integer());
    }
    if (left.is_integral() && (right.is_string() || right.is_sequence())) {
      return Repeat(heap, right, left.integer());
    }
  }
  if (op == Operator::kModulo && left.is_string()) return PercentFormat(heap, left.text(), right);
  FailOperands(op, left, right);
}

bool ApplyComparison(Heap& heap, Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::kEqual:
      return AreEqual(heap, left, right);
    case Operator::kNotEqual:
      return !AreEqual(heap, left, right);
    case Operator::kIn:
      return Contains(heap, left, right);
    case Operator::kNotIn:
      return !Contains(heap, left, right);
    default:
      break;
  }
  RequireDefined(left);
  RequireDefined(right);
  const int order = Compare(heap, left, right);
  switch (op) {
    case Operator::kLess:
      return order < 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

Value Negate(const Value& value) {
  if (value.kind() == Kind::kFloat) return Value::Float(-value.number());
  RequireDefined(value);
  if (!value.is_integral()) {
    Fail(ErrorCode::kInvalidArgument, "{} cannot be negated", KindName(value));
  }
  return IntegerArithmetic(Operator::kSubtract, 0, value.integer());
}

Value GetItem(Heap& heap, const Value& object, const Value& key) {
  heap.Step();
  if (object.is_undefined() && !key.is_string()) RequireDefined(object);
  if (object.kind() == Kind::kDict || object.kind() == Kind::kNamespace) {
    const Value* found = object.dict().Find(key);
    return found != nullptr ? *found : Value::Undefined(key.is_string() ? key.text() : "");
  }
  if (!key.is_integral()) return Value::Undefined(key.is_string() ? key.text() : "");
  const bool is_string = object.is_string();
  if (!is_string && !object.is_sequence()) return Value::Undefined("");
  const auto n = static_cast<int64_t>(is_string ? CountCharacters(heap, object.text())
                                                : object.list().items.size());
  const int64_t index = key.integer() < 0 ? key.integer() + n : key.integer();
  if (index < 0 || index >= n) return Value::Undefined("");
  if (!is_string) return object.list().items[static_cast<size_t>(index)];
  const std::string_view text = object.text();
  const size_t at = CharacterOffset(heap, text, static_cast<size_t>(index));
  return Value::String(text.substr(at, DecodeUtf8(text.substr(at)).length));
}

Value GetSlice(Heap& heap, const Value& object, const SliceBounds& bounds) {
  RequireDefined(object);
  const int64_t step = SliceIndex(bounds.step, 1, 0, INT32_MIN, INT32_MAX);
  if (step == 0) Fail(ErrorCode::kInvalidArgument, "a slice's step must not be 0");
  const bool is_string = object.is_string();
  if (!is_string && !object.is_sequence()) {
    Fail(ErrorCode::kInvalidArgument, "{} cannot be sliced", KindName(object));
  }
  const auto n = static_cast<int64_t>(is_string ? CountCharacters(heap, object.text())
                                                : object.list().items.size());
  const int64_t lowest = step < 0 ? -1 : 0, highest = step < 0 ? n - 1 : n;
  const int64_t start = SliceIndex(bounds.start, step < 0 ? n - 1 : 0, n, lowest, highest);
  const int64_t stop = SliceIndex(bounds.stop, step < 0 ? -1 : n, n, lowest, highest);
  if (is_string && step == 1) {
    const std::string_view text = object.text();
    const size_t begin = CharacterOffset(heap, text, static_cast<size_t>(start));
    const size_t count = static_cast<size_t>(std::max<int64_t>(stop - start, 0));
    return Value::String(text.substr(begin, CharacterOffset(heap, text.substr(begin), count)));
  }
  const std::vector<Value> items = is_string ? Iterate(heap, object)->items : object.list().items;
  heap.Step(items.size() / 4);
  List* list = heap.NewList();
  for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step) {
    heap.Append(*list, items[static_cast<size_t>(i)]);
  }
  if (!is_string) {
    return object.kind() == Kind::kTuple ? Value::OfTuple(list) : Value::OfList(list);
  }
  std::string text;
  for (const Value& character : list->items) text += character.text();
  return heap.NewString(text);
}

List* Iterate(Heap& heap, const Value& value) {
  List* list = heap.NewList();
  switch (value.kind()) {
    case Kind::kUndefined:
      break;
    case Kind::kList:
    case Kind::kTuple:
      heap.Allocate(value.list().items.size() * sizeof(Value));
      list->items = value.list().items;
      break;
    case Kind::kDict:
    case Kind::kNamespace:
      for (const auto& [key, item] : value.dict().entries) heap.Append(*list, key);
      break;
    case Kind::kString:
      for (std::string_view rest = value.text(); !rest.empty();) {
        const int length = DecodeUtf8(rest).length;
        heap.Append(*list, Value::String(rest.substr(0, length)));
        rest.remove_prefix(length);
      }
      break;
    default:
      Fail(ErrorCode::kInvalidArgument, "{} cannot be iterated over", KindName(value));
  }
  return list;
}

}  // namespace pioneer::jinja
