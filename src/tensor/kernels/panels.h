// Why: products want 16 rows of a weight side by side, so that a vector lane is an output and no
// sum ever crosses lanes. A panel is 16 consecutive rows (the last is padded with zero rows),
// stored as it is streamed:
//
//   F32        [k][16] float32
//   F16, BF16  [k][16] 16-bit
//   32-element types, per 32 k:   codes, d [16] 16-bit, min [16] f16 where there is one
//   256-element types, per 256 k: d f16 [16], dmin f16 [16] (or unused), the groups' integers
//                                 [groups][16] bytes (scales; mins after them; Q2_K both in a
//                                 byte), then the codes of each 32 k
//
// A block is read from front to back and starts on a cache line (32-element types: most on half of
// one): prefetchers lose a kernel that jumps between regions.
//
// Codes are cut in planes of 8, 4, 2 or 1 bits (5 = 4 + 1, 6 = 4 + 2, 3 = 2 + 1), low bits first,
// and a plane in vectors [16][4]: 16 rows of 4 consecutive k. Of the 8 such groups g of 32 k, a
// vector of nibbles holds g = i in the low half and i + 4 in the high half; a vector of pairs
// 4h + i at bits 2i; a vector of single bits g at bit g.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/block_format.h"
#include "tensor/tensor.h"

namespace pioneer {

inline constexpr int kPanelRows = 16;

// Where things lie in a panel block, in bytes.
struct PanelLayout {
  int block_k = 0;  // k in a block
  int d = 0, dmin = 0, scale = 0, min = 0, codes = 0;
  int stride = 0;  // between the codes of 32 k and the next
  int bytes = 0;   // of 16 rows
};

constexpr PanelLayout PanelLayoutOf(DType dtype) {
  PanelLayout at;
  const BlockFormat format = BlockFormatOf(dtype);
  if (format.block == 0) {
    at.block_k = 1;
    at.bytes = kPanelRows * (dtype == DType::kF32 ? 4 : 2);
    return at;
  }
  at.block_k = format.block;
  at.stride = 32 * kPanelRows * format.code_bits() / 8;
  if (format.block == 32) {
    at.d = at.stride;
    at.dmin = at.d + 2 * kPanelRows;
    at.bytes = at.d + 2 * kPanelRows * (format.has_min() ? 2 : 1);
    return at;
  }
  const int integers = format.n_groups() * kPanelRows;
  const bool own_mins = format.has_min() && format.scales != BlockScales::kNibbles;
  at.dmin = 2 * kPanelRows;
  at.scale = 2 * at.dmin;
  at.min = at.scale + (own_mins ? integers : 0);
  at.codes = at.min + integers;
  at.bytes = at.codes + at.stride * (format.block / 32);
  return at;
}

// The place of group g (of 8) in a plane of `bits`: which vector, and from which bit on.
struct PlanePlace {
  int vector, bit;
};
constexpr PlanePlace PlaceInPlane(int bits, int g) {
  return bits == 4 ? PlanePlace{g % 4, g / 4 * 4} : PlanePlace{g * bits / 8, g * bits % 8};
}
inline constexpr int kPlaneVectorBytes = 4 * kPanelRows;

inline int64_t PanelCount(int64_t n_rows) { return (n_rows + kPanelRows - 1) / kPanelRows; }
size_t PanelBytes(DType dtype, int64_t n_in);

// The panel of rows [16 panel, 16 panel + 16): writes PanelBytes(dtype, cols) bytes.
void PackPanel(const Tensor& weight, int64_t panel, std::byte* out);
// Differs where the packed bytes of equal weights would: packed bytes that are kept on disk are of
// use only to a program whose fingerprint is the same.
uint64_t PanelFingerprint(DType dtype);

}  // namespace pioneer
