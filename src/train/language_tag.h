// Why: a recipe wants certain languages, and a card says which ones a model has read. Scripts and a
// few words tell enough; no model is needed.
#pragma once

#include <string_view>

namespace pioneer {

enum class LanguageTag { kEnglish, kKorean, kJapanese, kCode, kOther };
inline constexpr int kLanguageTags = 5;

// "en", "ko", "ja", "code", "other".
const char* LanguageTagName(LanguageTag tag);

// Of the text's first 64 KiB (and its middle, where it is longer). Korean: Hangul is a fifth of the
// letters at least, more than Kana. Japanese: Kana is a tenth of the letters at least. Else, in
// Latin letters: code, when a programming language's signs are many and English's commonest words
// few; English, when these are at least 8 % of all words. What is left (other languages, single
// words, tables of numbers) is other.
LanguageTag TagLanguage(std::string_view text);

}  // namespace pioneer
