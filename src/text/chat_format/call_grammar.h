// Why: tool calls are not only read but forced: under this grammar an answer that begins a call
// finishes it in the family's own syntax, with a tool that exists and arguments under its schema.
//
// Thoughts are not covered: whoever runs the grammar leaves them out (the texts between the
// format's reasoning markers, both included).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_format/chat_format.h"
#include "text/chat_format/tool_set.h"
#include "text/grammar/grammar.h"

namespace pioneer::chat_format {

struct ControlToken {
  std::string text;
  int32_t id = -1;
  bool ends_answer = false;  // then no grammar holds it: it stands for the end
};

struct CallGrammarOptions {
  bool required = false;  // at least one call, and no text before it
  std::string name;       // the only tool to call; "" = any
  bool parallel = true;   // several calls
  bool thinks = true;     // thoughts may come before calls
  std::string prompt_end;
  std::string answer_schema;  // JSON Schema of an answer without calls; "" = any text
  std::vector<ControlToken> control_tokens;
};

// nullopt: answers of this family cannot be told from calls before they are written whole (calls
// that begin with nothing but their JSON), and none is required. Throws Error{kInvalidArgument,
// kUnsupported} for a tool's schema that cannot be held; the message begins with its field.
std::optional<grammar::Grammar> MakeCallGrammar(const ChatFormat& format, const ToolSet& tools,
                                                const CallGrammarOptions& options);

}  // namespace pioneer::chat_format
