// Why: the same text must be the same bytes before anything counts or compares it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pioneer {

// What each step changed; the sums of many texts add up.
struct TextChanges {
  int64_t invalid_bytes = 0;  // UTF-8 repair: characters that became U+FFFD and were taken out
  int64_t composed = 0;       // NFC: texts that were not in it
  int64_t controls = 0;       // control characters taken out
  int64_t blanks = 0;         // bytes of spaces and empty lines taken out
  TextChanges& operator+=(const TextChanges& other);
};

// UTF-8 repaired (what is no UTF-8 is taken out, and so is U+FFFD itself and the byte order mark),
// line breaks \n, Unicode's form C, no control characters but \n and \t (nor invisible ones that
// order text or join nothing: soft hyphen, zero-width space, bidirectional marks), no spaces at
// ends of lines, no more than two line breaks in a row, none at the text's ends. A text that went
// through it comes out of it unchanged.
std::string NormalizeText(std::string_view text, TextChanges& changes);

}  // namespace pioneer
