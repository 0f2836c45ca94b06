// Why: tokenizers look up strings by the million. An open-addressing table over strings that live
// elsewhere does it in one probe and without allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

// Maps strings[id] to id for the ids that were added. Keeps a pointer to `strings`, which must
// outlive it and not change. Concurrent Find() is safe.
class StringIndex {
 public:
  // Room for max_entries without growing.
  StringIndex(const std::vector<std::string>& strings, size_t max_entries);

  // Returns false, changing nothing, when an equal string is there.
  bool Add(int32_t id);
  // -1 when absent.
  int32_t Find(std::string_view text) const;
  int32_t Find(std::string_view text, uint64_t hash) const;  // hash == HashBytes(text)
  // For many look-ups together: start to bring what Find() of this hash reads, the table's slot
  // and, once that is here, the string in it.
  void PrefetchSlot(uint64_t hash) const { __builtin_prefetch(&slots_[hash >> 32 & mask_]); }
  void PrefetchString(uint64_t hash) const {
    const int32_t id = slots_[hash >> 32 & mask_].id;
    if (id >= 0) __builtin_prefetch(&(*strings_)[static_cast<size_t>(id)]);
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t id = -1;
  };
  // The slot of `text`, or the empty one where it would go.
  size_t Probe(std::string_view text, uint32_t hash) const;

  const std::vector<std::string>* strings_;
  std::vector<Slot> slots_;
  size_t mask_;
};

// 64-bit hash, good in all bits; the same on every machine of one byte order.
uint64_t HashBytes(std::string_view bytes);

}  // namespace pioneer
