// Why: what could not be read is told to people who read other languages than the message is
// written in: a stable code goes with it, from who fails to who shows it. Both are kept as one
// text, so that what keeps failures need not know, and those that were kept without a code are
// still read.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace pioneer::search {

// Beside those of ErrorCodeName().
inline constexpr char kLeftOut[] = "left_out";  // more than the source's settings allow
inline constexpr char kKept[] = "kept";         // what was read before stays

std::string FailureText(std::string_view code, std::string_view message);
inline std::string FailureText(const Error& error) {
  return FailureText(ErrorCodeName(error.code()), error.what());
}

struct FailureParts {
  std::string code;  // "" = none was given
  std::string message;
};
FailureParts SplitFailure(std::string_view text);

}  // namespace pioneer::search
