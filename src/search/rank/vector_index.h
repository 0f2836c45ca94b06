// Why: the passages whose vectors are nearest to a question's, as the store has them now. Few are
// compared one by one; many are found by a graph, which a file beside the index keeps.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "search/embedder.h"
#include "search/index/search_store.h"
#include "search/rank/vector_graph.h"

namespace pioneer::search {

struct VectorHit {
  int64_t passage_id = 0;
  float cosine = 0;
};

// Vectors that are compared one by one rather than found by the graph.
inline constexpr size_t kMostCompared = 20'000;

// Thread-safe. What a call needs of the store is read by that call.
class VectorIndex {
 public:
  // `graph_file` is made when it is first saved; "": the graph is made anew each time.
  VectorIndex(EmbedderInfo embedder, std::filesystem::path graph_file,
              size_t most_compared = kMostCompared);

  // Takes over the vectors that the store has got. False: they are another embedder's.
  bool Refresh(SearchStore& store);
  // Forgets those that have vanished since. Takes a while for a million.
  void ForgetRemoved(SearchStore& store);
  // Adds a few vectors to the graph where there are many. False when all are in it.
  bool ExtendGraph();
  // Where the graph has so many nodes more than the file.
  void SaveGraph(size_t least_new = 1);

  // Best first. `allowed`: none of the others; null = all. What vanished since ForgetRemoved() may
  // be among them.
  std::vector<VectorHit> Find(const std::vector<float>& question,
                              const std::vector<PassageRange>* allowed, size_t limit) const;
  size_t size() const;
  size_t graph_size() const;
  // They are so many that the graph is asked.
  bool needs_graph() const;

 private:
  void Clear();
  void Load(SearchStore& store);
  void Add(const PassageVector& vector);
  void Forget(VectorSlot slot);
  bool CopyGraphIds(std::string_view& bytes, std::vector<int64_t>& ids) const;
  std::string GraphHead() const;
  std::vector<std::pair<VectorSlot, VectorSlot>> SlotsOf(
      const std::vector<PassageRange>* allowed) const;

  const EmbedderInfo embedder_;
  const std::filesystem::path graph_file_;
  const size_t most_compared_;

  mutable std::shared_mutex mutex_;
  std::unique_ptr<VectorTable> table_;
  std::unique_ptr<VectorGraph> graph_;  // of the first slots; null = none yet
  std::vector<int64_t> ids_;            // of slots; rising
  std::vector<bool> is_there_;          // false: vanished, or without a direction
  size_t n_gone_ = 0;
  size_t n_saved_ = 0;  // nodes of the graph in the file
  bool loaded_ = false;
  int64_t removals_ = 0, resets_ = 0;
};

}  // namespace pioneer::search
