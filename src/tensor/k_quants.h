// Why: the 256-element "K" block types: 8 or 16 groups, each with a small integer scale (and
// minimum) under one float16 scale. Byte layouts are GGUF's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace pioneer {

inline constexpr int kSuperBlock = 256;

struct BlockQ4_K {  // x = d * scale * q - dmin * min, a scale and a min per 32
  uint16_t d, dmin;
  uint8_t scales[12];  // see ScaleMinOf
  uint8_t q[128];      // bytes 32i..32i+31: low nibbles are group 2i, high ones group 2i + 1
};
static_assert(sizeof(BlockQ4_K) == 144);

struct BlockQ5_K {
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t high[32];  // bit g of byte l: fifth bit of element l of group g
  uint8_t q[128];
};
static_assert(sizeof(BlockQ5_K) == 176);

struct BlockQ6_K {   // x = d * scale * (q - 32), a scale per 16
  uint8_t low[128];  // each half of the block: see LowAndHigh in k_quants.cc
  uint8_t high[64];
  int8_t scales[16];
  uint16_t d;
};
static_assert(sizeof(BlockQ6_K) == 210);

// One block's codes, one per element, as every type's decoder and packer wants them. The value of
// element i is d * scale[g] * (q[i] - zero_point) - dmin * min[g]; g = i / group.
struct DecodedBlock {
  float d = 0, dmin = 0;
  uint16_t d_half = 0, dmin_half = 0;
  int scale[16] = {};
  int min[16] = {};
  uint8_t q[kSuperBlock] = {};
};

void DecodeBlock(const BlockQ4_K& block, DecodedBlock& out);
void DecodeBlock(const BlockQ5_K& block, DecodedBlock& out);
void DecodeBlock(const BlockQ6_K& block, DecodedBlock& out);  // zero point 32, group 16

// x finite, |x| <= 65504; n a multiple of 256.
void QuantizeKRow(DType dtype, const float* x, std::byte* out, int64_t n);
void DequantizeKRow(DType dtype, const std::byte* x, float* out, int64_t n);

}  // namespace pioneer
