// Why: how filters, tests, methods and functions are called.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace pioneer::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;

  // By position or name; undefined when not given.
  Value Get(size_t position, std::string_view name) const {
    if (position < positional.size()) return positional[position];
    for (const auto& [key, value] : named) {
      if (key == name) return value;
    }
    return Value::Undefined(name);
  }
};

using NativeTest = bool (*)(Runtime& runtime, const Value& value, const Arguments& arguments);

}  // namespace pioneer::jinja
