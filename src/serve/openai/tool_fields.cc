#include "serve/openai/tool_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "serve/api_error.h"
#include "serve/openai/web_search.h"
#include "text/chat_format/tool_set.h"

namespace pioneer::serve::openai {
namespace {

constexpr size_t kMaxTools = 128;
constexpr size_t kMaxObjectKeys = 1024;

size_t WidestObject(const Json& value) {
  size_t widest = value.is_object() ? value.size() : 0;
  if (value.is_structured()) {
    for (const Json& child : value) widest = std::max(widest, WidestObject(child));
  }
  return widest;
}

// "tools[0].function.name: must be ..." names its field itself.
[[noreturn]] void ThrowNamed(const std::string& message) {
  const size_t colon = message.find(": ");
  if (colon == std::string::npos) throw InvalidField("tools", message);
  throw InvalidField(message.substr(0, colon), message.substr(colon + 2));
}

bool IsWebSearch(const Json& tool) {
  return tool.is_object() && tool.contains("type") && tool["type"] == kWebSearchTool;
}

// Each keeps its place, so that messages name it rightly.
void OfferWebSearch(const Json& tools, OrderedJson& offered, ChatCall& call) {
  for (size_t i = 0; i < tools.size(); ++i) {
    if (!IsWebSearch(tools[i])) continue;
    call.web_search = ReadWebSearchTool(FieldReader(tools[i], fmt::format("tools[{}]", i)));
    offered[i] = WebSearchFunction();
  }
}

std::string ReadTools(const FieldReader& body, const Json& json, std::string_view text,
                      ChatCall& call) {
  const Json* tools = body.Array("tools");
  if (!tools || tools->empty()) return "";
  if (tools->size() > kMaxTools) {
    throw InvalidField("tools", fmt::format("must have at most {} tools", kMaxTools));
  }
  // An ordered object finds keys one by one: bound its width before parsing again.
  if (WidestObject(json) > kMaxObjectKeys) {
    throw InvalidField("tools", fmt::format("objects must have at most {} keys", kMaxObjectKeys));
  }
  OrderedJson offered = ParseOrderedJson(text)["tools"];
  OfferWebSearch(*tools, offered, call);
  std::string tools_json = DumpJson(offered);
  try {
    const chat_format::ToolSet check(tools_json);
  } catch (const Error& error) {
    ThrowNamed(error.what());
  }
  return tools_json;
}

// The search is to be made in any case: nothing is left for the model to choose.
void SearchAlways(ChatCall& call) {
  call.web_search->model_decides = false;
  call.request.tools_json.clear();
}

void ReadNamedChoice(const Json& choice, ChatCall& call) {
  ChatRequest& request = call.request;
  const FieldReader fields(choice, "tool_choice");
  const std::string type = fields.String("type").value_or("");
  if (type == kWebSearchTool) {
    if (!call.web_search) throw InvalidField("tool_choice.type", "is none of the tools");
    return SearchAlways(call);
  }
  if (type != "function") {
    throw InvalidField("tool_choice.type", "must be \"function\"");
  }
  const Json* function = fields.Object("function");
  if (!function) throw InvalidField("tool_choice.function", "is missing");
  const auto name = FieldReader(*function, "tool_choice.function").String("name");
  if (!name) throw InvalidField("tool_choice.function.name", "is missing");
  if (request.tools_json.empty() || !chat_format::ToolSet(request.tools_json).Find(*name)) {
    throw InvalidField("tool_choice.function.name", "is none of the tools");
  }
  request.tool_choice = ToolChoice::kNamed;
  request.tool_name = *name;
}

void ReadChoice(const FieldReader& body, ChatCall& call) {
  ChatRequest& request = call.request;
  const Json* choice = body.Find("tool_choice");
  if (!choice || *choice == "auto") return;
  if (*choice == "none") {
    request.tool_choice = ToolChoice::kNone;
    call.web_search.reset();
  } else if (*choice == "required") {
    if (request.tools_json.empty()) {
      throw InvalidField("tool_choice", "\"required\" needs tools");
    }
    request.tool_choice = ToolChoice::kRequired;
    if (call.web_search && body.Array("tools")->size() == 1) SearchAlways(call);
  } else if (choice->is_object()) {
    ReadNamedChoice(*choice, call);
  } else {
    throw InvalidField(
        "tool_choice",
        "must be \"none\", \"auto\", \"required\" or an object that names a function");
  }
}

}  // namespace

void ReadToolFields(const FieldReader& body, const Json& json, std::string_view text,
                    ChatCall& call) {
  call.request.tools_json = ReadTools(body, json, text, call);
  ReadChoice(body, call);
  call.request.parallel_tool_calls = body.Bool("parallel_tool_calls").value_or(true);
}

}  // namespace pioneer::serve::openai
