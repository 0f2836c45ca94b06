// Why: most of merging an unseen word only puts the bytes of its characters together. What a
// character's bytes become whatever stands around them is worked out once.
//
// When may a merge inside a character be done before all others? Let R be its rank.
// - Nothing outside can come first: every pair that joins the character's first symbol with one to
//   the left, or its last one with one to the right, ranks behind R. Symbols to the left end with
//   the byte before the character, those to the right begin with the one behind it, so only such
//   pairs count.
// - Nothing that it makes possible can come too early: every pair with the new symbol ranks behind
//   it and behind the merges done before.
// Then, in the order that all merges of the piece have without this, these stand where they did,
// and taking them out of it leaves the order of the others as it was: the result is the same.
// Merges are taken as far as both hold, which for most syllables is to the end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/symbol_merger.h"

namespace pioneer {

// Immutable.
class SettledCharacters {
 public:
  // byte_symbols[b]: the symbol of byte b, negative = none. tokens: what each symbol of `merges`
  // stands for, in the byte-level alphabet.
  SettledCharacters(const std::array<int32_t, 256>& byte_symbols, const MergeTable& merges,
                    const std::vector<std::string>& tokens);

  // Appends what the bytes of `piece`, which may be any, become for sure; merging goes on there.
  // Nothing outside of the piece may be merged with it.
  void Append(std::string_view piece, std::vector<int32_t>& symbols) const;

 private:
  static constexpr int32_t kNone = INT32_MIN;
  using Symbols = std::array<int32_t, 4>;  // kNone behind the last

  const std::array<int32_t, 256> byte_symbols_;
  // By code point, below 2^16: a character behind one of several bytes, or first in its piece; and
  // a character behind a space that is the first in its piece, with that space.
  std::vector<Symbols> inner_, first_;
};

}  // namespace pioneer
