// Why: products want 16 rows of a weight side by side, so that a vector lane is an output and no
// sum ever crosses lanes. A panel is 16 consecutive rows (the last is padded with zero rows),
// stored as it is streamed:
//
//   F32        [k][16] float32
//   F16, BF16  [k][16] 16-bit
//   Q8_0       per 32 k: q u8 (value + 128) [8][16][4], d f16 [16]
//   Q4_0       per 32 k: nibbles [4][16][4], d f16 [16]
//   Q4_K       per 256 k: d, dmin f16 [16], scale u8 [8][16], min u8 [8][16], then for each 32 k
//              nibbles [4][16][4]
//   Q5_K       as Q4_K, the nibbles of each 32 k followed by their fifth bits [16][4]
//   Q6_K       per 256 k: d f16 [16] (32 bytes unused), scale i8 [16][16], then for each 32 k
//              nibbles [4][16][4], upper bits [2][16][4]
//
// A block is read from front to back and starts on a cache line (Q8_0, Q4_0: on half of one):
// prefetchers lose a kernel that jumps between regions.
//
// [..][16][4] means: for each group of 4 consecutive k, 16 rows of 4 bytes. A nibble byte at group
// g (0..3) of 32 k holds the code of group g in its low half and of group g + 4 in its high half.
// A fifth-bit byte holds group g's bit at bit g; an upper-bits byte of vector h holds the two bits
// of group 4h + i at bits 2i.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tensor/tensor.h"

namespace pioneer {

inline constexpr int kPanelRows = 16;

// Sizes of one dtype's panel blocks.
struct PanelFormat {
  int block_k;      // k in a block
  int block_bytes;  // of 16 rows
};
PanelFormat PanelFormatOf(DType dtype);
inline int64_t PanelCount(int64_t n_rows) { return (n_rows + kPanelRows - 1) / kPanelRows; }
size_t PanelBytes(DType dtype, int64_t n_in);

// Immutable, 64-byte aligned.
using PanelBuffer = std::shared_ptr<const std::byte[]>;
PanelBuffer PackPanels(const Tensor& weight);

inline constexpr int kNibbleBytes = 256;  // 32 k of 16 rows at 4 bits
struct PanelQ4_K {
  static constexpr int kD = 0, kDMin = 32, kScale = 64, kMin = kScale + 128, kCodes = kMin + 128,
                       kStride = kNibbleBytes, kBytes = kCodes + 8 * kStride;
};
struct PanelQ5_K {
  static constexpr int kD = 0, kDMin = 32, kScale = 64, kMin = kScale + 128, kCodes = kMin + 128,
                       kStride = kNibbleBytes + 64, kBytes = kCodes + 8 * kStride;
};
struct PanelQ6_K {
  static constexpr int kD = 0, kScale = 64, kCodes = kScale + 256, kStride = kNibbleBytes + 128,
                       kBytes = kCodes + 8 * kStride;
};

}  // namespace pioneer
