#include "engine/template_abilities.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr char kTools[] =
    R"([{"type": "function", "function": {"name": "probe_tool", "description": "probe",
         "parameters": {"type": "object", "required": ["probe_key"], "properties":
         {"probe_key": {"type": "string", "description": "probe"}}}}}])";

bool Shows(const ChatTemplate& chat_template, OrderedJson messages, const char* what,
           OrderedJson tools) {
  ChatTemplateInput input;
  input.messages = std::move(messages);
  input.tools = std::move(tools);
  input.extra["functions"] = kTools;
  input.extra["datetime"] = "now";
  try {
    return chat_template.Render(input).find(what) != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

// The model has learned to write this space; it is the template's, not the answer's.
bool HasSpaceBeforeAnswers(const ChatTemplate& chat_template) {
  ChatTemplateInput input;
  input.messages = OrderedJson::array({{{"role", "user"}, {"content", "probe"}}});
  try {
    const std::string asked = chat_template.Render(input);
    input.messages.push_back({{"role", "assistant"}, {"content", "probe_answer"}});
    input.add_generation_prompt = false;
    return chat_template.Render(input).starts_with(asked + " probe_answer");
  } catch (const Error&) {
    return false;
  }
}

OrderedJson Conversation(const OrderedJson& content, const OrderedJson& arguments) {
  const OrderedJson call = {{"id", "probe1234"},
                            {"type", "function"},
                            {"function", {{"name", "probe_tool"}, {"arguments", arguments}}}};
  return OrderedJson::array(
      {{{"role", "user"}, {"content", "probe"}},
       {{"role", "assistant"}, {"content", content}, {"tool_calls", OrderedJson::array({call})}},
       {{"role", "tool"},
        {"content", "probe_result"},
        {"name", "probe_tool"},
        {"tool_call_id", "probe1234"}}});
}

std::string ToolsInWords(const OrderedJson& tools) {
  std::string text =
      "You can call tools. Each line between <tools> and </tools> describes one:\n<tools>\n";
  for (const OrderedJson& tool : tools) text += DumpJson(tool) + "\n";
  return text +
         "</tools>\nTo call a tool, write\n<tool_call>\n"
         "{\"name\": the tool's name, \"arguments\": an object that fits its parameters}\n"
         "</tool_call>\nIts result then comes between <tool_response> and </tool_response>.";
}

std::string CallsInWords(const ChatMessage& message) {
  std::string text = message.content;
  for (const ChatMessage::ToolCall& call : message.tool_calls) {
    if (!text.empty()) text += "\n";
    text += "<tool_call>\n{\"name\": " + DumpJson(OrderedJson(call.name)) +
            ", \"arguments\": " + call.arguments_json + "}\n</tool_call>";
  }
  return text;
}

void AddToolsMessage(std::vector<ChatMessage>& messages, const std::string& text, bool system) {
  const char* role = system ? "system" : "user";
  for (ChatMessage& message : messages) {
    const bool here = message.role == role || (system && message.role == "developer");
    if (!here) continue;
    message.content = system ? message.content + "\n\n" + text : text + "\n\n" + message.content;
    return;
  }
  ChatMessage message;
  message.role = role;
  message.content = text;
  messages.insert(messages.begin(), std::move(message));
}

}  // namespace

TemplateAbilities ProbeTemplate(const ChatTemplate& chat_template) {
  TemplateAbilities abilities;
  const OrderedJson user = {{"role", "user"}, {"content", "probe"}};
  abilities.system = Shows(chat_template, {{{"role", "system"}, {"content", "probe_system"}}, user},
                           "probe_system", nullptr);
  abilities.space_before_answers = HasSpaceBeforeAnswers(chat_template);
  const OrderedJson tools = ParseOrderedJson(kTools);
  abilities.tools = Shows(chat_template, OrderedJson::array({user}), "probe_tool", tools);
  const OrderedJson object = {{"probe_key", "probe_value"}};
  for (const bool without_content : {false, true}) {
    for (const bool as_text : {false, true}) {
      const OrderedJson content = without_content ? OrderedJson(nullptr) : OrderedJson("");
      const OrderedJson arguments = as_text ? OrderedJson(DumpJson(object)) : object;
      if (!Shows(chat_template, Conversation(content, arguments), "probe_value", tools)) continue;
      abilities.arguments_as_text = as_text;
      abilities.calls_without_content = without_content;
      OrderedJson messages = Conversation(content, arguments);
      messages.back() = {{"role", "user"}, {"content", "probe_next"}};
      abilities.calls_without_results =
          Shows(chat_template, std::move(messages), "probe_next", tools);
      return abilities;
    }
  }
  return abilities;
}

void TellCallsWithoutResults(std::vector<ChatMessage>& messages) {
  for (size_t i = 0; i + 1 < messages.size(); ++i) {
    ChatMessage& message = messages[i];
    if (messages[i + 1].role == "tool") continue;
    for (const ChatMessage::ToolCall& call : message.tool_calls) {
      if (!message.content.empty()) message.content += "\n";
      message.content += call.name + " " + call.arguments_json;
    }
    message.tool_calls.clear();
  }
}

std::vector<ChatMessage> TellAboutTools(std::vector<ChatMessage> messages, const OrderedJson& tools,
                                        bool system) {
  std::vector<ChatMessage> told;
  for (ChatMessage& message : messages) {
    if (!message.tool_calls.empty()) {
      message.content = CallsInWords(message);
      message.tool_calls.clear();
    }
    if (message.role == "tool") {
      const std::string result = "<tool_response>\n" + message.content + "\n</tool_response>";
      if (!told.empty() && told.back().role == "user") {
        told.back().content += "\n" + result;
        continue;
      }
      message = ChatMessage();
      message.role = "user";
      message.content = result;
    }
    told.push_back(std::move(message));
  }
  if (tools.is_array() && !tools.empty()) AddToolsMessage(told, ToolsInWords(tools), system);
  return told;
}

}  // namespace pioneer
