// Why: pre-tokenizers ask for the category of every character, so the answer must be one table
// look-up. The table is built once from ICU.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

// A character may have several; symbols, controls and unassigned code points have none.
enum CharClass : uint8_t {
  kLetter = 1,       // \p{L}
  kNumber = 2,       // \p{N}
  kSpace = 4,        // \s, the White_Space property
  kPunctuation = 8,  // \p{P}
  kMark = 16,        // \p{M}
};

// Two stages: blocks of 256 code points, equal blocks stored once. Immutable.
class CharClassTable {
 public:
  CharClassTable();
  uint8_t operator[](char32_t c) const {
    return c > 0x10FFFF ? 0 : classes_[size_t{blocks_[c >> 8]} << 8 | (c & 0xFF)];
  }

  static const CharClassTable& Get();

 private:
  std::array<uint16_t, 0x1100> blocks_{};
  std::vector<uint8_t> classes_;
};

// A character of a text as pre-tokenizers see it.
struct TextChar {
  char32_t code_point = 0;
  uint8_t classes = 0;
  uint8_t length = 0;  // bytes; 0 = the text's end

  bool at_end() const { return length == 0; }
  bool Is(uint8_t any_of) const { return (classes & any_of) != 0; }
  // [^\s\p{L}\p{N}]
  bool IsOther() const { return length != 0 && (classes & (kSpace | kLetter | kNumber)) == 0; }
  bool IsNewline() const { return code_point == '\n' || code_point == '\r'; }
};

// Invalid UTF-8 counts as a symbol. `position` may be the text's size.
TextChar CharAt(std::string_view text, size_t position);

// Case mapping of one string by Unicode's rules, without a language. Invalid UTF-8 becomes U+FFFD.
std::string UpperCase(std::string_view text);
std::string LowerCase(std::string_view text);

// Whether an expression's \w matches it (UTS 18, annex C).
bool IsWordCharacter(char32_t c);

// Normalization form C, the form that most text has already.
bool IsNfc(std::string_view utf8);
// Throws nothing; `utf8` must be valid.
std::string ToNfc(std::string_view utf8);

}  // namespace pioneer
