// Why: one rendering: walks the tree, holds the variables, and stops when a limit is passed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/function.h"
#include "text/jinja/value.h"

namespace pioneer::jinja {

// What raise_exception() throws: the template's own words.
class TemplateRefusal : public Error {
 public:
  explicit TemplateRefusal(const std::string& message)
      : Error(ErrorCode::kInvalidArgument, message) {}
};

struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<std::string_view, Value>> variables;
};

// One thread, one rendering. All functions throw Error{kInvalidArgument} when the template fails
// (the message names the line), kOutOfMemory when it passes a limit.
class Runtime {
 public:
  explicit Runtime(const Limits& limits = {});

  Heap& heap() { return heap_; }
  // `name` must outlive the runtime.
  void SetGlobal(std::string_view name, const Value& value);
  std::string Render(const Body& body);

  // For filters and methods that call others.
  Value Call(const Value& function, const Arguments& arguments);
  Value ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments);
  bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments);
  Value GetAttribute(const Value& object, std::string_view name);
  Value GetMethod(const Value& object, std::string_view name);
  // "a.b.0" as filters' attribute= has it.
  Value GetPath(const Value& object, const Value& path);

  std::optional<int64_t> now_unix_s;  // absent = the clock

 private:
  enum class Flow { kNext, kBreak, kContinue };

  // Counts nested evaluation, so that recursive macros end with an error, not with the stack.
  class DepthGuard {
   public:
    explicit DepthGuard(Runtime& runtime) : runtime_(runtime) {
      runtime_.heap_.Step();
      if (++runtime_.depth_ > runtime_.heap_.limits().max_depth) FailDepth();
    }
    ~DepthGuard() { --runtime_.depth_; }

   private:
    Runtime& runtime_;
  };
  [[noreturn]] static void FailDepth();

  Flow Execute(const Body& body);
  Flow ExecuteStatement(const Statement& statement);
  Flow ExecuteIf(const Statement& statement);
  Flow ExecuteFor(const Statement& loop);
  Flow ExecuteLoopBody(const Statement& statement, Loop& loop, Scope& scope);
  Flow ExecuteWith(const Statement& with);
  void ExecuteSetBlock(const Statement& set);
  void ExecuteMacro(const Statement& macro);
  void ExecuteCallBlock(const Statement& call);
  List* SelectItems(const Statement& loop, List* items);
  Value Capture(const Body& body);
  Value CallMacro(const Function& function, const Arguments& arguments);
  void BindParameters(const Statement& macro, const Arguments& arguments);
  void Emit(std::string_view text);
  void EmitValue(const Value& value);

  void Assign(const Expression& target, const Value& value);
  void SetVariable(std::string_view name, const Value& value);
  Value FindVariable(std::string_view name);
  Scope* PushScope(Scope* parent);

  Value Evaluate(const Expression& expression);
  Value EvaluateKind(const Expression& expression);
  Value EvaluateItems(const Expression& expression);
  Value EvaluateDict(const Expression& expression);
  Value EvaluateSlice(const Expression& expression);
  Value EvaluateCall(const Expression& expression);
  Value EvaluateFilter(const Expression& expression, const Value* block_input);
  Value EvaluateTest(const Expression& expression);
  Value EvaluateCompare(const Expression& expression);
  Value EvaluateConcat(const Expression& expression);
  Value EvaluateConditional(const Expression& expression);
  Arguments EvaluateArguments(const Expression& expression);

  Heap heap_;
  std::deque<Scope> scopes_;
  Scope* scope_;
  std::string* output_ = nullptr;
  int depth_ = 0;
  int line_ = 0;
};

}  // namespace pioneer::jinja
