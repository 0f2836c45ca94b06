// Why: of passages that share words or a direction with a question, those that answer it make the
// question itself likely: a capable model can tell.
//
// Source: Sachan et al. 2022, "Improving Passage Retrieval with Zero-Shot Question Generation".
#pragma once

#include <string>
#include <vector>

#include "search/answerer.h"

namespace pioneer::search::answer {

inline constexpr size_t kMostReranked = 16;
inline constexpr double kRerankSeconds = 3;

// Orders the first passages by where they stand and by the question's mean log probability behind
// each, which becomes a reason "rerank". Those for which `seconds` did not last, and those beyond
// kMostReranked, follow as they were. Nothing changes where the model tells no log probabilities.
// Throws Error{kCancelled}.
void RerankByLikelihood(Generator& model, const std::string& question, double seconds,
                        const CancelToken& cancel, std::vector<RankedPassage>& passages);

}  // namespace pioneer::search::answer
