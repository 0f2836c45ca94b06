// Why: the best passages tell which other words belong to the question ("blunt body" -> "shock",
// "stagnation"), and passages that have those words rise among those already found.
//
// Source: relevance models (Lavrenko, Croft 2001) mixed with the query as RM3 (Abdul-Jaleel et al.
// 2004), with BM25's saturation in place of the language model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "search/index/analyzer.h"

namespace pioneer::search {

// In how many passages of the index each word stands.
using DocumentsOf = std::function<std::vector<int64_t>(const std::vector<std::string>&)>;

struct FeedbackPassage {
  const std::vector<Term>* terms = nullptr;  // of its text
  double score = 0;
};

// What each passage, best first, gains. `weight_of_query` is the sum of the query's weights,
// `n_words` how many words it has: a short query and few passages gain nothing.
std::vector<double> FeedbackGains(const std::vector<FeedbackPassage>& passages,
                                  double weight_of_query, int n_words, int64_t n_passages,
                                  const DocumentsOf& documents_of);

}  // namespace pioneer::search
