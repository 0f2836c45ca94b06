// Why: people search for what they remember, not for how it was typed: case, full-width letters and
// decomposed Hangul must not matter, and parts of words must be found (Korean and Japanese put no
// spaces where a search would need them).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

// Unicode's NFKC_Casefold (UAX 44): texts that fold to the same are the same for a search. Invalid
// UTF-8 becomes U+FFFD.
std::string FoldForSearch(std::string_view text);

// Whether the folded `text` holds `folded_word`, which is folded already.
bool ContainsFolded(std::string_view text, std::string_view folded_word);

// The folded words of a query, cut at white space; at most `max_words`.
std::vector<std::string> SearchWords(std::string_view query, int max_words = 8);

}  // namespace pioneer
