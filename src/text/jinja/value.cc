#include "text/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja/function.h"

namespace pioneer::jinja {
namespace {

constexpr size_t kIndexedDictSize = 16;
constexpr int kMaxValueDepth = 100;

bool IsIntegerValue(const Value& value) {
  return value.is_integral() || (value.kind() == Kind::kFloat && std::abs(value.number()) < 9e15 &&
                                 value.number() == std::floor(value.number()));
}

// The reference renderer has one kind of number: 1.0 is 1.
Value FromNumber(double number) {
  constexpr double kExact = 9007199254740992;  // 2^53
  const bool whole = std::abs(number) <= kExact && number == std::floor(number);
  return whole ? Value::Int(static_cast<int64_t>(number)) : Value::Float(number);
}

// Equal keys have equal texts: 1, 1.0 and True are one key, as in Python.
std::string IndexKey(const Value& key) {
  if (key.is_string()) return "s" + std::string(key.text());
  if (key.is_none()) return "n";
  if (key.is_integral()) return "i" + std::to_string(key.integer());
  if (IsIntegerValue(key)) return "i" + std::to_string(static_cast<int64_t>(key.number()));
  return "f" + std::to_string(key.number());
}

bool KeysEqual(const Value& a, const Value& b) {
  if (a.is_string() || b.is_string()) {
    return a.is_string() && b.is_string() && a.text() == b.text();
  }
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  return a.number() == b.number();
}

bool CanBeKey(const Value& value) {
  return value.is_string() || value.is_number() || value.is_none();
}

int Sign(double a, double b) { return a < b ? -1 : a > b ? 1 : 0; }

void CheckDepth(int depth) {
  if (depth > kMaxValueDepth) {
    Fail(ErrorCode::kOutOfMemory, "a value is nested deeper than {} levels", kMaxValueDepth);
  }
}

bool DictsEqual(Heap& heap, Dict& a, Dict& b, int depth) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.Find(key);
    if (other == nullptr || !AreEqual(heap, value, *other, depth + 1)) return false;
  }
  return true;
}

}  // namespace

Value* Dict::Find(const Value& key) {
  if (!CanBeKey(key)) return nullptr;
  if (!index.empty()) {
    const auto found = index.find(IndexKey(key));
    return found == index.end() ? nullptr : &entries[found->second].second;
  }
  for (auto& [have, value] : entries) {
    if (KeysEqual(have, key)) return &value;
  }
  return nullptr;
}

void Dict::Reindex() {
  index.clear();
  if (entries.size() < kIndexedDictSize) return;
  for (size_t i = 0; i < entries.size(); ++i) index.emplace(IndexKey(entries[i].first), i);
}

void Heap::FailSteps() const {
  Fail(ErrorCode::kOutOfMemory, "the chat template runs for more than {} steps", limits_.max_steps);
}

void Heap::Allocate(size_t bytes) {
  Step(1 + bytes / 256);
  bytes_ += bytes;
  if (bytes_ <= limits_.max_heap_bytes) return;
  Fail(ErrorCode::kOutOfMemory, "the chat template uses more than {} bytes of memory",
       limits_.max_heap_bytes);
}

Value Heap::NewString(std::string_view text) {
  if (text.empty()) return Value::String("");
  Allocate(text.size());
  auto* copy = static_cast<char*>(texts_.allocate(text.size(), 1));
  std::copy(text.begin(), text.end(), copy);
  return Value::String({copy, text.size()});
}

List* Heap::NewList() {
  Allocate(sizeof(List) + 16);
  return &lists_.emplace_back();
}

Dict* Heap::NewDict() {
  Allocate(sizeof(Dict) + 16);
  return &dicts_.emplace_back();
}

Function* Heap::NewFunction(Function function) {
  Allocate(sizeof(Function));
  return &functions_.emplace_back(function);
}

Loop* Heap::NewLoop(const List* items) {
  Allocate(sizeof(Loop));
  Loop* loop = &loops_.emplace_back();
  loop->items = items;
  return loop;
}

void Heap::Append(List& list, const Value& value) {
  Allocate(2 * sizeof(Value));  // a vector that grows has up to twice its size
  list.items.push_back(value);
}

void Heap::Set(Dict& dict, const Value& key, const Value& value) {
  if (!CanBeKey(key)) {
    Fail(ErrorCode::kInvalidArgument, "{} cannot be a key of a dict", KindName(key));
  }
  if (Value* have = dict.Find(key)) {
    *have = value;
    return;
  }
  Allocate(4 * sizeof(Value) + 96 + (key.is_string() ? key.text().size() : 0));
  dict.entries.emplace_back(key, value);
  if (dict.index.empty()) {
    dict.Reindex();
  } else {
    dict.index.emplace(IndexKey(key), dict.entries.size() - 1);
  }
}

bool Heap::Erase(Dict& dict, const Value& key) {
  const Value* found = dict.Find(key);
  if (found == nullptr) return false;
  Step(1 + dict.entries.size());
  const auto at = std::find_if(dict.entries.begin(), dict.entries.end(),
                               [&](const auto& entry) { return &entry.second == found; });
  dict.entries.erase(at);
  dict.Reindex();
  return true;
}

Value Heap::FromJson(const OrderedJson& json, int depth) {
  CheckDepth(depth);
  switch (json.type()) {
    case OrderedJson::value_t::boolean:
      return Value::Bool(json.get<bool>());
    case OrderedJson::value_t::number_integer:
      return Value::Int(json.get<int64_t>());
    case OrderedJson::value_t::number_unsigned:
      if (json.get<uint64_t>() > INT64_MAX) return Value::Float(json.get<double>());
      return Value::Int(json.get<int64_t>());
    case OrderedJson::value_t::number_float:
      return FromNumber(json.get<double>());
    case OrderedJson::value_t::string:
      return Value::String(json.get_ref<const std::string&>());
    case OrderedJson::value_t::array: {
      List* list = NewList();
      for (const OrderedJson& item : json) Append(*list, FromJson(item, depth + 1));
      return Value::OfList(list);
    }
    case OrderedJson::value_t::object: {
      Dict* dict = NewDict();
      for (const auto& [key, value] : json.items()) {
        Set(*dict, NewString(key), FromJson(value, depth + 1));
      }
      return Value::OfDict(dict);
    }
    default:
      return Value::None();
  }
}

bool IsTrue(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0;
    case Kind::kString:
      return !value.text().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !value.list().items.empty();
    case Kind::kDict:
      return !value.dict().entries.empty();
    default:
      return true;
  }
}

bool AreEqual(Heap& heap, const Value& a, const Value& b, int depth) {
  heap.Step();
  CheckDepth(depth);
  if (a.is_number() && b.is_number()) {
    return a.is_integral() && b.is_integral() ? a.integer() == b.integer()
                                              : a.number() == b.number();
  }
  const bool is_nothing = a.is_none() || a.is_undefined();
  if (is_nothing && (b.is_none() || b.is_undefined())) return true;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      heap.StepForBytes(a.text().size() == b.text().size() ? a.text().size() : 0);
      return a.text() == b.text();
    case Kind::kList:
    case Kind::kTuple: {
      const auto& x = a.list().items;
      const auto& y = b.list().items;
      return std::equal(
          x.begin(), x.end(), y.begin(), y.end(),
          [&](const Value& p, const Value& q) { return AreEqual(heap, p, q, depth + 1); });
    }
    case Kind::kDict:
      return DictsEqual(heap, a.dict(), b.dict(), depth);
    default:
      return a.identity() == b.identity();
  }
}

int Compare(Heap& heap, const Value& a, const Value& b, int depth) {
  heap.Step();
  CheckDepth(depth);
  if (a.is_integral() && b.is_integral()) {
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
  }
  if (a.is_number() && b.is_number()) return Sign(a.number(), b.number());
  if (a.is_string() && b.is_string()) {
    heap.StepForBytes(std::min(a.text().size(), b.text().size()));
    return a.text().compare(b.text());
  }
  if (!a.is_sequence() || a.kind() != b.kind()) {
    Fail(ErrorCode::kInvalidArgument, "{} and {} cannot be compared", KindName(a), KindName(b));
  }
  const auto& x = a.list().items;
  const auto& y = b.list().items;
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (AreEqual(heap, x[i], y[i], depth + 1)) continue;
    return Compare(heap, x[i], y[i], depth + 1);
  }
  return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
}

std::string_view KindName(const Value& value) {
  static constexpr std::string_view kNames[] = {
      "an undefined value", "None",   "a bool",  "an int", "a float",
      "a string",           "a list", "a tuple", "a dict", "a namespace",
      "a function",         "a loop"};
  return kNames[static_cast<size_t>(value.kind())];
}

}  // namespace pioneer::jinja
