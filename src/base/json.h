// Why: the one JSON type of the program, so that a change of library happens here.
//
// ParseJson limits nesting (hostile input cannot exhaust the stack) and refuses invalid UTF-8.
// DumpJson never throws on odd bytes: invalid UTF-8 becomes U+FFFD.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pioneer {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 64;

// Throws Error{kInvalidArgument} that names the byte where parsing stopped.
Json ParseJson(std::string_view text);
// The same, keeping the order of object keys (chat templates print them).
OrderedJson ParseOrderedJson(std::string_view text);

std::string DumpJson(const Json& value);
std::string DumpJson(const OrderedJson& value);

}  // namespace pioneer
