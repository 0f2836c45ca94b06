// Why: grammars in Lark's notation, as llguidance has made it known to programs that ask for a form
// of answer (Codex's apply_patch is one).
//
// Held: rules from `start` (?name, !name, priorities and aliases change nothing here), TERMINALS,
// "strings" (flag i), /regexes/ (flags i s u), "a".."z", groups, [optional], | * + ? ~n ~m..n
// {m,n}, & and ~ in terminals, %ignore, %import common.NAME, %json {schema}, <special_token> and
// <[ids]>, [lazy], [suffix="..."] and [capture] on rules. Refused by name: templates, %declare,
// %override, %extend, %regex, %lark, options of %llguidance, imports of other files, other rule
// attributes.
//
// The language is the grammar's own: a terminal may end wherever it matches (Lark's "dynamic
// complete" lexer). Text that is ignored may stand behind any terminal, not at the very beginning.
// Syntax: https://lark-parser.readthedocs.io/en/latest/grammar.html and
// https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md
#pragma once

#include <functional>
#include <string_view>

#include "text/grammar/grammar.h"

namespace pioneer::grammar {

// The id of a special token by its text, "<|tool|>"; -1 = none.
using FindSpecialToken = std::function<int32_t(std::string_view)>;

// Throws Error{kInvalidArgument} with the line and what is wrong or not held.
Grammar ParseLark(std::string_view source, const FindSpecialToken& find_token = {});

}  // namespace pioneer::grammar
