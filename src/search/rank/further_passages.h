// Why: passages that were found outside the index a moment ago are ranked among its own by the same
// measure: with what they say of how rare words are, and as candidates beside the index's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/index/search_store.h"
#include "search/retriever.h"

namespace pioneer::search {

// Whether the filter lets it through. Sources are those of the index: what has none passes.
bool Passes(const Passage& passage, const RetrievalFilter& filter);

// One thread at a time.
class FurtherPassages {
 public:
  // Those that the filter lets through; they outlive this.
  FurtherPassages(const std::vector<Passage>& passages, const RetrievalFilter& filter);

  // The index's totals with these.
  IndexTotals AddTo(IndexTotals totals) const;
  int64_t DocumentFrequency(const std::string& term) const;
  // Those that have one of the terms.
  void AddCandidates(const std::vector<std::string>& terms,
                     std::vector<Candidate>& candidates) const;
  const Passage* Find(int64_t id) const;  // null: none of these

 private:
  using FieldCounts = std::array<int, kSearchFields>;
  struct Posting {
    size_t passage;
    FieldCounts counts;
  };
  void Count(const Passage& passage);

  std::vector<const Passage*> passages_;
  std::vector<FieldCounts> lengths_;
  std::unordered_map<std::string, std::vector<Posting>> postings_;
  std::unordered_map<int64_t, size_t> places_;
};

}  // namespace pioneer::search
