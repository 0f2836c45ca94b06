// Why: Unigram models come with their normalizer as data: which strings are written how.
//
// Format: SentencePiece's precompiled_charsmap (https://github.com/google/sentencepiece,
// src/normalizer.cc): the length of a double array (u32), the array, which maps prefixes to places
// in the text behind it, where the replacements stand, each ended by a zero byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

class Charsmap {
 public:
  // An empty map replaces nothing. Throws Error{kCorruptFile} where lengths contradict each other.
  explicit Charsmap(std::string_view data);

  struct Replacement {
    size_t length = 0;      // bytes of the text that are replaced; 0 = none
    std::string_view text;  // valid as long as the map
  };
  // For the longest known prefix of `text`. An array that leads out of its bounds knows no prefix.
  Replacement Find(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace pioneer
