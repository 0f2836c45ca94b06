// Why: the nearest of a million vectors without looking at each: a graph of neighbours in layers.
//
// Source: HNSW (Malkov, Yashunin 2018), by hnswlib, which builds the graph. Searching is done here,
// as hnswlib's own cannot leave out what a filter leaves out (before 0.7), and so are files, as its
// own trusts them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "search/rank/vector_table.h"

namespace pioneer::search {

struct SlotHit {
  float cosine = 0;
  VectorSlot slot = 0;
};
// Better first; equal ones in the order of the index.
inline bool IsBetter(const SlotHit& a, const SlotHit& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.slot < b.slot;
}

// Over rows [0, size()) of a table, which outlives it. Finds run together; the others alone.
class VectorGraph {
 public:
  explicit VectorGraph(const VectorTable& table);
  ~VectorGraph();

  size_t size() const;
  // The table's row size() joins.
  void AddNext();
  // The best `limit` of those that are accepted, about: best first.
  std::vector<SlotHit> Find(const ByteVector& query, size_t limit,
                            const std::function<bool(VectorSlot)>& accept) const;
  // The nearest of the slot's neighbours that is accepted, or the slot itself.
  VectorSlot NearestNeighbour(VectorSlot slot, const std::function<bool(VectorSlot)>& accept) const;

  std::string Serialize() const;
  // Null where the bytes are no graph of at most table.size() rows.
  static std::unique_ptr<VectorGraph> Parse(std::string_view bytes, const VectorTable& table);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer::search
