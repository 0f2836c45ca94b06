// Why: byte-level BPE and SentencePiece's BPE are one algorithm: while some neighbouring pair may
// be merged, merge the pair of the lowest rank, the leftmost first.
//
// Source: Sennrich, Haddow, Birch 2016 (https://arxiv.org/abs/1508.07909).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pioneer {

// Pair of symbols -> rank and merged symbol. Symbols are 0 <= s < kMaxSymbols; a negative symbol
// never merges. Looking up is most of what tokenizing costs, and most of that is waiting for
// memory, so a pair and its rank take eight bytes and the merged symbols lie apart.
class MergeTable {
 public:
  static constexpr int32_t kMaxSymbols = (1 << 20) - 1;
  static constexpr uint32_t kMaxRanks = (1 << 24) - 1;
  static constexpr uint32_t kNoMerge = UINT32_MAX;

  explicit MergeTable(size_t max_pairs);

  // rank < kMaxRanks, lower merges first. Keeps the first rank of a pair that is added twice.
  void Add(int32_t left, int32_t right, uint32_t rank, int32_t result);
  // kNoMerge when the pair does not merge.
  uint32_t Rank(int32_t left, int32_t right) const;
  // What a pair that merges becomes.
  int32_t Result(int32_t left, int32_t right) const;

 private:
  // Bytes meet so often that their pairs have a table of their own.
  static constexpr uint32_t kSmallSymbols = 256;
  static constexpr uint64_t kEmpty = UINT64_MAX;
  static constexpr int kRankBits = 24;

  static bool IsSmall(int32_t left, int32_t right) {
    return static_cast<uint32_t>(left | right) < kSmallSymbols;
  }
  size_t Probe(uint64_t key) const;

  std::vector<uint32_t> small_ranks_;  // [left][right]
  std::vector<uint64_t> slots_;        // left, right, rank from the highest bit down
  std::vector<int32_t> results_;       // of slots_
  int shift_;
};

// Merges `symbols` in place until nothing can be merged. Quadratic only up to a small constant
// length, O(n log n) beyond. symbols.size() must be below 2^31.
void MergeSymbols(const MergeTable& table, std::vector<int32_t>& symbols);

}  // namespace pioneer
