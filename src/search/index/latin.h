// Why: words of scripts with spaces are compared by their stems, without case and accents.
#pragma once

#include <string>
#include <string_view>

namespace pioneer::search {

// NFKC_Casefold (UAX 44), and no accents on Latin and Greek letters.
std::string FoldWord(std::string_view word);

// Snowball's stem of a folded word: Russian for Cyrillic, Greek for Greek, English for all others.
// Thread-safe; short-lived words are remembered by each thread.
std::string StemWord(std::string_view folded);

// "the", "what", ...: a folded English word that says little by itself.
bool IsEnglishFunctionWord(std::string_view folded);

}  // namespace pioneer::search
