#include "text/symbol_merger.h"

#include <algorithm>
#include <array>
#include <bit>
#include <queue>

namespace pioneer {
namespace {

constexpr size_t kMaxScannedSymbols = 48;

uint64_t PairKey(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 20 | static_cast<uint32_t>(right);
}

// The place of the lowest rank, the leftmost of equals. Ranks behind the n are kNoMerge up to the
// next multiple of kLanes, so that the compiler can use vectors.
constexpr size_t kLanes = 16;

size_t LowestRank(const std::array<uint32_t, kMaxScannedSymbols>& ranks, size_t n) {
  uint32_t lowest = MergeTable::kNoMerge;
  for (size_t i = 0; i < n; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lowest = std::min(lowest, ranks[i + lane]);
  }
  size_t at = 0;
  while (at + 1 < n && ranks[at] != lowest) ++at;
  return at;
}

// Short pieces: find the best pair by looking at all of them. Beats any heap at these lengths.
void MergeByScanning(const MergeTable& table, std::vector<int32_t>& symbols) {
  std::array<uint32_t, kMaxScannedSymbols> ranks;  // of symbols i and i + 1
  size_t n = symbols.size();
  std::fill_n(ranks.begin(), (n + kLanes - 1) / kLanes * kLanes, MergeTable::kNoMerge);
  for (size_t i = 0; i + 1 < n; ++i) ranks[i] = table.Rank(symbols[i], symbols[i + 1]);
  while (n > 1) {
    const size_t best = LowestRank(ranks, n - 1);
    if (ranks[best] == MergeTable::kNoMerge) break;
    symbols[best] = table.Result(symbols[best], symbols[best + 1]);
    std::copy(symbols.begin() + best + 2, symbols.begin() + n, symbols.begin() + best + 1);
    std::copy(ranks.begin() + best + 1, ranks.begin() + n - 1, ranks.begin() + best);
    --n;
    ranks[n - 1] = MergeTable::kNoMerge;
    if (best + 1 < n) ranks[best] = table.Rank(symbols[best], symbols[best + 1]);
    if (best > 0) ranks[best - 1] = table.Rank(symbols[best - 1], symbols[best]);
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
    int32_t position, left, right;
    bool operator<(const Candidate& other) const {  // the top is the lowest rank, leftmost
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  void PushPair(int32_t position) {
    const int32_t right = next_[position];
    if (right < 0) return;
    const uint32_t rank = table_.Rank(symbols_[position], symbols_[right]);
    if (rank == MergeTable::kNoMerge) return;
    heap_.push({rank, position, symbols_[position], symbols_[right]});
  }

  bool IsCurrent(const Candidate& pair) const {
    const int32_t right = next_[pair.position];
    return right >= 0 && symbols_[pair.position] == pair.left && symbols_[right] == pair.right;
  }

  void Apply(const Candidate& pair) {
    const int32_t right = next_[pair.position];
    const int32_t after = next_[right];
    symbols_[pair.position] = table_.Result(pair.left, pair.right);
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
    : small_ranks_(kSmallSymbols * kSmallSymbols, kNoMerge),
      slots_(std::bit_ceil(max_pairs + max_pairs / 2 + 2), kEmpty),
      results_(slots_.size(), -1),
      shift_(64 - std::countr_zero(slots_.size())) {}

size_t MergeTable::Probe(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t at = (key ^ key >> 17) * 0x9E3779B97F4A7C15u >> shift_;
  while (slots_[at] >> kRankBits != key && slots_[at] != kEmpty) at = (at + 1) & mask;
  return at;
}

void MergeTable::Add(int32_t left, int32_t right, uint32_t rank, int32_t result) {
  const size_t at = Probe(PairKey(left, right));
  if (slots_[at] != kEmpty) return;
  slots_[at] = PairKey(left, right) << kRankBits | rank;
  results_[at] = result;
  if (IsSmall(left, right)) small_ranks_[left * kSmallSymbols + right] = rank;
}

uint32_t MergeTable::Rank(int32_t left, int32_t right) const {
  if (IsSmall(left, right)) return small_ranks_[left * kSmallSymbols + right];
  if ((left | right) < 0) return kNoMerge;
  const uint64_t slot = slots_[Probe(PairKey(left, right))];
  return slot == kEmpty ? kNoMerge : static_cast<uint32_t>(slot & kMaxRanks);
}

int32_t MergeTable::Result(int32_t left, int32_t right) const {
  return results_[Probe(PairKey(left, right))];
}

void MergeSymbols(const MergeTable& table, std::vector<int32_t>& symbols) {
  if (symbols.size() <= 1) return;
  if (symbols.size() <= kMaxScannedSymbols) return MergeByScanning(table, symbols);
  HeapMerger(table, symbols).Run();
}

}  // namespace pioneer
