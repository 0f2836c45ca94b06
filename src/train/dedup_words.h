// Why: duplicates, repetition and overlap with test sets are all questions about rows of words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pioneer {

// A word is a run of letters, marks and digits, small and capital ASCII letters alike; each Han,
// Hiragana and Katakana character is a word of its own, as their texts have no spaces.
struct TextWord {
  uint64_t hash;
  uint32_t begin, end;  // bytes of the text
};

// Of a text of less than 4 GiB.
std::vector<TextWord> FindWords(std::string_view text);

// Hashes of all rows of n words, n > 0; of fewer words the one row of all; nothing of none.
std::vector<uint64_t> ShingleHashes(std::span<const TextWord> words, size_t n);

}  // namespace pioneer
