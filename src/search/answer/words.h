// Why: a claim is compared with a passage word by word, in English, Korean and Japanese: what the
// words are, which of them say something, what they are without their endings, which are numbers,
// and which are negated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search::answer {

enum class WordKind : uint8_t {
  kFunction,  // particles, articles, auxiliaries: say nothing alone
  kContent,
  kName,    // capitalised within a sentence, an identifier, or katakana
  kNumber,  // of any spelling; the key is its value
};

enum class WordScript : uint8_t { kLatin, kHangul, kJapanese };

// What a Korean or Japanese particle makes of its noun.
enum class WordRole : uint8_t {
  kNone,
  kTopic,  // 은/는, は
  kSubject,
  kObject,
  kReceiver,
  kFrom,
  kTo,
  kThan,
  kOf,
  kWith
};

struct Word {
  std::string key;            // folded, without endings: what is compared
  std::string text;           // folded, whole
  size_t begin = 0, end = 0;  // bytes of the text it was read from
  WordKind kind = WordKind::kContent;
  WordScript script = WordScript::kLatin;
  WordRole role = WordRole::kNone;
  bool predicate = false;  // has the ending of a verb or adjective
  bool inflected = false;  // and its stem is not certain to be whole
  bool negated = false;
  bool capitalised = false;
  bool sentence_start = false;
  std::string unit;  // kNumber: what it counts, as far as it is written with it; "%" for percent
};

// Numbers have their value as key whatever their spelling: "1,200", "1.2 thousand", "1천2백", "三".
std::vector<Word> ReadWords(std::string_view text);

// The same word but for inflection, or derived from the same stem, or one of the known synonyms.
bool SameWord(const Word& a, const Word& b);
// Says the opposite: "increase" and "decrease", 증가 and 감소, 増加 and 減少.
bool OppositeWords(const Word& a, const Word& b);

inline bool SaysSomething(const Word& word) { return word.kind != WordKind::kFunction; }

// "en", "ko" or "ja", by the letters.
std::string LanguageOf(std::string_view text);

}  // namespace pioneer::search::answer
