#include "text/symbol_merger.h"

#include <algorithm>
#include <array>
#include <bit>
#include <queue>

namespace pioneer {
namespace {

constexpr size_t kMaxScannedSymbols = 48;

uint64_t PairKey(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

// Short pieces: find the best pair by looking at all of them. Beats any heap at these lengths.
void MergeByScanning(const MergeTable& table, std::vector<int32_t>& symbols) {
  std::array<MergeTable::Merge, kMaxScannedSymbols> merges;  // of symbols i and i + 1
  size_t n = symbols.size();
  for (size_t i = 0; i + 1 < n; ++i) merges[i] = table.Find(symbols[i], symbols[i + 1]);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == MergeTable::kNoMerge) break;
    symbols[best] = merges[best].result;
    std::copy(symbols.begin() + best + 2, symbols.begin() + n, symbols.begin() + best + 1);
    std::copy(merges.begin() + best + 1, merges.begin() + n - 1, merges.begin() + best);
    --n;
    if (best + 1 < n) merges[best] = table.Find(symbols[best], symbols[best + 1]);
    if (best > 0) merges[best - 1] = table.Find(symbols[best - 1], symbols[best]);
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

MergeTable::MergeTable(size_t max_pairs)
    : slots_(std::bit_ceil(max_pairs + max_pairs / 2 + 2)),
      shift_(64 - std::countr_zero(slots_.size())) {}

size_t MergeTable::Probe(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t at = (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> shift_;
  while (slots_[at].key != key && slots_[at].key != UINT64_MAX) at = (at + 1) & mask;
  return at;
}

void MergeTable::Add(int32_t left, int32_t right, Merge merge) {
  const uint64_t key = PairKey(left, right);
  Slot& slot = slots_[Probe(key)];
  if (slot.key != key) slot = {key, merge};
}

MergeTable::Merge MergeTable::Find(int32_t left, int32_t right) const {
  if ((left | right) < 0) return {};
  const uint64_t key = PairKey(left, right);
  const Slot& slot = slots_[Probe(key)];
  return slot.key == key ? slot.merge : Merge{};
}

void MergeSymbols(const MergeTable& table, std::vector<int32_t>& symbols) {
  if (symbols.size() <= 1) return;
  if (symbols.size() <= kMaxScannedSymbols) return MergeByScanning(table, symbols);
  HeapMerger(table, symbols).Run();
}

}  // namespace pioneer
