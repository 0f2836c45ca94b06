// Why: answers are made, and checked, sentence by sentence.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace pioneer::search::answer {

struct TextSpan {
  size_t begin = 0, end = 0;  // bytes
  std::string_view In(std::string_view text) const { return text.substr(begin, end - begin); }
};

// Without the white space around them; by UAX 29 (ICU) with what it does not know: abbreviations
// ("Dr.", "e.g."), Korean and Japanese ends without a blank behind them, line breaks.
std::vector<TextSpan> SplitSentences(std::string_view text);

}  // namespace pioneer::search::answer
