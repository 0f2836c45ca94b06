// Why: what the tools of a request are called and what their parameters may be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace pioneer::chat_format {

struct Tool {
  std::string name;
  OrderedJson parameters;  // a JSON Schema; null = anything
};

class ToolSet {
 public:
  ToolSet() = default;
  // OpenAI's tools array as text, "" = none. Throws Error{kInvalidArgument} that names the field:
  // "tools[0].function.name: ...".
  explicit ToolSet(const std::string& tools_json);

  bool empty() const { return tools_.empty(); }
  const std::vector<Tool>& tools() const { return tools_; }
  // nullptr when there is none.
  const Tool* Find(std::string_view name) const;

  // A parameter's text as JSON, for families that write text as it is: where the schema says string
  // it is one, else what it is as JSON, and a string when it is none.
  OrderedJson TypedValue(std::string_view tool, std::string_view key,
                         const std::string& text) const;
  // Whether it can be nothing but a string.
  bool IsString(std::string_view tool, std::string_view key) const;

 private:
  const OrderedJson* FindParameter(std::string_view tool, std::string_view key) const;

  std::vector<Tool> tools_;
};

}  // namespace pioneer::chat_format
