// Why: how well a passage's words answer a query's words. First by counts alone, for thousands of
// candidates; then, for the best of them, by where the words stand.
//
// Sources: BM25F (Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework", 3.6); pairs of
// neighbouring words: the sequential dependence model (Metzler, Croft 2005).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "search/index/analyzer.h"
#include "search/index/search_store.h"
#include "search/rank/feedback.h"
#include "search/rank/query_terms.h"

namespace pioneer::search {

// A query's terms with how rare they are in the index.
struct WeightedTerm {
  QueryTerm term;
  int64_t documents = 0;  // passages that have it
  double weight = 0;      // of the query and of its rarity
};

struct TermCounts {
  int counts[kSearchFields] = {};
};

double Rarity(int64_t documents, int64_t passages);

class LexicalScorer {
 public:
  LexicalScorer(std::vector<WeightedTerm> terms, const IndexTotals& totals);

  const std::vector<WeightedTerm>& terms() const { return terms_; }
  double ScoreCounts(const Candidate& candidate) const;

  struct Reading {
    double score = 0;
    std::vector<TermCounts> counts;  // of each term
    std::vector<Term> terms;         // of the text
  };
  // Reads the passage's words.
  Reading Read(const Passage& passage) const;
  // 0..1: how much of the query's weight a passage has, wherever it stands.
  double Coverage(const std::vector<TermCounts>& counts) const;
  double weight_sum() const;
  // Written words of the query.
  int n_words() const;

 private:
  double TermScore(const TermCounts& counts, const double (&lengths)[kSearchFields],
                   double weight) const;
  // Positions of each of the query's terms among those of a text; returns the text's length.
  double FindTerms(const std::vector<Term>& terms, std::vector<std::vector<uint32_t>>& found) const;
  double PairScore(const std::vector<std::vector<uint32_t>>& found, double length) const;

  std::vector<WeightedTerm> terms_;
  std::unordered_map<std::string, int> numbers_;
  IndexTotals totals_;
};

}  // namespace pioneer::search
