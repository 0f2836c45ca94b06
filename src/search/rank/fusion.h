// Why: several orders of the same passages become one.
#pragma once

#include <vector>

#include "search/retriever.h"

namespace pioneer::search {

// The higher score first; equal ones in the order of the index.
void SortByScore(std::vector<RankedPassage>& passages);

// Each list best first, the first list's query the most important. One list stays as it is; several
// are fused by reciprocal ranks (Cormack, Clarke, Buettcher 2009).
std::vector<RankedPassage> FuseQueries(std::vector<std::vector<RankedPassage>> lists);

// What was found by words and what is near in meaning, each best first, as one list. Without the
// latter, the former stays as it is.
std::vector<RankedPassage> JoinMeaning(std::vector<RankedPassage> by_words,
                                       std::vector<RankedPassage> by_meaning);

// Newer passages gain, by half a score at most, against the newest of them.
void PreferRecent(std::vector<RankedPassage>& passages);

}  // namespace pioneer::search
