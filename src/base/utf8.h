// Why: text from outside is bytes until it is checked; these are the only UTF-8 routines of the
// program. Format: RFC 3629 (no surrogates, nothing above U+10FFFF, shortest form only).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

inline constexpr char32_t kReplacementChar = 0xFFFD;

struct DecodedChar {
  char32_t code_point;  // kReplacementChar when the bytes are not valid
  int length;           // bytes used, at least 1
  bool valid;
};

// Decodes the character at the front of `text`, which must not be empty.
DecodedChar DecodeUtf8(std::string_view text);

void AppendUtf8(std::string& out, char32_t code_point);

bool IsValidUtf8(std::string_view text);

// Every maximal invalid part becomes one U+FFFD (the Unicode standard's recommended practice).
std::string RepairUtf8(std::string_view text);

// Invalid bytes become U+FFFD.
std::vector<char32_t> Utf8ToCodePoints(std::string_view text);

// Length of the longest prefix that does not end inside a character that more bytes could complete.
size_t CompleteUtf8Prefix(std::string_view text);

// Turns a stream of byte pieces into pieces of whole characters: tokens may end inside a character.
class Utf8Stream {
 public:
  // Returns the characters completed by `bytes`; an unfinished one is held back.
  std::string Push(std::string_view bytes);
  // Returns what is held back, as U+FFFD if unfinished; call at the end of the stream.
  std::string Finish();

 private:
  std::string held_;
};

}  // namespace pioneer
