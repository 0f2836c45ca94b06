// Why: from queries to the passages that answer them: candidates by words, scored by where the
// words stand, and by meaning where there are vectors; fused over the queries, near-duplicates
// folded. Each stage leaves its reason.
#pragma once

#include <mutex>
#include <unordered_map>

#include "search/rank/further_passages.h"
#include "search/rank/lexical_score.h"
#include "search/rank/meaning.h"
#include "search/rank/store_pool.h"
#include "search/retriever.h"

namespace pioneer::search {

class IndexRetriever : public Retriever {
 public:
  // `meaning`: null = by words alone. Both outlive it.
  explicit IndexRetriever(StorePool& stores, MeaningFinder* meaning = nullptr)
      : stores_(stores), meaning_(meaning) {}

  std::vector<RankedPassage> Retrieve(const RetrievalQuery& query,
                                      const CancelToken& cancel) override;
  std::string Around(const Passage& passage, size_t bytes) override;

 private:
  std::vector<RankedPassage> FindByWords(SearchStore& store, const LexicalScorer& scorer,
                                         const IndexTotals& stored, const RetrievalFilter& filter,
                                         const FurtherPassages& further, const CancelToken& cancel);
  std::vector<WeightedTerm> WeighTerms(SearchStore& store, const FurtherPassages& further,
                                       const std::string& question, const IndexTotals& stored);
  std::vector<int64_t> DocumentFrequencies(SearchStore& store,
                                           const std::vector<std::string>& terms, int64_t passages);

  StorePool& stores_;
  MeaningFinder* const meaning_;
  // Counting the passages of a common term takes long, and what it was does not change much.
  struct KnownFrequency {
    int64_t documents = 0, of_passages = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, KnownFrequency> frequencies_;
};

}  // namespace pioneer::search
