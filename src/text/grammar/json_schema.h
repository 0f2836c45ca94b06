// Why: JSON Schema as a grammar: what response_format json_schema, tool arguments and json_object
// stand on. docs/structured-output.md lists the keywords.
//
// The promise: every text of the grammar is a valid instance of the schema. What cannot be promised
// is an error that names the keyword; what is narrower than the schema is stated in the document:
// members in the schema's order, one spelling of restricted strings, integers without ".0".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/grammar/grammar.h"

namespace pioneer::grammar {

// How values are written. Models have notations of their own for the arguments of their calls.
struct JsonNotation {
  std::string null = "null", yes = "true", no = "false";
  bool unicode_escapes = true;  // "\u00e9" in strings
  bool single_quotes = false;   // 'text' too
  // Stands around strings instead of '"', with its text; such strings have no escapes.
  std::optional<Expr> quote;
  std::string quote_text;
  bool bare_keys = false;  // {key: 1}
};

struct JsonSchemaOptions {
  // No space between the parts of a value. Otherwise as JSON is printed, so that a model cannot
  // write blanks without end: none or one blank after a colon; inside brackets and after a comma
  // also a line break and up to kMaxIndent blanks or tabs.
  bool compact = false;
  JsonNotation notation;
};

inline constexpr int kMaxIndent = 32;

// A value of the schema, as a part of `grammar`. Throws Error{kInvalidArgument} (the schema is
// wrong, or nothing can satisfy it) and Error{kUnsupported} (a keyword cannot be held).
Expr AddJsonSchema(Grammar& grammar, std::string_view schema,
                   const JsonSchemaOptions& options = {});

// The same as a whole grammar.
Grammar JsonSchemaGrammar(std::string_view schema, const JsonSchemaOptions& options = {});

// Any JSON object: json_object.
Grammar JsonObjectGrammar(const JsonSchemaOptions& options = {});

}  // namespace pioneer::grammar
