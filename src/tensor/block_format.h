// Why: one description of every block type, from which dequantization, quantization and packing
// follow. A block holds codes, and for each group of its elements a scale (and sometimes a
// minimum):
//
//   x[i] = d * scale[g] * level(code[i]) - dmin * min[g],   g = i / group
//
// In the 256-element types scale and min are small integers under the block's d and dmin; in the
// 32-element types there is one group, and both are 1. Byte layouts are GGUF's:
// https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace pioneer {

inline constexpr int kSuperBlock = 256;
inline constexpr int kMaxBlockGroups = 16;

// Some bits of every code. Elements are taken in chunks of run * 8 / bits; in a chunk, byte b holds
// elements b, b + run, b + 2 * run, ... from its low bits up.
struct CodePlane {
  int offset = 0;  // bytes
  int bits = 0;
  int run = 0;
};

enum class BlockScales {
  kNone,      // one group, d alone
  kNibbles,   // unsigned: scale in the low nibble, min in the high one
  kSixBits,   // unsigned scale and min of 8 groups in 12 bytes
  kSigned6,   // signed scales of 16 groups in 12 bytes, 32 added
  kSigned6x,  // signed scales of 8 groups in 2 + 4 bytes, 32 added
  kSigned8,
};

// IQ4's levels: denser around zero, as weights are.
inline constexpr std::array<int8_t, 16> kIq4Levels = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};
// Twice the values of E2M1: sign, two bits of exponent, one of fraction.
inline constexpr std::array<int8_t, 16> kFp4Levels = {0, 1,  2,  3,  4,  6,  8,  12,
                                                      0, -1, -2, -3, -4, -6, -8, -12};

enum class BlockLevels {
  kLinear,  // level = code - zero_point
  kIq4,     // level = kIq4Levels[code]
  kFp4,     // level = kFp4Levels[code]
};

struct BlockFormat {
  int block = 0, group = 0;  // elements
  CodePlane low, high;       // high.bits is 0 where one plane holds the code
  int d_offset = 0;          // float16; one exponent byte when d_is_exponent
  int dmin_offset = -1;      // none: no min
  BlockScales scales = BlockScales::kNone;
  int scales_offset = 0;
  int scale_low = 1, scale_high = 1, min_high = 1;  // ranges of the groups' integers
  int zero_point = 0;
  BlockLevels levels = BlockLevels::kLinear;
  bool signed_codes = false;   // stored as two's complement
  bool d_is_exponent = false;  // d = 2^(byte - 128)

  constexpr int code_bits() const { return low.bits + high.bits; }
  constexpr int n_groups() const { return block / group; }
  constexpr bool has_min() const { return dmin_offset >= 0; }
  constexpr int Level(int code) const {
    if (levels == BlockLevels::kLinear) return code - zero_point;
    return levels == BlockLevels::kIq4 ? kIq4Levels[code] : kFp4Levels[code];
  }
};

constexpr BlockFormat SmallBlock(CodePlane low, CodePlane high, int zero_point) {
  BlockFormat format{.block = 32, .group = 32, .low = low, .high = high};
  format.zero_point = zero_point;
  return format;
}

// The format of a block type; block is 0 for plain types.
constexpr BlockFormat BlockFormatOf(DType dtype) {
  BlockFormat f;
  switch (dtype) {
    case DType::kQ8_0:
      f = SmallBlock({2, 8, 32}, {}, 128);
      f.signed_codes = true;
      return f;
    case DType::kQ4_0:
      return SmallBlock({2, 4, 16}, {}, 8);
    case DType::kQ4_1:
      f = SmallBlock({4, 4, 16}, {}, 0);
      f.dmin_offset = 2;
      return f;
    case DType::kQ5_0:
      return SmallBlock({6, 4, 16}, {2, 1, 1}, 16);
    case DType::kQ5_1:
      f = SmallBlock({8, 4, 16}, {4, 1, 1}, 0);
      f.dmin_offset = 2;
      return f;
    case DType::kIQ4_NL:
      f = SmallBlock({2, 4, 16}, {}, 0);
      f.levels = BlockLevels::kIq4;
      return f;
    case DType::kMXFP4:
      f = SmallBlock({1, 4, 16}, {}, 0);
      f.levels = BlockLevels::kFp4;
      f.d_is_exponent = true;
      return f;
    case DType::kQ2_K:
      return {kSuperBlock, 16, {16, 2, 32}, {}, 80, 82, BlockScales::kNibbles, 0, 0, 15, 15};
    case DType::kQ3_K:
      return {kSuperBlock,           16, {32, 2, 32}, {0, 1, 32}, 108, -1,
              BlockScales::kSigned6, 96, -32,         31,         0,   4};
    case DType::kQ4_K:
      return {kSuperBlock, 32, {16, 4, 32}, {}, 0, 2, BlockScales::kSixBits, 4, 0, 63, 63};
    case DType::kQ5_K:
      return {kSuperBlock, 32, {48, 4, 32}, {16, 1, 32}, 0, 2, BlockScales::kSixBits, 4, 0, 63, 63};
    case DType::kQ6_K:
      return {kSuperBlock,           16,  {0, 4, 64}, {128, 2, 32}, 208, -1,
              BlockScales::kSigned8, 192, -128,       127,          0,   32};
    case DType::kIQ4_XS:
      f = {kSuperBlock, 32, {8, 4, 16}, {}, 0, -1, BlockScales::kSigned6x, 2, -32, 31};
      f.levels = BlockLevels::kIq4;
      return f;
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
      return f;
  }
  return f;
}

// A block taken apart. d and dmin are exactly what the file's 16 bits say.
struct BlockCodes {
  float d = 0, dmin = 0;
  int16_t scale[kMaxBlockGroups] = {};
  int16_t min[kMaxBlockGroups] = {};
  uint8_t code[kSuperBlock] = {};
};

// `bytes` is one block of the format.
void DecodeBlock(const BlockFormat& format, const std::byte* bytes, BlockCodes& out);
// d and dmin must be values that the format can store (StoredScale); the bytes must be zero before.
void EncodeBlock(const BlockFormat& format, const BlockCodes& codes, std::byte* bytes);

// The storable d (or dmin) nearest to v.
float StoredScale(const BlockFormat& format, float v);

}  // namespace pioneer
