// Why: BERT's way to clean a text and cut it into words looks at one character at a time, but for
// very few; so what becomes of each is worked out once.
//
// Source: Google's BERT (https://arxiv.org/abs/1810.04805), as Hugging Face's tokenizers do it:
// spaces cut, controls go, ideographs stand alone, accents (by canonical decomposition) and
// capitals go where the model wants it; then punctuation stands alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

// Words, one behind the other.
struct BertWords {
  std::string text;
  std::vector<size_t> ends;  // of each word in `text`

  void Clear() {
    text.clear();
    ends.clear();
  }
  // What was appended to `text` behind the last word, if anything, is one.
  void EndWord() {
    if (text.size() > (ends.empty() ? 0 : ends.back())) ends.push_back(text.size());
  }
};

// Immutable; any thread may use it.
class BertText {
 public:
  BertText(bool strip_accents, bool lowercase);

  // Puts the words of `text`, which may be any bytes, into `words`.
  void Cut(std::string_view text, BertWords& words) const;

 private:
  // What becomes of a character.
  enum class Kind : uint8_t {
    kLetters,  // its text, perhaps empty, is part of a word
    kSpace,    // ends a word
    kAlone,    // its text is a word
    kUnclear,  // that depends on its neighbours
  };
  struct Character {
    uint32_t begin = 0;  // of its text in texts_
    uint8_t length = 0;
    Kind kind = Kind::kUnclear;
  };

  std::string Normalize(std::string_view text) const;
  Kind KindOf(char32_t c, std::string_view normalized) const;
  bool CutByCharacter(std::string_view text, BertWords& words) const;

  const bool strip_accents_, lowercase_;
  std::string texts_;
  std::vector<Character> characters_;  // by code point, below 2^16
};

}  // namespace pioneer
