// Why: the few sentences that are said by the program itself, in the language of the question.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/retriever.h"

namespace pioneer::search::answer {

// That nothing answers the question, and which passages come nearest ("[1] Title"); `language` as
// LanguageOf() says it.
std::string NothingFound(const std::string& language, const std::vector<RankedPassage>& passages);

// 0..3 questions that the passages can answer, from their headings; none that the question asks
// already. Passages of `used` come last, as they have been read.
std::vector<std::string> FollowUpsFromHeadings(std::string_view question,
                                               const std::string& language,
                                               const std::vector<RankedPassage>& passages,
                                               const std::vector<int>& used);

}  // namespace pioneer::search::answer
