// Why: byte-level BPE and SentencePiece's BPE are one algorithm: while some neighbouring pair may
// be merged, merge the pair of the lowest rank, the leftmost first.
//
// Source: Sennrich, Haddow, Birch 2016 (https://arxiv.org/abs/1508.07909).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pioneer {

// Pair of symbols -> rank and merged symbol. Symbols are >= 0; a negative symbol never merges.
class MergeTable {
 public:
  static constexpr uint32_t kNoMerge = UINT32_MAX;
  struct Merge {
    uint32_t rank = kNoMerge;  // lower merges first
    int32_t result = -1;
  };

  explicit MergeTable(size_t max_pairs);

  // Keeps the first rank of a pair that is added twice.
  void Add(int32_t left, int32_t right, Merge merge);
  Merge Find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t key = UINT64_MAX;
    Merge merge;
  };
  size_t Probe(uint64_t key) const;

  std::vector<Slot> slots_;
  int shift_;
};

// Merges `symbols` in place until nothing can be merged. Quadratic only up to a small constant
// length, O(n log n) beyond. symbols.size() must be below 2^31.
void MergeSymbols(const MergeTable& table, std::vector<int32_t>& symbols);

}  // namespace pioneer
