#include "eval/call_rule.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer::eval {
namespace {

const Json* FindTool(const Json& tools, const std::string& name) {
  for (const Json& tool : tools) {
    const Json& function = tool.at("function");
    if (function.at("name") == name) return &function;
  }
  return nullptr;
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return true;
}

bool Fits(const Json& arguments, const Json& function) {
  if (!arguments.is_object()) return false;
  const Json parameters = function.value("parameters", Json::object());
  const Json properties = parameters.value("properties", Json::object());
  for (const Json& key : parameters.value("required", Json::array())) {
    if (!arguments.contains(key.get<std::string>())) return false;
  }
  return std::all_of(arguments.items().begin(), arguments.items().end(), [&](const auto& argument) {
    if (!properties.contains(argument.key())) return false;
    const Json& schema = properties.at(argument.key());
    const Json type = schema.is_object() ? schema.value("type", Json()) : Json();
    return !type.is_string() || HasType(argument.value(), type.template get<std::string>());
  });
}

}  // namespace

void CheckCallRule(const CallRule& rule) {
  const bool named = rule.tools.is_array() && !rule.tools.empty() &&
                     std::all_of(rule.tools.begin(), rule.tools.end(), [](const Json& tool) {
                       return tool.is_object() && tool.contains("function") &&
                              tool["function"].is_object() && tool["function"].contains("name") &&
                              tool["function"]["name"].is_string();
                     });
  if (!named) {
    Fail(ErrorCode::kInvalidArgument,
         "\"tools\" must be an array of {{\"type\": \"function\", \"function\": {{\"name\": "
         "...}}}}");
  }
  const bool call = rule.expected.is_object() && rule.expected.contains("name") &&
                    rule.expected["name"].is_string() && rule.expected.contains("arguments") &&
                    rule.expected["arguments"].is_object();
  if (!call || FindTool(rule.tools, rule.expected["name"]) == nullptr) {
    Fail(ErrorCode::kInvalidArgument,
         "\"expected\" must be {{\"name\": one of the tools, \"arguments\": an object}}");
  }
}

std::map<std::string, double> JudgeCall(const CallRule& rule, const std::vector<ToolUse>& calls) {
  std::map<std::string, double> scores = {{"exact_match", 0}, {"valid_call", 0}};
  if (calls.size() != 1) return scores;
  const Json arguments = Json::parse(calls.front().arguments, nullptr, false);
  if (arguments.is_discarded()) return scores;
  const Json* function = FindTool(rule.tools, calls.front().name);
  if (function == nullptr) return scores;
  scores["valid_call"] = Fits(arguments, *function) ? 1 : 0;
  const bool right = calls.front().name == rule.expected["name"].get<std::string>() &&
                     arguments == rule.expected["arguments"];
  scores["exact_match"] = right ? 1 : 0;
  return scores;
}

}  // namespace pioneer::eval
