#include "text/byte_trie.h"

#include <bit>

namespace pioneer {

ByteTrie::ByteTrie(size_t max_bytes)
    : slots_(std::bit_ceil(max_bytes + max_bytes / 2 + 2)),
      values_(1, -1),
      shift_(64 - std::countr_zero(slots_.size())) {}

size_t ByteTrie::Probe(uint32_t key) const {
  size_t at = key * uint64_t{0x9E3779B97F4A7C15} >> shift_;
  while (slots_[at].key != key && slots_[at].child >= 0) at = (at + 1) & (slots_.size() - 1);
  return at;
}

int32_t ByteTrie::Child(int32_t node, uint8_t byte) const {
  return slots_[Probe(static_cast<uint32_t>(node) << 8 | byte)].child;
}

void ByteTrie::Add(std::string_view text, int32_t value) {
  int32_t node = 0;
  for (const char c : text) {
    const uint32_t key = static_cast<uint32_t>(node) << 8 | static_cast<uint8_t>(c);
    Slot& slot = slots_[Probe(key)];
    if (slot.child < 0) {
      slot = {key, static_cast<int32_t>(values_.size())};
      values_.push_back(-1);
    }
    node = slot.child;
  }
  values_[node] = value;
}

}  // namespace pioneer
