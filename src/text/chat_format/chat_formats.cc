// Why: the table. See chat_format.h for what the fields mean.
#include <algorithm>
#include <array>
#include <utility>

#include "text/chat_format/chat_format.h"

namespace pioneer::chat_format {
namespace {

CallSyntax Calls(std::vector<std::string> calls) {
  CallSyntax syntax;
  syntax.calls = std::move(calls);
  return syntax;
}

CallSyntax Section(std::string begin, std::vector<std::string> calls, std::string separator,
                   std::string end) {
  CallSyntax syntax = Calls(std::move(calls));
  syntax.section_begin = std::move(begin);
  syntax.separator = std::move(separator);
  syntax.section_end = std::move(end);
  return syntax;
}

CallSyntax WithParameters(CallSyntax syntax, std::string parameter, std::string separator = "",
                          ValueStyle values = ValueStyle::kTyped) {
  syntax.parameter = std::move(parameter);
  syntax.parameter_separator = std::move(separator);
  syntax.values = values;
  return syntax;
}

CallSyntax WithIds(CallSyntax syntax, std::string id) {
  syntax.id = std::move(id);
  return syntax;
}

std::vector<ChatFormat> MakeFormats() {
  const std::string kThink = "<think>", kEndThink = "</think>";
  std::vector<ChatFormat> formats;
  const auto add = [&](ChatFormat format) { formats.push_back(std::move(format)); };

  add({.name = "gpt-oss",
       .recognised_by = {{"<|channel|>analysis", "<|message|>"}},
       .reasoning_begin = "<|channel|>analysis<|message|>",
       .reasoning_end = "<|end|>",
       .calls =
           Calls({"<|channel|>commentary to=functions.%n <|constrain|>json<|message|>%a<|call|>",
                  "<|channel|>commentary to=functions.%n%i<|message|>%a<|call|>",
                  "<|channel|>analysis to=functions.%n%i<|message|>%a<|call|>",
                  " to=functions.%n%i<|message|>%a<|call|>"}),
       .hidden = {"<|start|>assistant", "<|channel|>final<|message|>",
                  "<|channel|>commentary<|message|>", "<|channel|>final", "<|channel|>commentary",
                  "<|message|>", "<|constrain|>json", "<|end|>", "<|return|>", "<|call|>"}});
  add({.name = "kimi-k3",
       .recognised_by = {{"<|open|>", "<|sep|>"}, {"argument key=", "call tool="}},
       .reasoning_begin = "<|open|>think<|sep|>",
       .reasoning_end = "<|close|>think<|sep|>",
       .calls = WithParameters(
           Section("<|open|>tools<|sep|>",
                   {"<|open|>call tool=\"%n\" index=\"%i\"<|sep|>%p<|close|>call<|sep|>"}, "",
                   "<|close|>tools<|sep|>"),
           "<|open|>argument key=\"%k\" type=\"%t\"<|sep|>%v<|close|>argument<|sep|>"),
       .hidden = {"<|open|>response<|sep|>", "<|close|>response<|sep|>", "<|close|>message<|sep|>",
                  "<|end_of_msg|>"}});
  add({.name = "kimi-k2",
       .recognised_by = {{"<|tool_calls_section_begin|>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = WithIds(Section("<|tool_calls_section_begin|>",
                                {"<|tool_call_begin|>functions.%n:%i<|tool_call_argument_begin|>%a"
                                 "<|tool_call_end|>"},
                                "", "<|tool_calls_section_end|>"),
                        "functions.%n:%i")});
  add({.name = "muse",
       .recognised_by = {{"<atem:function_calls>"}},
       .reasoning_begin = " to=self<|message|>",
       .reasoning_end = "<|eom|>",
       .calls = WithParameters(
           Calls({" to=%n<|message|><atem:function_calls>\n<atem:invoke name=\"%n\">\n%p"
                  "</atem:invoke>\n</atem:function_calls>",
                  "<atem:function_calls>\n<atem:invoke name=\"%n\">\n%p</atem:invoke>\n"
                  "</atem:function_calls>"}),
           "<atem:parameter name=\"%k\">%v</atem:parameter>\n"),
       .hidden = {"<|start|>assistant to=user<|message|>", "<|start|>assistant<|message|>",
                  "<|start|>assistant", " to=user<|message|>", "<|message|>", "<|eom|>"}});
  for (const char* word : {"tool_calls", "function_calls"}) {  // DeepSeek V4, V3.2
    const std::string section = "<｜DSML｜" + std::string(word) + ">";
    const std::string end = "\n</｜DSML｜" + std::string(word) + ">";
    add({.name = word == std::string("tool_calls") ? "deepseek-v4" : "deepseek-v3.2",
         .recognised_by = {{"｜DSML｜", word == std::string("tool_calls")
                                            ? "｜DSML｜' + 'tool_calls"
                                            : "｜DSML｜"},
                           {"｜DSML｜",
                            word == std::string("tool_calls") ? "tool_calls>" : "function_calls"}},
         .reasoning_begin = kThink,
         .reasoning_end = kEndThink,
         .calls = WithParameters(
             Section("\n\n" + section, {"\n<｜DSML｜invoke name=\"%n\">\n%p</｜DSML｜invoke>"}, "",
                     end),
             "<｜DSML｜parameter name=\"%k\" string=\"%t\">%v</｜DSML｜parameter>\n")});
  }
  add({.name = "deepseek-v3.1",
       .recognised_by =
           {{"<｜tool▁sep｜>", "thinking", "<｜tool▁call▁begin｜>'+ tool"},
            {"'<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>'+ tool['function']['name']"},
            {"'<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + tool['function']['name']"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Section("<｜tool▁calls▁begin｜>",
                        {"<｜tool▁call▁begin｜>%n<｜tool▁sep｜>%a<｜tool▁call▁end｜>"}, "",
                        "<｜tool▁calls▁end｜>")});
  add({.name = "deepseek-r1",
       .recognised_by = {{"<｜tool▁sep｜>"}, {"<｜tool▁calls▁begin｜>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Section("<｜tool▁calls▁begin｜>",
                        {"<｜tool▁call▁begin｜>function<｜tool▁sep｜>%n\n```json\n%a\n```"
                         "<｜tool▁call▁end｜>"},
                        "\n", "<｜tool▁calls▁end｜>")});
  add({.name = "minimax-m3",
       .recognised_by = {{"]<]minimax[>["}, {"minimax[", "mm:think"}},
       .reasoning_begin = "<mm:think>",
       .reasoning_end = "</mm:think>",
       .calls =
           WithParameters(Section("]<]minimax[>[<tool_call>\n",
                                  {"]<]minimax[>[<invoke name=\"%n\">%p]<]minimax[>[</invoke>"},
                                  "\n", "\n]<]minimax[>[</tool_call>"),
                          "]<]minimax[>[<%k>%v]<]minimax[>[</%i>")});
  add({.name = "minimax-m2",
       .recognised_by = {{"<minimax:tool_call>"}, {"minimax:tool_call"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls =
           WithParameters(Section("<minimax:tool_call>", {"\n<invoke name=\"%n\">\n%p</invoke>"},
                                  "", "\n</minimax:tool_call>"),
                          "<parameter name=\"%k\">%v</parameter>\n")});
  add({.name = "minimax-m1",
       .recognised_by = {{"<tool_calls>", "<beginning_of_sentence>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Section("<tool_calls>\n", {"{\"name\": \"%n\", \"arguments\": %a}"}, "\n",
                        "\n</tool_calls>")});
  add({.name = "hunyuan",
       .recognised_by = {{"<tool_sep", "tool_calls", "hy_"}},
       .reasoning_begin = "<think:opensource>",
       .reasoning_end = "</think:opensource>",
       .calls = WithParameters(
           Section("<tool_calls:opensource>\n",
                   {"<tool_call:opensource>%n<tool_sep:opensource>\n%p</tool_call:opensource>"},
                   "\n", "\n</tool_calls:opensource>"),
           "<arg_key:opensource>%k</arg_key:opensource>\n<arg_value:opensource>%v"
           "</arg_value:opensource>\n")});
  add({.name = "seed-oss",
       .recognised_by = {{"<seed:tool_call>"}, {"seed:tool_call"}},
       .reasoning_begin = "<seed:think>",
       .reasoning_end = "</seed:think>",
       .calls = WithParameters(
           Calls({"<seed:tool_call>\n<function=%n>\n%p</function>\n</seed:tool_call>"}),
           "<parameter=%k>%v</parameter>\n")});
  add({.name = "qwen3-coder",  // also Qwen3.5, Nemotron 3, Step 3.5
       .recognised_by = {{"<tool_call>", "<function=", "<parameter="}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = WithParameters(Calls({"<tool_call>\n<function=%n>\n%p</function>\n</tool_call>",
                                      "<function=%n>\n%p</function>"}),
                               "<parameter=%k>\n%v\n</parameter>\n")});
  add({.name = "glm",  // also Ling, Laguna, Spark
       .recognised_by = {{"<tool_call>", "<arg_key>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = WithParameters(Calls({"<tool_call>%n\n%p</tool_call>"}),
                               "<arg_key>%k</arg_key>\n<arg_value>%v</arg_value>\n"),
       .hidden = {"<|observation|>"}});
  add({.name = "minicpm5",
       .recognised_by = {{"<function name=", "<param name="}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = WithParameters(Calls({"<function name=\"%n\">%p</function>"}),
                               "<param name=\"%k\">%v</param>")});
  add({.name = "gemma-4",
       .recognised_by = {{"<|tool_call>", "call:"}},
       .reasoning_begin = "<|channel>thought",
       .reasoning_end = "<channel|>",
       .calls = WithParameters(Calls({"<|tool_call>call:%n{%p}<tool_call|>"}), "%k:%v", ",",
                               ValueStyle::kGemma)});
  add({.name = "lfm2",
       .recognised_by = {{"<|tool_call_start|>"},
                         {"<|tool_list_start|>"},
                         {"List of tools: [", "<|im_start|>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = WithParameters(
           Section("<|tool_call_start|>[", {"%n(%p)", "{\"name\": \"%n\", \"arguments\": %a}"},
                   ", ", "]<|tool_call_end|>"),
           "%k=%v", ", ", ValueStyle::kPython)});
  add({.name = "solar",
       .recognised_by = {{"<|tool_call:begin|>"}},
       .reasoning_begin = "<|think|>",
       .reasoning_end = "<|end|>",
       .calls = Section("<|tool_calls|>",
                        {"<|tool_call:begin|>%i<|tool_call:name|>%n<|tool_call:args|>%a"
                         "<|tool_call:end|>"},
                        "", "<|calls|>"),
       .hidden = {"<|begin|>assistant", "<|content|>", "<|end|>", "<|flush|>", "<|calls|>"}});
  add({.name = "mistral",  // with ids between name and arguments, and without
       .recognised_by = {{"[TOOL_CALLS]", "[ARGS]"}},
       .reasoning_begin = "[THINK]",
       .reasoning_end = "[/THINK]",
       .calls = Calls({"[TOOL_CALLS]%n[ARGS]%a", "[TOOL_CALLS]%n[CALL_ID]%i[ARGS]%a"})});
  add({.name = "mistral-nemo",
       .recognised_by = {{"[TOOL_CALLS]"}},
       .reasoning_begin = "[THINK]",
       .reasoning_end = "[/THINK]",
       .calls = Section("[TOOL_CALLS][", {"{\"name\": \"%n\", \"arguments\": %a, \"id\": \"%i\"}"},
                        ", ", "]")});
  add({.name = "command",  // Cohere's Command R7B and later
       .recognised_by = {{"<|START_ACTION|>"}},
       .reasoning_begin = "<|START_THINKING|>",
       .reasoning_end = "<|END_THINKING|>",
       .calls = Section("<|START_ACTION|>[\n",
                        {"    {\"tool_call_id\": \"%i\", \"tool_name\": \"%n\", "
                         "\"parameters\": %a}"},
                        ",\n", "\n]<|END_ACTION|>"),
       .hidden = {"<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"}});
  add({.name = "command-r-plus",
       .recognised_by = {{"directly-answer", "tool_name"}},
       .calls = Section("Action: ```json\n[\n",
                        {"{\"tool_name\": \"%n\", \"parameters\": %a}",
                         "Action:```json\n[\n{\"tool_name\": \"%n\", \"parameters\": %a}"},
                        ",\n", "\n]```")});
  add({.name = "apertus",
       .recognised_by = {{"<|tools_prefix|>"}},
       .reasoning_begin = "<|inner_prefix|>",
       .reasoning_end = "<|inner_suffix|>",
       .calls = Section("<|tools_prefix|>[", {"{\"%n\": %a}"}, ", ", "]<|tools_suffix|>")});
  add({.name = "nemotron-nano-v2",
       .recognised_by = {{"<TOOLCALL>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Section("<TOOLCALL>[", {"{\"name\": \"%n\", \"arguments\": %a}"}, ", ",
                        "]</TOOLCALL>")});
  add({.name = "apriel",
       .recognised_by = {{"<tool_calls>[", "BEGIN FINAL RESPONSE"}, {"<tool_calls>["}},
       .reasoning_begin = "Here are my reasoning steps:",
       .reasoning_end = "[BEGIN FINAL RESPONSE]",
       .calls = Section("<tool_calls>[", {"{\"name\": \"%n\", \"arguments\": %a}"}, ", ",
                        "]</tool_calls>"),
       .hidden = {"[END FINAL RESPONSE]"}});
  add({.name = "gigachat",
       .recognised_by = {{"<|role_sep|>", "function call"}, {"<|function_call|>"}},
       .calls = Calls({"<|function_call|>{\"name\": \"%n\", \"arguments\": %a}",
                       "function call<|role_sep|>\n{\"name\": \"%n\", \"arguments\": %a}"}),
       .hidden = {"<|message_sep|>"}});
  add({.name = "functionary-v3.2",
       .recognised_by = {{">>>all"}, {">>>"}},
       .calls = Calls({">>>%n\n%a"}),
       .hidden = {">>>all\n", "all\n"}});
  add({.name = "functionary-v3.1",
       .recognised_by = {{"<function=", "</function>"}},
       .calls = Calls({"<function=%n>%a</function>"})});
  add({.name = "granite-3",
       .recognised_by = {{"<|tool_call|>", "<|start_of_role|>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Section("<|tool_call|>[", {"{\"name\": \"%n\", \"arguments\": %a}"}, ", ", "]")});
  add({.name = "phi-4",
       .recognised_by = {{"<|tool_call|>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Section("<|tool_call|>[", {"{\"name\": \"%n\", \"arguments\": %a}"}, ", ",
                        "]<|/tool_call|>")});
  add({.name = "firefunction",
       .recognised_by = {{"functools["}},
       .calls = Section("functools[", {"{\"name\": \"%n\", \"arguments\": %a}"}, ", ", "]")});
  add({.name = "hermes",  // also Qwen 2.5, Qwen 3, QwQ, Granite 4, SmolLM3, Bielik, MiMo, Reka
       .recognised_by = {{"<tool_call>"}},
       .reasoning_begin = kThink,
       .reasoning_end = kEndThink,
       .calls = Calls({"<tool_call>\n{\"name\": \"%n\", \"arguments\": %a}\n</tool_call>"})});
  add({.name = "llama-3",
       .recognised_by = {{"<|python_tag|>"},
                         {"<|start_header_id|>", "\"parameters\": "},
                         {"<|start_header_id|>", "'parameters': "}},
       .calls = Calls({"{\"name\": \"%n\", \"parameters\": %a}",
                       "<|python_tag|>{\"name\": \"%n\", \"parameters\": %a}"})});
  return formats;
}

bool ContainsAll(std::string_view text, const std::vector<std::string>& needles) {
  return std::all_of(needles.begin(), needles.end(), [&](const std::string& needle) {
    return text.find(needle) != std::string_view::npos;
  });
}

// Beginnings and ends of reasoning in templates of no known family.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kReasoningMarkers = {
    {{"<think>", "</think>"}, {"[THINK]", "[/THINK]"}, {"<thinking>", "</thinking>"}}};

ChatFormat GenericFormat(std::string_view source) {
  ChatFormat format;
  format.name = "generic";
  for (const auto& [begin, end] : kReasoningMarkers) {
    if (source.find(end) == std::string_view::npos) continue;
    format.reasoning_begin = begin;
    format.reasoning_end = end;
    break;
  }
  format.calls = GenericCalls();
  return format;
}

}  // namespace

CallSyntax GenericCalls() {
  return Calls({"<tool_call>\n{\"name\": \"%n\", \"arguments\": %a}\n</tool_call>"});
}

const std::vector<ChatFormat>& ChatFormats() {
  static const std::vector<ChatFormat> formats = MakeFormats();
  return formats;
}

ChatFormat DetectChatFormat(std::string_view source) {
  for (const ChatFormat& format : ChatFormats()) {
    for (const auto& group : format.recognised_by) {
      if (ContainsAll(source, group)) return format;
    }
  }
  return GenericFormat(source);
}

bool EndsInReasoning(const ChatFormat& format, std::string_view prompt) {
  if (format.reasoning_begin.empty()) return false;
  const size_t begin = prompt.rfind(format.reasoning_begin);
  if (begin == std::string_view::npos) return false;
  const size_t behind = begin + format.reasoning_begin.size();
  // Older turns end their reasoning and go on; only the very end of the prompt may lie inside.
  return prompt.find_first_not_of(" \t\r\n", behind) == std::string_view::npos;
}

std::vector<std::string> Markers(const ChatFormat& format) {
  std::vector<std::string> markers = format.hidden;
  const CallSyntax& calls = format.calls;
  for (const std::string& text :
       {format.reasoning_begin, format.reasoning_end, calls.section_begin, calls.section_end,
        calls.separator, calls.parameter, calls.parameter_separator}) {
    markers.push_back(text);
  }
  markers.insert(markers.end(), calls.calls.begin(), calls.calls.end());
  if (calls.values == ValueStyle::kGemma) markers.emplace_back("<|\"|>");
  std::erase(markers, "");
  return markers;
}

}  // namespace pioneer::chat_format
