// Why: what has to be known of the words of three languages, as data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pioneer::search::answer {

// All words are folded (store/search_text.h).
bool IsEnglishFunctionWord(std::string_view word);
bool IsKoreanFunctionWord(std::string_view word);
bool IsJapaneseFunctionWord(std::string_view word);
std::optional<double> EnglishNumberWord(std::string_view word);  // "three", "hundred"
// The number that another language writes for an English word as a key: "june" is "6", "twice" "2",
// "nineteenth" "19"; "" = none.
std::string EnglishNumberAcross(std::string_view word);
bool IsNegation(std::string_view word);  // English: "not", "never", ...
// Words of one group mean the same; 0 = in no group. Keys as Word::key.
int SynonymGroup(std::string_view key);
// Groups of opposites are `group` and `-group`; 0 = in none.
int OppositeGroup(std::string_view key);

}  // namespace pioneer::search::answer
