// Why: a Unigram tokenizer asks at every place of a text for all tokens that begin there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pioneer {

// A trie over bytes in one hash table. Immutable once filled.
class ByteTrie {
 public:
  static constexpr size_t kMaxNodes = size_t{1} << 24;

  // Room for texts of max_bytes together, below kMaxNodes.
  explicit ByteTrie(size_t max_bytes);

  // `text` is not empty; a later value takes the place of an earlier one.
  void Add(std::string_view text, int32_t value);

  // Node 0 is the root. -1: there is none.
  int32_t Child(int32_t node, uint8_t byte) const;
  int32_t Value(int32_t node) const { return values_[node]; }

 private:
  struct Slot {
    uint32_t key = UINT32_MAX;  // node * 256 + byte; node 2^24 - 1 does not occur
    int32_t child = -1;
  };
  size_t Probe(uint32_t key) const;

  std::vector<Slot> slots_;
  std::vector<int32_t> values_;  // of nodes
  int shift_;
};

}  // namespace pioneer
