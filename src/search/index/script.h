// Why: how a text falls into words depends on its scripts, and the answer for a character must be
// one look-up.
#pragma once

#include <cstdint>

namespace pioneer::search {

enum class Script : uint8_t {
  kNone,      // white space, punctuation, symbols
  kLetter,    // of scripts that put spaces between words
  kDigit,     // decimal digits of any script
  kHangul,    // syllables and jamo
  kKanji,     // Han
  kKatakana,  // half width, too
  kHiragana,
  kUnspaced,  // Thai, Lao, Khmer, Myanmar
  kMark,      // belongs to the character before it: accents, voicing marks, the long vowel's bar
};

// From ICU's properties. Thread-safe.
Script ScriptOf(char32_t c);

}  // namespace pioneer::search
