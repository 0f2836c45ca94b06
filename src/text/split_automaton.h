// Why: a split expression as a table: one look-up a character, never back in the text.
//
// A state is the ordered list of places where a backtracking matcher could be; the list ends where
// a better alternative has matched, which gives exactly Perl's choice (the method of RE2,
// https://swtch.com/~rsc/regexp/regexp3.html).
#pragma once

#include <unicode/uniset.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/code_point_table.h"
#include "text/short_character.h"
#include "text/split_regex.h"

namespace pioneer {

// The alphabet of one pre-tokenizer: code points that its expressions cannot tell apart are one
// symbol. Invalid UTF-8 is what U+FFFD is. Immutable.
class SplitAlphabet {
 public:
  // Throws Error{kUnsupported} for more than 250 symbols.
  explicit SplitAlphabet(const std::vector<icu::UnicodeSet>& sets);

  static constexpr uint8_t kEnd = 0;  // the symbol behind the text's last character
  struct Symbol {
    uint8_t value = kEnd;
    uint8_t length = 0;  // bytes; 0 at the end
  };
  Symbol At(std::string_view text, size_t position) const {
    if (position >= text.size()) return {};
    const auto byte = static_cast<uint8_t>(text[position]);
    if (byte < 0x80) return {ascii_[byte], 1};
    const ShortCharacter c = ReadShortCharacter(text, position);
    return c.length > 0 ? Symbol{symbols_[c.code_point], c.length} : Decode(text, position);
  }

  size_t n_symbols() const { return n_symbols_; }
  // Whether the symbol's code points are of the set; false for kEnd.
  bool Contains(int32_t set, uint8_t symbol) const { return members_[symbol][set]; }

 private:
  static std::vector<uint8_t> Partition(const std::vector<icu::UnicodeSet>& sets,
                                        std::vector<std::vector<bool>>& members);
  Symbol Decode(std::string_view text, size_t position) const;

  std::vector<std::vector<bool>> members_;  // of each symbol: the sets that it belongs to
  CodePointTable symbols_;
  size_t n_symbols_;
  std::array<uint8_t, 128> ascii_{};
};

// Immutable; any thread may use it, each with its own Memory.
class SplitAutomaton {
 public:
  // Throws Error{kUnsupported} for an expression that needs too large a table.
  SplitAutomaton(const SplitProgram& program, const SplitAlphabet& alphabet);

  // Keeps an expression that looks far ahead in vain from doing so again from the next character:
  // the states of the last such walk, by byte. Belongs to one text; clear `states` for the next.
  struct Memory {
    size_t begin = 0;
    std::vector<uint16_t> states;
  };

  // The end of the match at `begin`; `begin` when there is none or it is empty.
  size_t Match(const SplitAlphabet& alphabet, std::string_view text, size_t begin,
               Memory& memory) const;

  // False: no match starts with this symbol.
  bool CanStart(uint8_t symbol) const { return table_[kStart * n_symbols_ + symbol] != 0; }

 private:
  static constexpr uint16_t kDead = 0, kStart = 1;
  static constexpr uint16_t kAccepted = 0x8000;  // flag: the text before the symbol is a match

  size_t MatchRemembering(const SplitAlphabet& alphabet, std::string_view text, size_t begin,
                          Memory& memory, bool record) const;

  size_t n_symbols_;
  std::vector<uint16_t> table_;  // [state][symbol]
};

}  // namespace pioneer
