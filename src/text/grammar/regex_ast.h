// Why: a pattern's structure, between its text and its term: assertions such as ^ and look-ahead
// depend on what stands around them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/grammar/char_set.h"
#include "text/grammar/regex_parser.h"

namespace pioneer::grammar {

struct RegexAst {
  enum class Kind : uint8_t { kChars, kConcat, kOr, kRepeat, kBegin, kEnd, kLookAhead };
  Kind kind = Kind::kConcat;
  CharSet chars;                   // kChars
  std::vector<RegexAst> children;  // kRepeat, kLookAhead: one
  int min = 0, max = 0;            // kRepeat
  bool negated = false;            // kLookAhead
  size_t place = 0;                // in the pattern, for messages
  bool asserts = false;            // it or a part of it is no plain expression
};

RegexAst ParseRegexAst(std::string_view pattern, const RegexSyntax& syntax);

// "the pattern \"...\" is not ...: {what} at character {place}"
[[noreturn]] void FailPattern(std::string_view pattern, size_t place, std::string_view what);

}  // namespace pioneer::grammar
