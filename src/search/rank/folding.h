// Why: ten passages that say the same are one, and ten passages of one document seldom answer
// better than those of several.
#pragma once

#include <cstddef>
#include <vector>

#include "search/retriever.h"

namespace pioneer::search {

// The first `limit` of `ranked`, which is best first, without near-duplicates of better ones.
// Passages of one document beyond the third come after those of other documents.
std::vector<RankedPassage> FoldAndSpread(std::vector<RankedPassage> ranked, size_t limit);

}  // namespace pioneer::search
