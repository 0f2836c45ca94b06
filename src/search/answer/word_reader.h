// Why: reading words is one pass over runs of letters of one script; each script has its own rules
// in a file of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/answer/words.h"

namespace pioneer::search::answer {

enum class LetterClass { kOther, kDigit, kLatin, kHangul, kHan, kHiragana, kKatakana };
LetterClass ClassOf(char32_t c);

// Each appends the words of text[begin, end), which is one run of its script.
void ReadLatinRun(std::string_view text, size_t begin, size_t end, std::vector<Word>& words);
void ReadHangulRun(std::string_view text, size_t begin, size_t end, std::vector<Word>& words);
void ReadJapaneseRun(std::string_view text, size_t begin, size_t end, std::vector<Word>& words);

bool HasDigit(std::string_view text);  // 0 to 9

// An English word without its endings.
std::string EnglishStem(std::string_view folded);

// What says that the word before, or behind, is negated; called when all words of a text are there.
void MarkEnglishNegations(std::vector<Word>& words);
void MarkKoreanNegations(std::vector<Word>& words);
void MarkJapaneseNegations(std::string_view text, std::vector<Word>& words);

// Whether two words of that script are the same but for their endings.
bool SameLatin(const Word& a, const Word& b);
bool SameHangul(const Word& a, const Word& b);
bool SameJapanese(const Word& a, const Word& b);

}  // namespace pioneer::search::answer
