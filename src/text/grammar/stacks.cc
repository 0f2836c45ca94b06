#include "text/grammar/stacks.h"

#include <algorithm>

namespace pioneer::grammar {

Stacks::Stacks(WorkBudget& budget) : budget_(budget) {
  nodes_.push_back({0, 0, 0});
  Push(kBottom, kNone);
}

int32_t Stacks::Intern(std::span<const Entry> entries) {
  uint64_t hash = entries.size();
  int32_t depth = 0;
  for (const Entry& entry : entries) {
    hash = (hash ^ static_cast<uint32_t>(entry.state)) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 29 ^ static_cast<uint32_t>(entry.below)) * 0xBF58476D1CE4E5B9u;
    depth = std::max(depth, nodes_[entry.below].depth + 1);
  }
  if (depth > kMaxStackDepth) return kNone;
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto found = begin; found != end; ++found) {
    const auto known = this->entries(found->second);
    if (std::equal(known.begin(), known.end(), entries.begin(), entries.end()))
      return found->second;
  }
  budget_.Spend(1);
  const auto id = static_cast<int32_t>(nodes_.size());
  nodes_.push_back(
      {static_cast<uint32_t>(entries_.size()), static_cast<uint32_t>(entries.size()), depth});
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  by_hash_.emplace(hash, id);
  return id;
}

int32_t Stacks::Push(int32_t state, int32_t below) {
  const Entry entry{state, below};
  return Intern({&entry, 1});
}

int32_t Stacks::Union(int32_t a, int32_t b) {
  if (a == b || b == kNone) return a;
  if (a == kNone) return b;
  if (a > b) std::swap(a, b);
  const uint64_t key = static_cast<uint64_t>(a) << 32 | static_cast<uint32_t>(b);
  if (const auto known = unions_.find(key); known != unions_.end()) return known->second;
  const std::vector<Entry> left(entries(a).begin(), entries(a).end());
  const std::vector<Entry> right(entries(b).begin(), entries(b).end());
  budget_.Spend(static_cast<int64_t>(left.size() + right.size()));
  std::vector<Entry> merged;
  size_t i = 0, k = 0;
  while (i < left.size() || k < right.size()) {
    if (k == right.size() || (i < left.size() && left[i].state < right[k].state)) {
      merged.push_back(left[i++]);
    } else if (i == left.size() || right[k].state < left[i].state) {
      merged.push_back(right[k++]);
    } else {
      merged.push_back({left[i].state, Union(left[i].below, right[k].below)});
      ++i;
      ++k;
    }
  }
  return unions_[key] = Intern(merged);
}

}  // namespace pioneer::grammar
