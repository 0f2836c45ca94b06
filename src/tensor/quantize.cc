// Why: conversion of the plain types and of the 32-element block types. The K-types are in
// k_quants.cc.
#include "tensor/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "tensor/half.h"
#include "tensor/k_quants.h"

namespace pioneer {
namespace {

constexpr int kBlock = 32;
constexpr float kMaxHalf = 65504.0f;

struct BlockQ8_0 {
  uint16_t d;
  int8_t q[kBlock];
};
static_assert(sizeof(BlockQ8_0) == 34);

struct BlockQ4_0 {
  uint16_t d;
  uint8_t q[kBlock / 2];  // low nibble: element j, high: element j + 16
};
static_assert(sizeof(BlockQ4_0) == 18);

void QuantizeQ8_0(const float* x, std::byte* out, int64_t n) {
  for (int64_t b = 0; b < n / kBlock; ++b, x += kBlock, out += sizeof(BlockQ8_0)) {
    float largest = 0;
    for (int i = 0; i < kBlock; ++i) largest = std::max(largest, std::fabs(x[i]));
    const float d = largest / 127;
    const float inverse = d > 0 ? 1 / d : 0;
    BlockQ8_0 block;
    block.d = FloatToHalf(d);
    for (int i = 0; i < kBlock; ++i) {
      block.q[i] = static_cast<int8_t>(std::clamp(std::round(x[i] * inverse), -127.0f, 127.0f));
    }
    std::memcpy(out, &block, sizeof block);
  }
}

int NibbleOf(float scaled) { return static_cast<int>(std::clamp(scaled + 8.5f, 0.0f, 15.0f)); }

void QuantizeQ4_0(const float* x, std::byte* out, int64_t n) {
  for (int64_t b = 0; b < n / kBlock; ++b, x += kBlock, out += sizeof(BlockQ4_0)) {
    float extreme = 0;  // the signed value of largest magnitude gets the code 0, that is -8
    for (int i = 0; i < kBlock; ++i) {
      if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
    }
    const float d = extreme / -8;
    const float inverse = d != 0 && std::isfinite(1 / d) ? 1 / d : 0;
    BlockQ4_0 block;
    block.d = FloatToHalf(d);
    for (int i = 0; i < kBlock / 2; ++i) {
      block.q[i] = static_cast<uint8_t>(NibbleOf(x[i] * inverse) |
                                        NibbleOf(x[i + kBlock / 2] * inverse) << 4);
    }
    std::memcpy(out, &block, sizeof block);
  }
}

void DequantizeQ8_0(const std::byte* x, float* out, int64_t n) {
  for (int64_t b = 0; b < n / kBlock; ++b, out += kBlock, x += sizeof(BlockQ8_0)) {
    BlockQ8_0 block;
    std::memcpy(&block, x, sizeof block);
    const float d = HalfToFloat(block.d);
    for (int i = 0; i < kBlock; ++i) out[i] = d * block.q[i];
  }
}

void DequantizeQ4_0(const std::byte* x, float* out, int64_t n) {
  for (int64_t b = 0; b < n / kBlock; ++b, out += kBlock, x += sizeof(BlockQ4_0)) {
    BlockQ4_0 block;
    std::memcpy(&block, x, sizeof block);
    const float d = HalfToFloat(block.d);
    for (int i = 0; i < kBlock / 2; ++i) {
      out[i] = d * ((block.q[i] & 15) - 8);
      out[i + kBlock / 2] = d * ((block.q[i] >> 4) - 8);
    }
  }
}

template <uint16_t (*kConvert)(float)>
void StoreHalves(const float* x, std::byte* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t half = kConvert(x[i]);
    std::memcpy(out + 2 * i, &half, 2);
  }
}

template <float (*kConvert)(uint16_t)>
void LoadHalves(const std::byte* x, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint16_t half;
    std::memcpy(&half, x + 2 * i, 2);
    out[i] = kConvert(half);
  }
}

// Block types have no code for NaN or infinity; scales are float16.
std::vector<float> MadeFinite(const float* x, int64_t n) {
  std::vector<float> finite(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    finite[i] = std::isnan(x[i]) ? 0.0f : std::clamp(x[i], -kMaxHalf, kMaxHalf);
  }
  return finite;
}

bool AllRepresentable(const float* x, int64_t n) {
  return std::all_of(x, x + n, [](float v) { return std::fabs(v) <= kMaxHalf; });
}

void QuantizeBlocks(DType dtype, const float* x, std::byte* out, int64_t n) {
  switch (dtype) {
    case DType::kQ8_0:
      return QuantizeQ8_0(x, out, n);
    case DType::kQ4_0:
      return QuantizeQ4_0(x, out, n);
    default:
      return QuantizeKRow(dtype, x, out, n);
  }
}

}  // namespace

void QuantizeRow(DType dtype, const float* x, std::byte* out, int64_t n) {
  RowBytes(dtype, n);  // refuses a broken block
  switch (dtype) {
    case DType::kF32:
      if (n > 0) std::memcpy(out, x, static_cast<size_t>(n) * sizeof(float));
      return;
    case DType::kF16:
      return StoreHalves<FloatToHalf>(x, out, n);
    case DType::kBF16:
      return StoreHalves<FloatToBf16>(x, out, n);
    default:
      if (AllRepresentable(x, n)) return QuantizeBlocks(dtype, x, out, n);
      return QuantizeBlocks(dtype, MadeFinite(x, n).data(), out, n);
  }
}

void DequantizeRow(DType dtype, const std::byte* x, float* out, int64_t n) {
  RowBytes(dtype, n);
  switch (dtype) {
    case DType::kF32:
      if (n > 0) std::memcpy(out, x, static_cast<size_t>(n) * sizeof(float));
      return;
    case DType::kF16:
      return LoadHalves<HalfToFloat>(x, out, n);
    case DType::kBF16:
      return LoadHalves<Bf16ToFloat>(x, out, n);
    case DType::kQ8_0:
      return DequantizeQ8_0(x, out, n);
    case DType::kQ4_0:
      return DequantizeQ4_0(x, out, n);
    default:
      return DequantizeKRow(dtype, x, out, n);
  }
}

}  // namespace pioneer
