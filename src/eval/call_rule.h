// Why: whether an answer calls the right tool. A call is checked as a program would that gets it:
// by its name and arguments, not by its text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace pioneer::eval {

struct ToolUse {
  std::string name;
  std::string arguments;  // JSON, as the model wrote them
};

// What an answer should call: {"name": ..., "arguments": {...}}, and the tools that it may choose
// from, in OpenAI's form.
struct CallRule {
  Json tools, expected;
};

// Throws Error{kInvalidArgument} in words where the rule is none: tools without name, an expected
// call of a tool that is not offered.
void CheckCallRule(const CallRule& rule);

// "exact_match": one call, the expected one, its arguments equal as JSON. "valid_call": one call of
// a tool that is offered, whose arguments are an object with every parameter that the tool
// requires, none that it has not, and each of the type that its schema names.
std::map<std::string, double> JudgeCall(const CallRule& rule, const std::vector<ToolUse>& calls);

}  // namespace pioneer::eval
