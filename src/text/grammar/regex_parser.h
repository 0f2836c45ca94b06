// Why: patterns as people write them (ECMA-262 as JSON Schema's "pattern", PCRE-like as in Lark and
// whole-answer regexes) become terms.
//
// Held: literals, ., classes [...] with ranges, \d \w \s and complements, [:alpha:] and its like,
// \p{...} of Unicode (categories, scripts, binary properties), escapes (\n \xHH \uHHHH \u{H...} \cX
// ...), groups (capturing, named, (?:...)), alternation, * + ? {m,n} (lazy marks change nothing: a
// language has no order), ^ and $ (\A \z) anywhere, look-ahead, flags (?i) and (?s). Refused with a
// message that names the construct and its place: back references, look-behind, word boundaries,
// possessive repetition, atomic groups, multi-line anchors, look-ahead inside repetitions but for
// ((?!x).)* at the end.
#pragma once

#include <functional>
#include <string_view>

#include "text/grammar/regex.h"

namespace pioneer::grammar {

struct RegexSyntax {
  // false: the pattern may occur anywhere in the text (JSON Schema); true: it is all of the text.
  bool whole = true;
  bool ignore_case = false;
  bool dot_matches_newline = false;
  bool ecma = false;  // . leaves out \r, U+2028 and U+2029 too
  // How one character of a set is written; default: in UTF-8. For patterns over the characters of a
  // JSON string: give a function that makes escapes of those that need one.
  std::function<Regex(RegexStore&, const CharSet&)> encode{};
};

inline constexpr size_t kMaxPatternBytes = 1 << 16;

// Throws Error{kInvalidArgument}: what is wrong or not held, and at which character.
Regex ParseRegex(RegexStore& store, std::string_view pattern, const RegexSyntax& syntax = {});

}  // namespace pioneer::grammar
