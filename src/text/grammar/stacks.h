// Why: what comes after a terminal is a stack of network states to return to, and in an ambiguous
// grammar several stacks at once. A set of stacks is a node: for each top state one entry with the
// set of what is below. Nodes are hash-consed, so that equal sets have equal ids and shared parts
// are stored once.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "text/grammar/work_budget.h"

namespace pioneer::grammar {

inline constexpr int kMaxStackDepth = 3000;

// Not thread-safe.
class Stacks {
 public:
  struct Entry {
    int32_t state;  // of the network; kBottom = the answer may end
    int32_t below;
    bool operator==(const Entry&) const = default;
  };
  static constexpr int32_t kBottom = -1;
  static constexpr int32_t kNone = 0;  // no stack at all
  static constexpr int32_t kEnd = 1;   // one stack, with nothing but the bottom

  explicit Stacks(WorkBudget& budget);

  // `state` on top of each; kNone when that would be deeper than kMaxStackDepth.
  int32_t Push(int32_t state, int32_t below);
  int32_t Union(int32_t a, int32_t b);
  std::span<const Entry> entries(int32_t node) const {
    return {entries_.data() + nodes_[node].first, nodes_[node].n};
  }
  int size() const { return static_cast<int>(nodes_.size()); }

 private:
  struct Node {
    uint32_t first, n;
    int32_t depth;
  };
  int32_t Intern(std::span<const Entry> entries);

  WorkBudget& budget_;
  std::vector<Node> nodes_;
  std::vector<Entry> entries_;
  std::unordered_multimap<uint64_t, int32_t> by_hash_;
  std::unordered_map<uint64_t, int32_t> unions_;
};

}  // namespace pioneer::grammar
