// Why: a Lark grammar's statements between their text (lark_reader.cc) and the grammar (lark.cc).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pioneer::grammar {

struct LarkPart {
  enum class Kind {
    kString,   // text, flags
    kRegex,    // text, flags
    kRange,    // text .. flags: one character of the range
    kName,     // text: of a rule or terminal
    kSpecial,  // text: what stands between < and >
    kJson,     // text: a schema
    kSequence,
    kChoice,
    kRepeat,  // one child
    kAnd,
    kNot,  // one child
  };
  Kind kind = Kind::kSequence;
  std::string text, flags;
  std::vector<LarkPart> children;
  int min = 0, max = 0;
  size_t place = 0;
};

struct LarkDefinition {
  LarkPart body;
  bool lazy = false;
  size_t place = 0;
};

struct LarkGrammar {
  std::map<std::string, LarkDefinition> rules;      // lower case
  std::map<std::string, LarkDefinition> terminals;  // upper case
  std::vector<LarkPart> ignored;
};

LarkGrammar ReadLark(std::string_view source);

// "the Lark grammar is wrong in line N: {what}"
[[noreturn]] void FailLark(std::string_view source, size_t place, std::string_view what);

// The regex of a terminal of Lark's own library; "" = there is none.
std::string_view LarkCommonTerminal(std::string_view name);

}  // namespace pioneer::grammar
