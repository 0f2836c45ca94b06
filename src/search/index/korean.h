// Why: a Korean word carries its particles and endings with it; a search is for what stands before
// them.
#pragma once

#include <string>
#include <string_view>

namespace pioneer::search {

// The word without particles (을, 에서, 으로부터) and common endings of verbs (하려면, 됩니다,
// 었던): by rules, without a dictionary. What is stripped is stripped again until nothing changes,
// so that a word and the same word with one more particle end alike. `word` is composed syllables.
std::u32string StripKoreanEndings(std::u32string_view word);

// Nothing but a particle or an ending, as it stands behind a foreign word: "SQL로", "PDF를".
bool IsKoreanParticle(std::u32string_view word);

// Whether a word of two syllables may be one syllable and a particle: "법이", "물로".
bool MayEndInParticle(std::u32string_view word);

// Words that ask or only point: "무엇", "어떻게", "이것".
bool IsKoreanFunctionWord(std::u32string_view stem);

}  // namespace pioneer::search
