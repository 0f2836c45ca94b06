// Why: grammars in llama.cpp's notation, which many programs send.
//
// Syntax: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md: rules
// `name ::= ...` from "root"; "literals", [classes], ., (groups), |, * + ? {m,n}, # comments,
// tokens by number <[id]>. Not held, and refused: tokens by name, !<...>.
#pragma once

#include <string_view>

#include "text/grammar/grammar.h"

namespace pioneer::grammar {

inline constexpr size_t kMaxGrammarBytes = 1 << 20;

// Throws Error{kInvalidArgument} with the line and what is wrong.
Grammar ParseGbnf(std::string_view source);

}  // namespace pioneer::grammar
