// Why: what a template computes with. Values are small and copied freely; strings and containers
// lie in the heap of one rendering, are never freed before its end, and are counted: a template can
// neither leak (cycles do not matter) nor pass its memory limit.
#pragma once

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"

namespace pioneer::jinja {

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kNamespace,
  kFunction,
  kLoop,
};

struct List;
struct Dict;
struct Function;
struct Loop;

class Value {
 public:
  Value() : Value(Undefined("")) {}
  // `name` is what was undefined, for messages.
  static Value Undefined(std::string_view name) { return {Kind::kUndefined, name}; }
  static Value None() { return {Kind::kNone, std::string_view()}; }
  static Value Bool(bool value) { return Number(Kind::kBool, value ? 1 : 0); }
  static Value Int(int64_t value) { return Number(Kind::kInt, value); }
  static Value Float(double value) {
    Value result;
    result.kind_ = Kind::kFloat;
    result.float_ = value;
    return result;
  }
  // The bytes must outlive the value: in the heap, in the template or in the input.
  static Value String(std::string_view text) { return {Kind::kString, text}; }
  static Value OfList(List* list) { return Pointer(Kind::kList, list); }
  static Value OfTuple(List* list) { return Pointer(Kind::kTuple, list); }
  static Value OfDict(Dict* dict) { return Pointer(Kind::kDict, dict); }
  static Value OfNamespace(Dict* dict) { return Pointer(Kind::kNamespace, dict); }
  static Value OfFunction(Function* function) { return Pointer(Kind::kFunction, function); }
  static Value OfLoop(Loop* loop) { return Pointer(Kind::kLoop, loop); }

  Kind kind() const { return kind_; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_sequence() const { return kind_ == Kind::kList || kind_ == Kind::kTuple; }
  bool is_dict() const { return kind_ == Kind::kDict; }
  bool is_integral() const { return kind_ == Kind::kInt || kind_ == Kind::kBool; }
  bool is_number() const { return is_integral() || kind_ == Kind::kFloat; }

  // Each is valid for its kind only.
  std::string_view text() const { return {text_, size_}; }
  int64_t integer() const { return integer_; }  // kInt and kBool
  double number() const { return kind_ == Kind::kFloat ? float_ : static_cast<double>(integer_); }
  List& list() const { return *static_cast<List*>(pointer_); }
  Dict& dict() const { return *static_cast<Dict*>(pointer_); }
  Function& function() const { return *static_cast<Function*>(pointer_); }
  Loop& loop() const { return *static_cast<Loop*>(pointer_); }
  const void* identity() const { return pointer_; }

 private:
  Value(Kind kind, std::string_view text) : kind_(kind), size_(text.size()), text_(text.data()) {}
  static Value Number(Kind kind, int64_t value) {
    Value result;
    result.kind_ = kind;
    result.integer_ = value;
    return result;
  }
  static Value Pointer(Kind kind, void* pointer) {
    Value result;
    result.kind_ = kind;
    result.pointer_ = pointer;
    return result;
  }

  Kind kind_;
  size_t size_ = 0;
  union {
    const char* text_;
    int64_t integer_;
    double float_;
    void* pointer_;
  };
};

struct List {
  std::vector<Value> items;
};

// Keeps the order of insertion. Keys are strings, numbers, booleans or none.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;

  // nullptr when absent.
  Value* Find(const Value& key);
  Value* Find(std::string_view key) { return Find(Value::String(key)); }

 private:
  friend class Heap;
  std::unordered_map<std::string, size_t> index;  // only for large ones
  void Reindex();
};

// A for-loop's `loop`.
struct Loop {
  const List* items = nullptr;
  size_t position = 0;
  int depth = 1;
  Value last_changed;  // the argument of loop.changed()
};

class Runtime;
struct Arguments;
struct Statement;
struct Scope;

using NativeFunction = Value (*)(Runtime& runtime, const Value& self, const Arguments& arguments);

// What a template may call: native code, with its object when it is a method, or a macro.
struct Function {
  std::string_view name;
  NativeFunction native = nullptr;
  Value self = Value();
  const Statement* macro = nullptr;
  Scope* scope = nullptr;  // where the macro was defined
};

struct Limits {
  size_t max_heap_bytes = size_t{256} << 20;
  size_t max_output_bytes = size_t{16} << 20;
  size_t max_steps = 5'000'000;
  int max_depth = 600;  // of evaluation: nested blocks, calls and expressions together
};

// Owns what one rendering makes, and counts it. All functions that take memory or time throw
// Error{kOutOfMemory} when a limit is passed.
class Heap {
 public:
  explicit Heap(const Limits& limits) : limits_(limits) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  const Limits& limits() const { return limits_; }

  // Time: one step is about one node of the template or 32 bytes of text looked at.
  void Step(size_t n = 1) {
    steps_ += n;
    if (steps_ > limits_.max_steps) FailSteps();
  }
  void StepForBytes(size_t n) { Step(1 + n / 32); }
  void Allocate(size_t bytes);

  Value NewString(std::string_view text);  // copies
  List* NewList();
  Dict* NewDict();
  Function* NewFunction(Function function);
  Loop* NewLoop(const List* items);
  void Append(List& list, const Value& value);
  // Replaces the value of an equal key. Throws Error{kInvalidArgument} for a key that cannot be
  // one.
  void Set(Dict& dict, const Value& key, const Value& value);
  void Set(Dict& dict, std::string_view key, const Value& value) {
    Set(dict, Value::String(key), value);
  }
  bool Erase(Dict& dict, const Value& key);

  // Strings stay where `json` has them.
  Value FromJson(const OrderedJson& json, int depth = 0);

 private:
  [[noreturn]] void FailSteps() const;

  Limits limits_;
  size_t steps_ = 0;
  size_t bytes_ = 0;
  std::pmr::monotonic_buffer_resource texts_;
  std::deque<List> lists_;
  std::deque<Dict> dicts_;
  std::deque<Loop> loops_;
  std::deque<Function> functions_;
};

// Python's rules.
bool IsTrue(const Value& value);
bool AreEqual(Heap& heap, const Value& a, const Value& b, int depth = 0);
// < 0, 0, > 0. Throws Error{kInvalidArgument} for kinds without an order.
int Compare(Heap& heap, const Value& a, const Value& b, int depth = 0);

// "string", "list", ... for messages.
std::string_view KindName(const Value& value);

}  // namespace pioneer::jinja
