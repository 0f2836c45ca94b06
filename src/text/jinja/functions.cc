// Why: the functions that transformers gives to templates, and the methods of containers.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/runtime.h"

namespace pioneer::jinja {
namespace {

Value RaiseException(Runtime& runtime, const Value&, const Arguments& arguments) {
  throw TemplateRefusal(ToText(runtime.heap(), arguments.Get(0, "message")));
}

Value Range(Runtime& runtime, const Value&, const Arguments& arguments) {
  const size_t n = arguments.positional.size();
  const auto argument = [&](size_t i) { return RequireInteger(arguments.positional[i], "range"); };
  if (n == 0 || n > 3) Fail(ErrorCode::kInvalidArgument, "range takes 1 to 3 integers");
  const int64_t start = n > 1 ? argument(0) : 0, stop = argument(n > 1 ? 1 : 0);
  const int64_t step = n > 2 ? argument(2) : 1;
  if (step == 0) Fail(ErrorCode::kInvalidArgument, "range's step must not be 0");
  List* list = runtime.heap().NewList();
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    runtime.heap().Append(*list, Value::Int(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return Value::OfList(list);
}

Dict* DictFrom(Runtime& runtime, const Arguments& arguments) {
  Heap& heap = runtime.heap();
  Dict* dict = heap.NewDict();
  const Value source = arguments.Get(0, "");
  if (source.is_dict()) {
    for (const auto& [key, value] : source.dict().entries) heap.Set(*dict, key, value);
  } else if (!source.is_undefined()) {
    for (const Value& pair : Iterate(heap, source)->items) {
      heap.Set(*dict, GetItem(heap, pair, Value::Int(0)), GetItem(heap, pair, Value::Int(1)));
    }
  }
  for (const auto& [key, value] : arguments.named) heap.Set(*dict, key, value);
  return dict;
}

Value MakeDict(Runtime& runtime, const Value&, const Arguments& arguments) {
  return Value::OfDict(DictFrom(runtime, arguments));
}

Value MakeNamespace(Runtime& runtime, const Value&, const Arguments& arguments) {
  return Value::OfNamespace(DictFrom(runtime, arguments));
}

// Only plain conversions reach the C library: no widths, no flags.
Value StrftimeNow(Runtime& runtime, const Value&, const Arguments& arguments) {
  static constexpr std::string_view kKnown = "aAbBcdHIjmMpSUwWxXyYzZeFTDRnth%";
  const std::string_view format = RequireText(arguments.Get(0, "format"), "strftime_now");
  const std::time_t seconds = runtime.now_unix_s.value_or(Clock::Real().UnixMs() / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string text;
  for (size_t i = 0; i < format.size(); ++i) {
    const bool conversion = format[i] == '%' && i + 1 < format.size() &&
                            kKnown.find(format[i + 1]) != std::string_view::npos;
    if (!conversion) {
      text += format[i];
      continue;
    }
    const char directive[] = {'%', format[++i], '\0'};
    std::array<char, 128> buffer;
    text.append(buffer.data(), std::strftime(buffer.data(), buffer.size(), directive, &local));
  }
  return runtime.heap().NewString(text);
}

Value ListAppend(Runtime& runtime, const Value& self, const Arguments& arguments) {
  runtime.heap().Append(self.list(), arguments.Get(0, "object"));
  return Value::None();
}

Value ListExtend(Runtime& runtime, const Value& self, const Arguments& arguments) {
  for (const Value& item : Iterate(runtime.heap(), arguments.Get(0, "iterable"))->items) {
    runtime.heap().Append(self.list(), item);
  }
  return Value::None();
}

Value ListInsert(Runtime& runtime, const Value& self, const Arguments& arguments) {
  auto& items = self.list().items;
  const auto n = static_cast<int64_t>(items.size());
  int64_t at = RequireInteger(arguments.Get(0, "index"), "insert");
  at = std::clamp<int64_t>(at < 0 ? at + n : at, 0, n);
  runtime.heap().Step(1 + items.size() / 4);
  runtime.heap().Append(self.list(), arguments.Get(1, "object"));
  std::rotate(items.begin() + at, items.end() - 1, items.end());
  return Value::None();
}

Value ListPop(Runtime& runtime, const Value& self, const Arguments& arguments) {
  auto& items = self.list().items;
  const auto n = static_cast<int64_t>(items.size());
  const Value position = arguments.Get(0, "index");
  int64_t at = position.is_undefined() ? n - 1 : RequireInteger(position, "pop");
  if (at < 0) at += n;
  if (at < 0 || at >= n) Fail(ErrorCode::kInvalidArgument, "pop from an empty place of a list");
  runtime.heap().Step(1 + static_cast<size_t>(n - at) / 4);
  const Value item = items[static_cast<size_t>(at)];
  items.erase(items.begin() + at);
  return item;
}

Value ListReverse(Runtime& runtime, const Value& self, const Arguments&) {
  runtime.heap().Step(1 + self.list().items.size() / 4);
  std::reverse(self.list().items.begin(), self.list().items.end());
  return Value::None();
}

Value ListIndex(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const auto& items = self.list().items;
  for (size_t i = 0; i < items.size(); ++i) {
    if (AreEqual(runtime.heap(), items[i], arguments.Get(0, "value"))) {
      return Value::Int(static_cast<int64_t>(i));
    }
  }
  Fail(ErrorCode::kInvalidArgument, "the value is not in the list");
}

Value ListCount(Runtime& runtime, const Value& self, const Arguments& arguments) {
  int64_t n = 0;
  for (const Value& item : self.list().items) {
    n += AreEqual(runtime.heap(), item, arguments.Get(0, "value")) ? 1 : 0;
  }
  return Value::Int(n);
}

Value DictGet(Runtime& runtime, const Value& self, const Arguments& arguments) {
  runtime.heap().Step();
  if (const Value* found = self.dict().Find(arguments.Get(0, "key"))) return *found;
  const Value fallback = arguments.Get(1, "default");
  const bool given = arguments.positional.size() > 1 || !arguments.named.empty();
  return given ? fallback : Value::None();
}

Value DictItems(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return FindSequenceFilter("items")(runtime, self, arguments);
}

Value DictKeys(Runtime& runtime, const Value& self, const Arguments&) {
  return Value::OfList(Iterate(runtime.heap(), self));
}

Value DictValues(Runtime& runtime, const Value& self, const Arguments&) {
  List* list = runtime.heap().NewList();
  for (const auto& [key, value] : self.dict().entries) runtime.heap().Append(*list, value);
  return Value::OfList(list);
}

Value DictUpdate(Runtime& runtime, const Value& self, const Arguments& arguments) {
  for (const auto& [key, value] : DictFrom(runtime, arguments)->entries) {
    runtime.heap().Set(self.dict(), key, value);
  }
  return Value::None();
}

Value DictPop(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Value key = arguments.Get(0, "key");
  if (const Value* found = self.dict().Find(key)) {
    const Value value = *found;
    runtime.heap().Erase(self.dict(), key);
    return value;
  }
  if (arguments.positional.size() > 1) return arguments.positional[1];
  Fail(ErrorCode::kInvalidArgument, "the dict has no such key to pop");
}

Value DictSetDefault(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Value key = arguments.Get(0, "key");
  if (const Value* found = self.dict().Find(key)) return *found;
  const Value fallback = arguments.positional.size() > 1 ? arguments.positional[1] : Value::None();
  runtime.heap().Set(self.dict(), key, fallback);
  return fallback;
}

Value DictCopy(Runtime& runtime, const Value& self, const Arguments&) {
  Dict* copy = runtime.heap().NewDict();
  for (const auto& [key, value] : self.dict().entries) runtime.heap().Set(*copy, key, value);
  return Value::OfDict(copy);
}

Value LoopCycle(Runtime&, const Value& self, const Arguments& arguments) {
  const size_t n = arguments.positional.size();
  if (n == 0) Fail(ErrorCode::kInvalidArgument, "loop.cycle takes at least one value");
  return arguments.positional[self.loop().position % n];
}

Value LoopChanged(Runtime& runtime, const Value& self, const Arguments& arguments) {
  Loop& loop = self.loop();
  const Value now = arguments.Get(0, "");
  const bool changed = loop.position == 0 || !AreEqual(runtime.heap(), now, loop.last_changed);
  loop.last_changed = now;
  return Value::Bool(changed);
}

struct NamedFunction {
  std::string_view name;
  NativeFunction function;
};

template <size_t n>
NativeFunction Find(const NamedFunction (&table)[n], std::string_view name) {
  for (const NamedFunction& entry : table) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace

std::string_view RequireText(const Value& value, std::string_view what) {
  if (value.is_string()) return value.text();
  Fail(ErrorCode::kInvalidArgument, "{} takes a string, not {}", what, KindName(value));
}

int64_t RequireInteger(const Value& value, std::string_view what) {
  if (value.is_integral()) return value.integer();
  Fail(ErrorCode::kInvalidArgument, "{} takes an integer, not {}", what, KindName(value));
}

NativeFunction FindGlobalFunction(std::string_view name) {
  static constexpr NamedFunction kTable[] = {{"raise_exception", RaiseException},
                                             {"range", Range},
                                             {"dict", MakeDict},
                                             {"namespace", MakeNamespace},
                                             {"strftime_now", StrftimeNow}};
  return Find(kTable, name);
}

NativeFunction FindListMethod(std::string_view name) {
  static constexpr NamedFunction kTable[] = {
      {"append", ListAppend},   {"extend", ListExtend}, {"insert", ListInsert}, {"pop", ListPop},
      {"reverse", ListReverse}, {"index", ListIndex},   {"count", ListCount}};
  return Find(kTable, name);
}

NativeFunction FindDictMethod(std::string_view name) {
  static constexpr NamedFunction kTable[] = {{"get", DictGet},
                                             {"items", DictItems},
                                             {"keys", DictKeys},
                                             {"values", DictValues},
                                             {"update", DictUpdate},
                                             {"pop", DictPop},
                                             {"setdefault", DictSetDefault},
                                             {"copy", DictCopy}};
  return Find(kTable, name);
}

NativeFunction FindLoopMethod(std::string_view name) {
  static constexpr NamedFunction kTable[] = {{"cycle", LoopCycle}, {"changed", LoopChanged}};
  return Find(kTable, name);
}

NativeFunction FindMethod(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::kString:
      return FindStringMethod(name);
    case Kind::kList:
      return FindListMethod(name);
    case Kind::kTuple:
      return name == "index" || name == "count" ? FindListMethod(name) : nullptr;
    case Kind::kDict:
      return FindDictMethod(name);
    case Kind::kLoop:
      return FindLoopMethod(name);
    default:
      return nullptr;
  }
}

NativeFunction FindFilter(std::string_view name) {
  if (const NativeFunction filter = FindScalarFilter(name)) return filter;
  if (const NativeFunction filter = FindTextFilter(name)) return filter;
  return FindSequenceFilter(name);
}

}  // namespace pioneer::jinja
