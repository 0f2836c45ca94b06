// Why: an answer without a model: the passages' own sentences that answer the question, so that
// nothing in it can be invented.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/answerer.h"

namespace pioneer::search::answer {

// With what it announces, where it ends in a colon.
struct ExtractedSentence {
  int passage = 0;
  size_t begin = 0, end = 0;  // bytes of the passage's text
  double score = 0;
};

struct Extract {
  std::vector<ExtractedSentence> sentences;  // 0..4, in the order in which they are read
  double covered = 0;  // 0..1: how much of what the question says the best of them has
};

// Scores by how much of the question a sentence has (rare words count for more), by whether it has
// what is asked for (a person, a time, a number), by the passage's rank; what repeats is left out
// (maximal marginal relevance, Carbonell and Goldstein 1998). No sentences: nothing answers it.
Extract ComposeExtract(std::string_view question, const std::vector<RankedPassage>& passages);

}  // namespace pioneer::search::answer
