// Why: what a text says to the index: the one place where documents and queries become terms, so
// that both become the same ones.
//
// Words of scripts with spaces give their folded stem; what is written together ("snake_case",
// "boundary-layer", "utf8") its parts and the whole. Korean words give what is left without
// particles and endings, and its pairs of syllables, so that compounds match their parts. Kanji
// give each character and each pair; katakana words one spelling and their pairs; hiragana what is
// no function word.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

// Terms of another version are other terms: an index made by another one must be made again.
inline constexpr int kAnalyzerVersion = 1;
inline constexpr size_t kMaxTermBytes = 64;  // longer words are cut

enum class TermKind : uint8_t {
  kWord,      // a whole word
  kPart,      // a word within a word: "layer" of "boundary-layer"
  kPair,      // two neighbouring characters of a word: what compounds are matched by
  kSingle,    // one kanji: kept for words of one character, else its pairs say more
  kFunction,  // says little by itself: "the", "무엇"
};

struct Term {
  std::string text;
  TermKind kind = TermKind::kWord;
  uint32_t word = 0;            // terms of one written word share it
  uint32_t position = 0;        // never decreases; neighbours differ by one
  uint32_t begin = 0, end = 0;  // bytes of the text
};

// `text` is less than 4 GiB; invalid UTF-8 separates words.
std::vector<Term> Analyze(std::string_view text);

}  // namespace pioneer::search
