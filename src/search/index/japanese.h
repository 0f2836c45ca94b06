// Why: Japanese puts no spaces between words; what stands between the words that carry meaning is
// written in hiragana, mostly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

struct HiraganaPiece {
  size_t begin = 0, length = 0;  // characters of the run
};

// What is left of a run of hiragana without particles, auxiliaries and other words that mean
// little; pieces of one character are dropped. `after_word`: kanji or katakana stand before it.
std::vector<HiraganaPiece> FindHiraganaWords(std::u32string_view run, bool after_word);

// One spelling of a katakana word: "コンピューター" = "コンピュータ", "ヴァイオリン" =
// "バイオリン". `word` is full width.
std::u32string NormalizeKatakana(std::u32string_view word);

}  // namespace pioneer::search
