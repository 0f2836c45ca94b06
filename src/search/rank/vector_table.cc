#include "search/rank/vector_table.h"

#include <algorithm>
#include <cstring>

namespace pioneer::search {

VectorSlot VectorTable::Add(std::span<const int8_t> bytes) {
  const auto slot = static_cast<VectorSlot>(size());
  if (slot % kChunkRows == 0) {
    chunks_.push_back(std::make_unique<int8_t[]>(static_cast<size_t>(kChunkRows * row_bytes_)));
  }
  int8_t* const row = chunks_.back().get() + slot % kChunkRows * row_bytes_;
  std::copy_n(bytes.begin(), std::min(std::ssize(bytes), row_bytes_), row);
  inverse_lengths_.push_back(InverseLength(row, row_bytes_));
  return slot;
}

void VectorTable::Replace(VectorSlot slot, const VectorSlot* other) {
  int8_t* const row = chunks_[slot / kChunkRows].get() + slot % kChunkRows * row_bytes_;
  if (other) {
    std::copy_n(Row(*other).bytes, row_bytes_, row);
    inverse_lengths_[slot] = inverse_lengths_[*other];
  } else {
    std::fill_n(row, row_bytes_, int8_t{0});
    inverse_lengths_[slot] = 0;
  }
}

}  // namespace pioneer::search
