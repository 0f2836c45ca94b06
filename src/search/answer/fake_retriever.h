// Why: answering and the wire are tested against passages that the test writes.
#pragma once

#include <mutex>
#include <vector>

#include "search/retriever.h"

namespace pioneer::search {

// Finds the same passages for everything, within the filter's dates, and behind them what the query
// brings along. Thread-safe.
class FakeRetriever : public Retriever {
 public:
  void Add(Passage passage) {
    const std::lock_guard lock(mutex_);
    passage.id = static_cast<int64_t>(passages_.size()) + 1;
    if (passage.document_id == 0) passage.document_id = passage.id;
    passage.end = passage.text.size();
    passages_.push_back(std::move(passage));
  }
  std::vector<RetrievalQuery> queries() const {
    const std::lock_guard lock(mutex_);
    return queries_;
  }

  std::vector<RankedPassage> Retrieve(const RetrievalQuery& query,
                                      const CancelToken& cancel) override {
    cancel.Check();
    const std::lock_guard lock(mutex_);
    queries_.push_back(query);
    std::vector<RankedPassage> found;
    std::vector<Passage> all = passages_;
    all.insert(all.end(), query.further.begin(), query.further.end());
    for (const Passage& passage : all) {
      const auto& [from, until] = std::pair(query.filter.from_ms, query.filter.until_ms);
      if ((from || until) && !passage.dated_at_ms) continue;
      if ((from && *passage.dated_at_ms < *from) || (until && *passage.dated_at_ms > *until))
        continue;
      if (std::ssize(found) == query.limit) break;
      const int rank = static_cast<int>(found.size()) + 1;
      found.push_back({passage, 1.0 / rank, {{"lexical", 1.0 / rank, rank, "fake"}}});
    }
    return found;
  }
  std::string Around(const Passage& passage, size_t) override { return passage.text; }

 private:
  mutable std::mutex mutex_;
  std::vector<Passage> passages_;        // guarded by mutex_
  std::vector<RetrievalQuery> queries_;  // guarded by mutex_
};

}  // namespace pioneer::search
