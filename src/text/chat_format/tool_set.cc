#include "text/chat_format/tool_set.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer::chat_format {
namespace {

constexpr size_t kMaxTools = 512;
constexpr size_t kMaxNameBytes = 128;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/';
}

[[noreturn]] void FailField(size_t i, std::string_view field, std::string_view what) {
  Fail(ErrorCode::kInvalidArgument, "tools[{}]{}: {}", i, field, what);
}

Tool ReadTool(const OrderedJson& json, size_t i) {
  if (!json.is_object()) FailField(i, "", "must be an object");
  if (!json.contains("type") || json["type"] != "function") {
    FailField(i, ".type", "must be \"function\"");
  }
  if (!json.contains("function") || !json["function"].is_object()) {
    FailField(i, ".function", "must be an object");
  }
  const OrderedJson& function = json["function"];
  if (!function.contains("name") || !function["name"].is_string()) {
    FailField(i, ".function.name", "must be a string");
  }
  Tool tool;
  tool.name = function["name"].get<std::string>();
  if (tool.name.empty() || tool.name.size() > kMaxNameBytes ||
      !std::all_of(tool.name.begin(), tool.name.end(), IsNameByte)) {
    FailField(i, ".function.name",
              "must be 1 to 128 letters, digits, underscores, hyphens, points or slashes");
  }
  if (function.contains("parameters") && !function["parameters"].is_null()) {
    tool.parameters = function["parameters"];
    if (!tool.parameters.is_object()) {
      FailField(i, ".function.parameters", "must be an object (a JSON Schema)");
    }
  }
  return tool;
}

bool Allows(const OrderedJson& type, std::string_view name) {
  if (type.is_string()) return type.get_ref<const std::string&>() == name;
  return type.is_array() && std::any_of(type.begin(), type.end(), [&](const OrderedJson& one) {
           return one.is_string() && one.get_ref<const std::string&>() == name;
         });
}

std::string_view TypeName(const OrderedJson& value) {
  return value.is_string()           ? "string"
         : value.is_boolean()        ? "boolean"
         : value.is_number_integer() ? "integer"
         : value.is_number()         ? "number"
         : value.is_array()          ? "array"
         : value.is_object()         ? "object"
                                     : "null";
}

bool AllStrings(const OrderedJson& values) {
  return values.is_array() && !values.empty() &&
         std::all_of(values.begin(), values.end(), [](const auto& v) { return v.is_string(); });
}

}  // namespace

ToolSet::ToolSet(const std::string& tools_json) {
  if (tools_json.empty()) return;
  OrderedJson json;
  try {
    json = ParseOrderedJson(tools_json);
  } catch (const Error& error) {
    Fail(ErrorCode::kInvalidArgument, "tools: {}", error.what());
  }
  if (!json.is_array()) Fail(ErrorCode::kInvalidArgument, "tools: must be an array");
  if (json.size() > kMaxTools) {
    Fail(ErrorCode::kInvalidArgument, "tools: must have at most {} tools", kMaxTools);
  }
  for (size_t i = 0; i < json.size(); ++i) {
    Tool tool = ReadTool(json[i], i);
    if (Find(tool.name)) FailField(i, ".function.name", "there is another tool of this name");
    tools_.push_back(std::move(tool));
  }
}

const Tool* ToolSet::Find(std::string_view name) const {
  for (const Tool& tool : tools_) {
    if (tool.name == name) return &tool;
  }
  return nullptr;
}

const OrderedJson* ToolSet::FindParameter(std::string_view tool, std::string_view key) const {
  const Tool* found = Find(tool);
  if (!found || !found->parameters.is_object()) return nullptr;
  const auto properties = found->parameters.find("properties");
  if (properties == found->parameters.end() || !properties->is_object()) return nullptr;
  const auto parameter = properties->find(std::string(key));
  return parameter == properties->end() || !parameter->is_object() ? nullptr : &*parameter;
}

bool ToolSet::IsString(std::string_view tool, std::string_view key) const {
  const OrderedJson* schema = FindParameter(tool, key);
  if (!schema) return false;
  if (schema->contains("type")) return (*schema)["type"] == "string";
  return schema->contains("enum") && AllStrings((*schema)["enum"]);
}

OrderedJson ToolSet::TypedValue(std::string_view tool, std::string_view key,
                                const std::string& text) const {
  if (IsString(tool, key)) return text;
  OrderedJson value;
  try {
    value = ParseOrderedJson(text);
  } catch (const Error&) {
    // Models that write Python now and then.
    if (text == "True" || text == "False") return text == "True";
    if (text == "None") return nullptr;
    return text;
  }
  const OrderedJson* schema = FindParameter(tool, key);
  if (schema && schema->contains("type") && Allows((*schema)["type"], "string")) {
    const OrderedJson& type = (*schema)["type"];
    const std::string_view name = TypeName(value);
    const bool fits = Allows(type, name) || (name == "integer" && Allows(type, "number"));
    if (!fits) return text;
  }
  return value;
}

}  // namespace pioneer::chat_format
