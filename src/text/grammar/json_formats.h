// Why: the values of "format" that are held, as regular expressions over a string's characters.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/grammar/json_text.h"

namespace pioneer::grammar {

// nullopt: not a format of JSON Schema, so an annotation that restricts nothing.
std::optional<Regex> FormatRegex(JsonText& text, std::string_view format);

// For documentation and messages.
std::vector<std::string_view> KnownFormats();

}  // namespace pioneer::grammar
