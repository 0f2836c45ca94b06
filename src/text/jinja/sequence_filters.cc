// Why: filters over lists: picking, mapping, ordering.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"
#include "text/jinja/runtime.h"
#include "text/unicode.h"

namespace pioneer::jinja {
namespace {

// map and the selections take None for an empty list, as Jinja's do.
List* ItemsOrNone(Runtime& runtime, const Value& input) {
  return input.is_none() ? runtime.heap().NewList() : Iterate(runtime.heap(), input);
}

const std::vector<Value>& Items(Runtime& runtime, const Value& input) {
  return Iterate(runtime.heap(), input)->items;
}

Value First(Runtime& runtime, const Value& input, const Arguments&) {
  const auto& items = Items(runtime, input);
  return items.empty() ? Value::Undefined("first") : items.front();
}

Value Last(Runtime& runtime, const Value& input, const Arguments&) {
  const auto& items = Items(runtime, input);
  return items.empty() ? Value::Undefined("last") : items.back();
}

Value Length(Runtime& runtime, const Value& input, const Arguments&) {
  size_t n = 0;
  if (input.is_string()) {
    n = CountCharacters(runtime.heap(), input.text());
  } else if (input.is_sequence()) {
    n = input.list().items.size();
  } else if (input.is_dict()) {
    n = input.dict().entries.size();
  } else if (!input.is_undefined()) {
    Fail(ErrorCode::kInvalidArgument, "{} has no length", KindName(input));
  }
  return Value::Int(static_cast<int64_t>(n));
}

Value ToList(Runtime& runtime, const Value& input, const Arguments&) {
  return Value::OfList(Iterate(runtime.heap(), input));
}

Value Join(Runtime& runtime, const Value& input, const Arguments& arguments) {
  Heap& heap = runtime.heap();
  const Value glue = arguments.Get(0, "d");
  const Value attribute = arguments.Get(1, "attribute");
  const std::string separator = glue.is_undefined() ? "" : ToText(heap, glue);
  std::string text;
  bool first = true;
  for (const Value& item : Items(runtime, input)) {
    if (!first) text += separator;
    first = false;
    AppendText(heap, attribute.is_undefined() ? item : runtime.GetPath(item, attribute), text);
  }
  return heap.NewString(text);
}

Arguments Rest(const Arguments& arguments, size_t skip) {
  Arguments rest;
  for (size_t i = skip; i < arguments.positional.size(); ++i) {
    rest.positional.push_back(arguments.positional[i]);
  }
  rest.named = arguments.named;
  return rest;
}

Value Map(Runtime& runtime, const Value& input, const Arguments& arguments) {
  List* list = runtime.heap().NewList();
  const Value attribute = arguments.Get(SIZE_MAX, "attribute");
  const Value fallback = arguments.Get(SIZE_MAX, "default");
  const Arguments rest = Rest(arguments, 1);
  for (const Value& item : ItemsOrNone(runtime, input)->items) {
    Value result;
    if (attribute.is_undefined()) {
      result = runtime.ApplyFilter(RequireText(arguments.Get(0, "name"), "map"), item, rest);
    } else {
      result = runtime.GetPath(item, attribute);
      if (result.is_undefined() && !fallback.is_undefined()) result = fallback;
    }
    runtime.heap().Append(*list, result);
  }
  return Value::OfList(list);
}

// select, reject, selectattr, rejectattr: keeps items whose test gives `wanted`.
template <bool wanted, bool by_attribute>
Value Select(Runtime& runtime, const Value& input, const Arguments& arguments) {
  List* list = runtime.heap().NewList();
  const size_t test_at = by_attribute ? 1 : 0;
  const bool has_test = arguments.positional.size() > test_at;
  const Arguments rest = Rest(arguments, test_at + 1);
  for (const Value& item : ItemsOrNone(runtime, input)->items) {
    const Value value = by_attribute ? runtime.GetPath(item, arguments.Get(0, "attribute")) : item;
    const bool holds =
        has_test ? runtime.ApplyTest(RequireText(arguments.positional[test_at], "a selection"),
                                     value, rest)
                 : IsTrue(value);
    if (holds == wanted) runtime.heap().Append(*list, item);
  }
  return Value::OfList(list);
}

// Strings are ordered without regard to case unless asked otherwise.
Value SortKey(Runtime& runtime, const Value& item, const Value& attribute, bool case_sensitive) {
  const Value key = attribute.is_undefined() ? item : runtime.GetPath(item, attribute);
  if (case_sensitive || !key.is_string()) return key;
  return runtime.heap().NewString(LowerCase(key.text()));
}

using Keyed = std::vector<std::pair<Value, Value>>;

void SortByKey(Runtime& runtime, Keyed& items, bool reverse) {
  std::stable_sort(items.begin(), items.end(), [&](const auto& a, const auto& b) {
    const int order = Compare(runtime.heap(), a.first, b.first);
    return reverse ? order > 0 : order < 0;
  });
}

Value Sort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const bool reverse = IsTrue(arguments.Get(0, "reverse"));
  const bool case_sensitive = IsTrue(arguments.Get(1, "case_sensitive"));
  const Value attribute = arguments.Get(2, "attribute");
  Keyed keyed;
  for (const Value& item : Items(runtime, input)) {
    keyed.emplace_back(SortKey(runtime, item, attribute, case_sensitive), item);
  }
  SortByKey(runtime, keyed, reverse);
  List* list = runtime.heap().NewList();
  for (const auto& [key, item] : keyed) runtime.heap().Append(*list, item);
  return Value::OfList(list);
}

Value PairOf(Heap& heap, const Value& key, const Value& value) {
  List* pair = heap.NewList();
  heap.Append(*pair, key);
  heap.Append(*pair, value);
  return Value::OfTuple(pair);
}

Dict& RequireDict(const Value& input, std::string_view what) {
  if (input.is_dict()) return input.dict();
  Fail(ErrorCode::kInvalidArgument, "{} takes a dict, not {}", what, KindName(input));
}

Value DictSort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const bool case_sensitive = IsTrue(arguments.Get(0, "case_sensitive"));
  const Value by = arguments.Get(1, "by");
  const bool by_value = by.is_string() && by.text() == "value";
  Keyed keyed;
  for (const auto& [key, value] : RequireDict(input, "dictsort").entries) {
    keyed.emplace_back(
        SortKey(runtime, by_value ? value : key, Value::Undefined(""), case_sensitive),
        PairOf(runtime.heap(), key, value));
  }
  SortByKey(runtime, keyed, IsTrue(arguments.Get(2, "reverse")));
  List* list = runtime.heap().NewList();
  for (const auto& [key, pair] : keyed) runtime.heap().Append(*list, pair);
  return Value::OfList(list);
}

Value DictPairs(Runtime& runtime, const Value& input, const Arguments&) {
  List* list = runtime.heap().NewList();
  if (input.is_undefined()) return Value::OfList(list);
  for (const auto& [key, value] : RequireDict(input, "items").entries) {
    runtime.heap().Append(*list, PairOf(runtime.heap(), key, value));
  }
  return Value::OfList(list);
}

Value Unique(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const bool case_sensitive = IsTrue(arguments.Get(0, "case_sensitive"));
  const Value attribute = arguments.Get(1, "attribute");
  List* list = runtime.heap().NewList();
  std::vector<Value> seen;
  for (const Value& item : Items(runtime, input)) {
    const Value key = SortKey(runtime, item, attribute, case_sensitive);
    const bool known = std::any_of(seen.begin(), seen.end(), [&](const Value& other) {
      return AreEqual(runtime.heap(), key, other);
    });
    if (known) continue;
    seen.push_back(key);
    runtime.heap().Append(*list, item);
  }
  return Value::OfList(list);
}

Value Sum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Value attribute = arguments.Get(0, "attribute");
  const Value start = arguments.Get(1, "start");
  Value total = start.is_undefined() ? Value::Int(0) : start;
  for (const Value& item : Items(runtime, input)) {
    const bool whole = attribute.is_undefined() || attribute.is_none();
    total = ApplyBinary(runtime.heap(), Operator::kAdd, total,
                        whole ? item : runtime.GetPath(item, attribute));
  }
  return total;
}

template <bool largest>
Value Extreme(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const bool case_sensitive = IsTrue(arguments.Get(0, "case_sensitive"));
  const Value attribute = arguments.Get(1, "attribute");
  Value best, best_key;
  bool first = true;
  for (const Value& item : Items(runtime, input)) {
    const Value key = SortKey(runtime, item, attribute, case_sensitive);
    const int order = first ? 0 : Compare(runtime.heap(), key, best_key);
    if (first || (largest ? order > 0 : order < 0)) {
      best = item;
      best_key = key;
    }
    first = false;
  }
  return best;
}

Value Reverse(Runtime& runtime, const Value& input, const Arguments&) {
  if (input.is_string()) {
    SliceBounds bounds;
    bounds.step = Value::Int(-1);
    return GetSlice(runtime.heap(), input, bounds);
  }
  List* list = Iterate(runtime.heap(), input);
  std::reverse(list->items.begin(), list->items.end());
  return Value::OfList(list);
}

Value Attribute(Runtime& runtime, const Value& input, const Arguments& arguments) {
  return runtime.GetAttribute(input, RequireText(arguments.Get(0, "name"), "attr"));
}

Value Batch(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const int64_t size = RequireInteger(arguments.Get(0, "linecount"), "batch");
  if (size <= 0) Fail(ErrorCode::kInvalidArgument, "batch takes a size above 0");
  const Value fill = arguments.Get(1, "fill_with");
  Heap& heap = runtime.heap();
  List* batches = heap.NewList();
  List* batch = nullptr;
  for (const Value& item : Items(runtime, input)) {
    if (batch == nullptr || static_cast<int64_t>(batch->items.size()) == size) {
      batch = heap.NewList();
      heap.Append(*batches, Value::OfList(batch));
    }
    heap.Append(*batch, item);
  }
  while (batch != nullptr && !fill.is_undefined() && !fill.is_none() &&
         static_cast<int64_t>(batch->items.size()) < size) {
    heap.Append(*batch, fill);
  }
  return Value::OfList(batches);
}

struct NamedFilter {
  std::string_view name;
  NativeFunction filter;
};

constexpr NamedFilter kFilters[] = {
    {"first", First},
    {"last", Last},
    {"length", Length},
    {"count", Length},
    {"list", ToList},
    {"join", Join},
    {"map", Map},
    {"select", Select<true, false>},
    {"reject", Select<false, false>},
    {"selectattr", Select<true, true>},
    {"rejectattr", Select<false, true>},
    {"sort", Sort},
    {"dictsort", DictSort},
    {"items", DictPairs},
    {"unique", Unique},
    {"sum", Sum},
    {"min", Extreme<false>},
    {"max", Extreme<true>},
    {"reverse", Reverse},
    {"attr", Attribute},
    {"batch", Batch},
};

}  // namespace

NativeFunction FindSequenceFilter(std::string_view name) {
  for (const NamedFilter& entry : kFilters) {
    if (entry.name == name) return entry.filter;
  }
  return nullptr;
}

}  // namespace pioneer::jinja
