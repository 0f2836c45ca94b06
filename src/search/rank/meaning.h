// Why: passages that mean what a question asks, in whatever words or language.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "search/embedder.h"
#include "search/rank/vector_index.h"
#include "search/retriever.h"

namespace pioneer::search {

// Thread-safe.
class MeaningFinder {
 public:
  // Both outlive it.
  MeaningFinder(Embedder& embedder, VectorIndex& index) : embedder_(embedder), index_(index) {}

  // For each question the nearest passages, best first and without coverage; none where the store
  // has no vectors of this embedder, or where it fails: then words have to do. Throws
  // Error{kCancelled}.
  std::vector<std::vector<RankedPassage>> Find(SearchStore& store,
                                               const std::vector<std::string>& questions,
                                               const RetrievalFilter& filter,
                                               const CancelToken& cancel);

 private:
  std::vector<RankedPassage> Load(SearchStore& store, const std::vector<VectorHit>& hits,
                                  const RetrievalFilter& filter, const CancelToken& cancel) const;

  Embedder& embedder_;
  VectorIndex& index_;
};

}  // namespace pioneer::search
