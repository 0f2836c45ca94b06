// Why: the best passages tell which other words belong to the question ("blunt body" -> "shock",
// "stagnation"), and passages that have those words rise among those already found.
//
// Source: relevance models (Lavrenko, Croft 2001) mixed with the query as RM3 (Abdul-Jaleel et al.
// 2004), with BM25's saturation in place of the language model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pioneer::search {

// The words of a passage's text and how often each stands there.
using WordCounts = std::unordered_map<std::string, int>;

struct FeedbackPassage {
  const WordCounts* words = nullptr;
  double score = 0;
};

// What each passage, best first, gains. `documents_of` tells how many passages of the index have a
// word, `weight_of_query` is the sum of the query's weights, `n_words` how many words it has: a
// short query and few passages gain nothing.
std::vector<double> FeedbackGains(const std::vector<FeedbackPassage>& passages,
                                  double weight_of_query, int n_words, int64_t n_passages,
                                  const std::function<int64_t(const std::string&)>& documents_of);

}  // namespace pioneer::search
