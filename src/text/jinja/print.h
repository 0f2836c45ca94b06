// Why: templates print values as the reference renderer does (npm @huggingface/jinja): Python's
// str() for text and numbers, but JSON for booleans, lists and dicts.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace pioneer::jinja {

// All append to `out` and throw Error{kOutOfMemory} when it passes the output limit or a value is
// nested too deeply (it may contain itself).

// The value as text; an undefined one is "".
void AppendText(Heap& heap, const Value& value, std::string& out);
std::string ToText(Heap& heap, const Value& value);

// repr(value)
void AppendRepr(Heap& heap, const Value& value, std::string& out, int depth = 0);

struct JsonStyle {
  int indent = -1;  // < 0: on one line
  std::string item_separator = ", ", key_separator = ": ";
  bool ensure_ascii = false;
  bool sort_keys = false;
};
// json.dumps(value). Throws Error{kInvalidArgument} for what JSON does not have.
void AppendJson(Heap& heap, const Value& value, const JsonStyle& style, std::string& out,
                int depth = 0);

// The shortest digits that give the number back, with ".0" where it is whole.
std::string FloatRepr(double value);

}  // namespace pioneer::jinja
