// Why: some families write values in notations of their own: Python's or Gemma's. Clients get JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "text/chat_format/chat_format.h"

namespace pioneer::chat_format {

// Finds where a value ends while it comes: at the ',', ')', ']' or '}' outside of its strings and
// brackets. Each byte is looked at once.
class ValueEndFinder {
 public:
  explicit ValueEndFinder(ValueStyle style) : style_(style) {}
  // `text`: the value so far, from its beginning; only grows. The position of the end; nullopt: it
  // is not there yet.
  std::optional<size_t> Find(std::string_view text);

 private:
  ValueStyle style_;
  size_t position_ = 0;
  int depth_ = 0;
  std::string_view quote_;  // of the string that is open
};

// The whole of `text` as a value; nullopt when it is none.
std::optional<OrderedJson> ParseLooseValue(std::string_view text, ValueStyle style);

}  // namespace pioneer::chat_format
