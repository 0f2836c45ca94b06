// Why: the pattern of a call (chat_format.h) taken apart, for the reader and for the grammar.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer::chat_format {

struct PatternPart {
  enum class Kind {
    kLiteral,     // text
    kName,        // %n
    kArguments,   // %a
    kObject,      // a JSON object around "%n" and %a: name_key, arguments_key; "" = the name is key
    kParameters,  // %p
    kAny,         // %i
    kKey,         // %k
    kValue,       // %v
    kType,        // %t
  };
  Kind kind = Kind::kLiteral;
  std::string text;  // kLiteral; kObject: the object as the pattern writes it
  std::string name_key, arguments_key;
};

using Pattern = std::vector<PatternPart>;

// With `objects`, a JSON object that holds %n becomes one kObject.
Pattern ParsePattern(std::string_view pattern, bool objects);

// The text that the pattern begins with, without white space in front. "" when there is none.
std::string LeadingLiteral(std::string_view pattern);

std::string_view TrimmedFront(std::string_view text);
std::string_view Trimmed(std::string_view text);
bool IsSpaceByte(char c);

}  // namespace pioneer::chat_format
