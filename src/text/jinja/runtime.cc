#include "text/jinja/runtime.h"

#include "base/error.h"
#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/print.h"

namespace pioneer::jinja {

Runtime::Runtime(const Limits& limits) : heap_(limits), scope_(PushScope(nullptr)) {}

Scope* Runtime::PushScope(Scope* parent) {
  heap_.Allocate(sizeof(Scope));
  scopes_.emplace_back();
  scopes_.back().parent = parent;
  return &scopes_.back();
}

void Runtime::FailDepth() { Fail(ErrorCode::kOutOfMemory, "it calls itself too deeply"); }

void Runtime::SetGlobal(std::string_view name, const Value& value) { SetVariable(name, value); }

std::string Runtime::Render(const Body& body) {
  std::string output;
  output_ = &output;
  try {
    Execute(body);
  } catch (const TemplateRefusal&) {
    throw;
  } catch (const Error& error) {
    Fail(error.code(), "chat template, line {}: {}", line_, error.what());
  }
  return output;
}

void Runtime::Emit(std::string_view text) {
  heap_.StepForBytes(text.size());
  if (output_->size() + text.size() > heap_.limits().max_output_bytes) {
    Fail(ErrorCode::kOutOfMemory, "the text is longer than {} bytes",
         heap_.limits().max_output_bytes);
  }
  *output_ += text;
}

void Runtime::EmitValue(const Value& value) {
  if (!value.is_none()) Emit(ToText(heap_, value));
}

Value Runtime::FindVariable(std::string_view name) {
  for (Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    heap_.Step(1 + scope->variables.size() / 8);
    for (const auto& [have, value] : scope->variables) {
      if (have == name) return value;
    }
  }
  if (const NativeFunction function = FindGlobalFunction(name)) {
    return Value::OfFunction(heap_.NewFunction({.name = name, .native = function}));
  }
  return Value::Undefined(name);
}

void Runtime::SetVariable(std::string_view name, const Value& value) {
  heap_.Step(1 + scope_->variables.size() / 8);
  for (auto& [have, old] : scope_->variables) {
    if (have == name) {
      old = value;
      return;
    }
  }
  heap_.Allocate(2 * sizeof(Value));
  scope_->variables.emplace_back(name, value);
}

void Runtime::Assign(const Expression& target, const Value& value) {
  if (target.kind == ExpressionKind::kName) return SetVariable(target.text, value);
  if (target.kind == ExpressionKind::kAttribute) {
    const Value object = Evaluate(*target.children[0]);
    if (object.kind() != Kind::kNamespace) {
      Fail(ErrorCode::kInvalidArgument, "attributes can be set on a namespace only, not on {}",
           KindName(object));
    }
    return heap_.Set(object.dict(), target.text, value);
  }
  const List* items = Iterate(heap_, value);
  if (items->items.size() != target.children.size()) {
    Fail(ErrorCode::kInvalidArgument, "{} values cannot be unpacked into {} names",
         items->items.size(), target.children.size());
  }
  for (size_t i = 0; i < items->items.size(); ++i) Assign(*target.children[i], items->items[i]);
}

Runtime::Flow Runtime::Execute(const Body& body) {
  const DepthGuard guard(*this);
  for (const auto& statement : body) {
    const Flow flow = ExecuteStatement(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Runtime::Flow Runtime::ExecuteStatement(const Statement& statement) {
  line_ = statement.line;
  heap_.Step();
  switch (statement.kind) {
    case StatementKind::kText:
      Emit(statement.text);
      return Flow::kNext;
    case StatementKind::kOutput:
      EmitValue(Evaluate(*statement.value));
      return Flow::kNext;
    case StatementKind::kIf:
      return ExecuteIf(statement);
    case StatementKind::kFor:
      return ExecuteFor(statement);
    case StatementKind::kSet:
      Assign(*statement.target, Evaluate(*statement.value));
      return Flow::kNext;
    case StatementKind::kSetBlock:
      ExecuteSetBlock(statement);
      return Flow::kNext;
    case StatementKind::kMacro:
      ExecuteMacro(statement);
      return Flow::kNext;
    case StatementKind::kCallBlock:
      ExecuteCallBlock(statement);
      return Flow::kNext;
    case StatementKind::kFilterBlock: {
      const Value text = Capture(statement.body);
      Emit(ToText(heap_, EvaluateFilter(*statement.value, &text)));
      return Flow::kNext;
    }
    case StatementKind::kWith:
      return ExecuteWith(statement);
    case StatementKind::kGroup:
      return Execute(statement.body);
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Runtime::Flow Runtime::ExecuteIf(const Statement& statement) {
  for (const Branch& branch : statement.branches) {
    if (!branch.condition || IsTrue(Evaluate(*branch.condition))) return Execute(branch.body);
  }
  return Flow::kNext;
}

List* Runtime::SelectItems(const Statement& loop, List* items) {
  if (!loop.condition) return items;
  List* selected = heap_.NewList();
  for (const Value& item : items->items) {
    scope_->variables.clear();
    Assign(*loop.target, item);
    if (IsTrue(Evaluate(*loop.condition))) heap_.Append(*selected, item);
  }
  return selected;
}

Runtime::Flow Runtime::ExecuteFor(const Statement& statement) {
  List* all = Iterate(heap_, Evaluate(*statement.value));
  Scope* outer = scope_;
  scope_ = PushScope(outer);
  const List* items = SelectItems(statement, all);
  Flow flow = Flow::kNext;
  if (items->items.empty()) {
    scope_->variables.clear();
    flow = Execute(statement.else_body);
  } else {
    Loop* loop = heap_.NewLoop(items);
    flow = ExecuteLoopBody(statement, *loop, *scope_);
  }
  scope_ = outer;
  return flow;
}

Runtime::Flow Runtime::ExecuteLoopBody(const Statement& statement, Loop& loop, Scope& scope) {
  scope.variables.clear();
  for (loop.position = 0; loop.position < loop.items->items.size(); ++loop.position) {
    heap_.Step();
    SetVariable("loop", Value::OfLoop(&loop));
    Assign(*statement.target, loop.items->items[loop.position]);
    if (Execute(statement.body) == Flow::kBreak) break;
  }
  return Flow::kNext;
}

Runtime::Flow Runtime::ExecuteWith(const Statement& with) {
  Scope* outer = scope_;
  Scope* inner = PushScope(outer);
  for (const auto& [target, expression] : with.assignments) {
    const Value value = Evaluate(*expression);
    scope_ = inner;
    Assign(*target, value);
    scope_ = outer;
  }
  scope_ = inner;
  const Flow flow = Execute(with.body);
  scope_ = outer;
  return flow;
}

Value Runtime::Capture(const Body& body) {
  std::string text;
  std::string* outer = output_;
  output_ = &text;
  Execute(body);
  output_ = outer;
  return heap_.NewString(text);
}

void Runtime::ExecuteSetBlock(const Statement& set) {
  const Value text = Capture(set.body);
  Assign(*set.target, set.value ? EvaluateFilter(*set.value, &text) : text);
}

void Runtime::ExecuteMacro(const Statement& macro) {
  Function function{.name = macro.text, .macro = &macro, .scope = scope_};
  SetVariable(macro.text, Value::OfFunction(heap_.NewFunction(function)));
}

void Runtime::ExecuteCallBlock(const Statement& call) {
  const Value callee = Evaluate(*call.value->children[0]);
  Arguments arguments = EvaluateArguments(*call.value);
  Function caller{.name = call.text, .macro = &call, .scope = scope_};
  arguments.named.emplace_back("caller", Value::OfFunction(heap_.NewFunction(caller)));
  Emit(ToText(heap_, Call(callee, arguments)));
}

Value Runtime::Call(const Value& function, const Arguments& arguments) {
  if (function.is_undefined()) {
    Fail(ErrorCode::kInvalidArgument, "'{}' is undefined and cannot be called", function.text());
  }
  if (function.kind() != Kind::kFunction) {
    Fail(ErrorCode::kInvalidArgument, "{} cannot be called", KindName(function));
  }
  const DepthGuard guard(*this);
  const Function& callee = function.function();
  return callee.macro != nullptr ? CallMacro(callee, arguments)
                                 : callee.native(*this, callee.self, arguments);
}

Value Runtime::CallMacro(const Function& function, const Arguments& arguments) {
  Scope* caller_scope = scope_;
  const int caller_line = line_;
  scope_ = PushScope(function.scope);
  BindParameters(*function.macro, arguments);
  const Value text = Capture(function.macro->body);
  scope_ = caller_scope;
  line_ = caller_line;
  return text;
}

void Runtime::BindParameters(const Statement& macro, const Arguments& arguments) {
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    Value value = arguments.Get(i, parameter.name);
    if (value.is_undefined() && parameter.default_value) value = Evaluate(*parameter.default_value);
    SetVariable(parameter.name, value);
  }
  List* rest = heap_.NewList();
  for (size_t i = macro.parameters.size(); i < arguments.positional.size(); ++i) {
    heap_.Append(*rest, arguments.positional[i]);
  }
  SetVariable("varargs", Value::OfTuple(rest));
  Dict* named = heap_.NewDict();
  for (const auto& [name, value] : arguments.named) {
    bool is_parameter = false;
    for (const Parameter& parameter : macro.parameters) is_parameter |= parameter.name == name;
    if (name == "caller") {
      SetVariable("caller", value);
    } else if (!is_parameter) {
      heap_.Set(*named, name, value);
    }
  }
  SetVariable("kwargs", Value::OfDict(named));
}

Value Runtime::ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments) {
  const NativeFunction filter = FindFilter(name);
  if (filter == nullptr) Fail(ErrorCode::kInvalidArgument, "the filter '{}' is not known", name);
  const DepthGuard guard(*this);
  return filter(*this, input, arguments);
}

bool Runtime::ApplyTest(std::string_view name, const Value& value, const Arguments& arguments) {
  const NativeTest test = FindTest(name);
  if (test == nullptr) Fail(ErrorCode::kInvalidArgument, "the test '{}' is not known", name);
  return test(*this, value, arguments);
}

}  // namespace pioneer::jinja
