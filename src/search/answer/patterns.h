// Why: regular expressions over what people write are compiled once, whoever asks.
#pragma once

#include <regex>

namespace pioneer::search::answer {

// `pattern` is a literal of this program (ECMAScript, without regard to ASCII case). Thread-safe;
// lives as long as the process.
const std::regex& Compiled(const char* pattern);

}  // namespace pioneer::search::answer
