// Why: every family of models writes its reasoning and its tool calls in a syntax of its own. Each
// syntax is described here once, as data, and the description has two uses: answer_parser.h reads
// an answer by it, call_grammar.h makes the grammar that forces it.
//
// Source of the syntaxes: the models' published chat templates. docs/tool-formats.md lists them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer::chat_format {

// How the value of a single parameter is written, where parameters stand one by one.
enum class ValueStyle {
  kTyped,   // text as it is where the tool's schema says string, else JSON
  kPython,  // 'text', True, None, [1, 'a'], {'k': 1}
  kGemma,   // <|"|>text<|"|>, true, [1,<|"|>a<|"|>], {k:1}
};

// How calls are written. A call's pattern is its text with placeholders:
//   %n  the tool's name           %a  its arguments as a JSON object
//   %p  parameters, one by one    %i  any other text up to what follows (an id, an index)
// and in `parameter`: %k the key, %v the value, %t a type: "string" or "true" where the value is
// text. White space stands for any white space, none included. Where a pattern writes a JSON object
// around "%n" and %a, its keys are read in any order and further keys are let pass.
struct CallSyntax {
  std::string section_begin, section_end, separator;  // around and between all calls; may be ""
  std::vector<std::string> calls;  // the first is the one to force; the others are read, too
  std::string parameter, parameter_separator;
  ValueStyle values = ValueStyle::kTyped;
  std::string id;  // the call's id, of %n and %i; "" = what %i or the key "id" says, else a new one
};

struct ChatFormat {
  std::string name = {};
  // A template is of this family when it contains all texts of one of these groups.
  std::vector<std::vector<std::string>> recognised_by = {};
  std::string reasoning_begin = {}, reasoning_end = {};
  CallSyntax calls = {};
  std::vector<std::string> hidden = {};  // further markers, which are no part of the answer's text

  bool has_calls() const { return !calls.calls.empty(); }
};

// The families, the more special before the more general.
const std::vector<ChatFormat>& ChatFormats();

// Hermes' syntax, the most usual one: for templates that say nothing about calls.
CallSyntax GenericCalls();

// The family of a template. Of one that no family fits: reasoning markers where the template has
// some, and the generic calls.
ChatFormat DetectChatFormat(std::string_view template_source);

// Whether the rendered prompt ends inside reasoning, so that the answer begins with thoughts.
bool EndsInReasoning(const ChatFormat& format, std::string_view prompt);

// All texts that the format may read or force: control tokens that occur in them must be shown to
// the parser.
std::vector<std::string> Markers(const ChatFormat& format);

}  // namespace pioneer::chat_format
