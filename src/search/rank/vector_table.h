// Why: the vectors of all passages in memory, a byte a number, where scanning and the graph find
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tensor/ops/byte_vectors.h"

namespace pioneer::search {

using VectorSlot = uint32_t;

// A query or a row: its numbers with the zeros behind them, and 1 / its length.
struct ByteVector {
  const int8_t* bytes = nullptr;
  float inverse_length = 0;
};

// Rows stay where they are while others are added. Readers together, a writer alone.
class VectorTable {
 public:
  explicit VectorTable(int dimensions) : row_bytes_(ByteVectorSize(dimensions)) {}

  size_t size() const { return inverse_lengths_.size(); }
  int64_t row_bytes() const { return row_bytes_; }
  // `bytes`: at most row_bytes(); what is missing is 0.
  VectorSlot Add(std::span<const int8_t> bytes);
  // `slot` gets the row of `other`, or zeros.
  void Replace(VectorSlot slot, const VectorSlot* other);

  ByteVector Row(VectorSlot slot) const {
    return {chunks_[slot / kChunkRows].get() + slot % kChunkRows * row_bytes_,
            inverse_lengths_[slot]};
  }
  // -1..1; 0 for rows without a direction.
  float Cosine(const ByteVector& a, const ByteVector& b) const {
    return static_cast<float>(DotByteVectors(a.bytes, b.bytes, row_bytes_)) * a.inverse_length *
           b.inverse_length;
  }

 private:
  static constexpr VectorSlot kChunkRows = 4096;
  const int64_t row_bytes_;
  std::vector<std::unique_ptr<int8_t[]>> chunks_;
  std::vector<float> inverse_lengths_;
};

}  // namespace pioneer::search
