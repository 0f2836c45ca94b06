#include "text/symbol_merger.h"

#include <algorithm>
#include <array>
#include <queue>

namespace pioneer {
namespace {

constexpr size_t kMaxScannedSymbols = 48;

// Short pieces: find the best pair by looking at all of them. Beats any heap at these lengths.
void MergeByScanning(const MergeTable& table, std::vector<int32_t>& symbols) {
  struct Pairs {  // of symbols i and i + 1
    std::array<uint32_t, kMaxScannedSymbols> ranks;
    std::array<int32_t, kMaxScannedSymbols> results;
  } pairs;
  const auto find = [&](size_t i) {
    const MergeTable::Merge merge = table.Find(symbols[i], symbols[i + 1]);
    pairs.ranks[i] = merge.rank;
    pairs.results[i] = merge.result;
  };
  size_t n = symbols.size();
  for (size_t i = 0; i + 1 < n; ++i) find(i);
  while (n > 1) {
    uint32_t lowest = UINT32_MAX;  // rank and place; the leftmost of equal ranks
    for (uint32_t i = 0; i + 1 < n; ++i) lowest = std::min(lowest, pairs.ranks[i] << 8 | i);
    if (lowest >> 8 == MergeTable::kNoMerge) break;
    const size_t best = lowest & 0xFF;
    symbols[best] = pairs.results[best];
    --n;
    for (size_t i = best + 1; i < n; ++i) {
      symbols[i] = symbols[i + 1];
      pairs.ranks[i - 1] = pairs.ranks[i];
      pairs.results[i - 1] = pairs.results[i];
    }
    if (best + 1 < n) find(best);
    if (best > 0) find(best - 1);
  }
  symbols.resize(n);
}

// Long pieces: a heap of pairs over a doubly linked list; stale pairs are dropped when popped.
class HeapMerger {
 public:
  HeapMerger(const MergeTable& table, std::vector<int32_t>& symbols)
      : table_(table), symbols_(symbols), next_(symbols.size()), previous_(symbols.size()) {
    const auto n = static_cast<int32_t>(symbols.size());
    for (int32_t i = 0; i < n; ++i) {
      previous_[i] = i - 1;
      next_[i] = i + 1 < n ? i + 1 : -1;
    }
    for (int32_t i = 0; i + 1 < n; ++i) PushPair(i);
  }

  void Run() {
    while (!heap_.empty()) {
      const Candidate pair = heap_.top();
      heap_.pop();
      if (IsCurrent(pair)) Apply(pair);
    }
    Compact();
  }

 private:
  static constexpr int32_t kGone = -2;  // `next_` of a symbol that was merged into its left one

  struct Candidate {
    uint32_t rank;
    int32_t position, left, right, result;
    bool operator<(const Candidate& other) const {  // the top is the lowest rank, leftmost
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  void PushPair(int32_t position) {
    const int32_t right = next_[position];
    if (right < 0) return;
    const MergeTable::Merge merge = table_.Find(symbols_[position], symbols_[right]);
    if (merge.rank == MergeTable::kNoMerge) return;
    heap_.push({merge.rank, position, symbols_[position], symbols_[right], merge.result});
  }

  bool IsCurrent(const Candidate& pair) const {
    const int32_t right = next_[pair.position];
    return right >= 0 && symbols_[pair.position] == pair.left && symbols_[right] == pair.right;
  }

  void Apply(const Candidate& pair) {
    const int32_t right = next_[pair.position];
    const int32_t after = next_[right];
    symbols_[pair.position] = pair.result;
    next_[pair.position] = after;
    next_[right] = kGone;
    if (after >= 0) previous_[after] = pair.position;
    PushPair(pair.position);
    if (previous_[pair.position] >= 0) PushPair(previous_[pair.position]);
  }

  void Compact() {
    size_t kept = 0;
    for (size_t i = 0; i < symbols_.size(); ++i) {
      if (next_[i] != kGone) symbols_[kept++] = symbols_[i];
    }
    symbols_.resize(kept);
  }

  const MergeTable& table_;
  std::vector<int32_t>& symbols_;
  std::vector<int32_t> next_, previous_;
  std::priority_queue<Candidate> heap_;
};

}  // namespace

// Half of the slots stay empty, so that few buckets are full.
MergeTable::MergeTable(size_t max_pairs) : buckets_(max_pairs * 2 / kBucketPairs + 1) {}

void MergeTable::Add(int32_t left, int32_t right, uint32_t rank, int32_t result) {
  if (Find(left, right).rank != kNoMerge) return;
  const uint64_t key = PairKey(left, right);
  size_t at = FirstBucket(key);
  while (buckets_[at].IsFull()) at = at + 1 < buckets_.size() ? at + 1 : 0;
  Bucket& bucket = buckets_[at];
  const auto slot = std::find(bucket.pairs.begin(), bucket.pairs.end(), kEmpty);
  *slot = key << kRankBits | rank;
  bucket.results[slot - bucket.pairs.begin()] = result;
}

void MergeSymbols(const MergeTable& table, std::vector<int32_t>& symbols) {
  if (symbols.size() <= 1) return;
  if (symbols.size() <= kMaxScannedSymbols) return MergeByScanning(table, symbols);
  HeapMerger(table, symbols).Run();
}

}  // namespace pioneer
