// Why: byte-level BPE and SentencePiece's BPE are one algorithm: while some neighbouring pair may
// be merged, merge the pair of the lowest rank, the leftmost first.
//
// Source: Sennrich, Haddow, Birch 2016 (https://arxiv.org/abs/1508.07909).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pioneer {

// Pair of symbols -> rank and merged symbol. Symbols are 0 <= s < kMaxSymbols; a negative symbol
// never merges.
//
// Looking up is most of what tokenizing costs, and most of that is waiting for memory. So all that
// is known of a pair lies in one cache line, and a line is read without branches, so that the
// look-ups of neighbouring pairs overlap.
class MergeTable {
 public:
  static constexpr int kSymbolBits = 20, kRankBits = 24;
  static constexpr int32_t kMaxSymbols = (1 << kSymbolBits) - 1;
  static constexpr uint32_t kMaxRanks = (1 << kRankBits) - 1;
  static constexpr uint32_t kNoMerge = kMaxRanks;

  struct Merge {
    uint32_t rank = kNoMerge;  // kNoMerge: the pair does not merge
    int32_t result = -1;
  };

  explicit MergeTable(size_t max_pairs);

  // rank < kMaxRanks, lower merges first. Keeps the first rank of a pair that is added twice.
  void Add(int32_t left, int32_t right, uint32_t rank, int32_t result);

  // For many together: starts to bring what Find() and Add() of this pair look at.
  void Prefetch(int32_t left, int32_t right) const {
    __builtin_prefetch(&buckets_[FirstBucket(PairKey(left, right))]);
  }

  Merge Find(int32_t left, int32_t right) const {
    const uint64_t key = PairKey(left, right);
    size_t at = FirstBucket(key);
    Merge merge = FindIn(buckets_[at], key);
    while (merge.rank == kNoMerge && buckets_[at].IsFull()) {
      at = at + 1 < buckets_.size() ? at + 1 : 0;
      merge = FindIn(buckets_[at], key);
    }
    return merge;
  }

  // visit(left, right, rank) for every pair, in no order.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const Bucket& bucket : buckets_) {
      for (const uint64_t slot : bucket.pairs) {
        if (slot == kEmpty) continue;
        visit(static_cast<int32_t>(slot >> (kRankBits + kSymbolBits)),
              static_cast<int32_t>(slot >> kRankBits & kMaxSymbols),
              static_cast<uint32_t>(slot & kMaxRanks));
      }
    }
  }

 private:
  static constexpr uint64_t kEmpty = UINT64_MAX;
  static constexpr size_t kBucketPairs = 5;

  struct alignas(64) Bucket {
    Bucket() {
      pairs.fill(kEmpty);
      results.fill(-1);
    }
    bool IsFull() const { return pairs.back() != kEmpty; }
    std::array<uint64_t, kBucketPairs> pairs;  // left, right, rank from the highest bit down
    std::array<int32_t, kBucketPairs> results;
  };

  // No pair's key when a symbol is negative: those have more bits.
  static uint64_t PairKey(int32_t left, int32_t right) {
    return static_cast<uint64_t>(int64_t{left}) << kSymbolBits | static_cast<uint32_t>(right);
  }
  size_t FirstBucket(uint64_t key) const {
    const uint64_t hash = (key ^ key >> 17) * 0x9E3779B97F4A7C15u;
    return (hash >> 32) * buckets_.size() >> 32;
  }
  static Merge FindIn(const Bucket& bucket, uint64_t key) {
    Merge merge;
    for (size_t i = 0; i < kBucketPairs; ++i) {
      const bool found = bucket.pairs[i] >> kRankBits == key;
      merge.rank = found ? static_cast<uint32_t>(bucket.pairs[i] & kMaxRanks) : merge.rank;
      merge.result = found ? bucket.results[i] : merge.result;
    }
    return merge;
  }

  std::vector<Bucket> buckets_;  // each filled from the front; a full one goes on in the next
};

// Merges `symbols` in place until nothing can be merged. Quadratic only up to a small constant
// length, O(n log n) beyond. symbols.size() must be below 2^31.
void MergeSymbols(const MergeTable& table, std::vector<int32_t>& symbols);

}  // namespace pioneer
