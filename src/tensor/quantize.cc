// Why: rows of any type; block types go through their format.
#include "tensor/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "tensor/block_fit.h"
#include "tensor/block_format.h"
#include "tensor/half.h"

namespace pioneer {
namespace {

constexpr float kMaxHalf = 65504.0f;

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

// 8 bits need no search: the largest magnitude has the code 127.
void RoundQ8_0(const BlockFormat& format, const float* x, BlockCodes& codes) {
  float largest = 0;
  for (int i = 0; i < format.block; ++i) largest = std::max(largest, std::fabs(x[i]));
  const float d = largest / 127, inverse = d > 0 ? 1 / d : 0;
  codes.d = StoredScale(format, d);
  for (int i = 0; i < format.block; ++i) {
    const float rounded = std::clamp(std::round(x[i] * inverse), -127.0f, 127.0f);
    codes.code[i] = static_cast<uint8_t>(static_cast<int>(rounded) + format.zero_point);
  }
}

// Where nothing is known of the inputs, all elements matter alike; a block whose importance is zero
// everywhere too.
const float* BlockWeights(const float* importance, int n) {
  static constexpr std::array<float, kSuperBlock> kAlike = [] {
    std::array<float, kSuperBlock> ones{};
    ones.fill(1.0f);
    return ones;
  }();
  const bool known = importance != nullptr &&
                     std::any_of(importance, importance + n, [](float v) { return v > 0; });
  return known ? importance : kAlike.data();
}

void QuantizeBlocks(DType dtype, const float* x, std::byte* out, int64_t n,
                    const float* importance) {
  const BlockFormat format = BlockFormatOf(dtype);
  const int bytes = InfoOf(dtype).block_bytes;
  BlockCodes codes;
  for (int64_t i = 0; i < n; i += format.block, out += bytes) {
    if (dtype == DType::kQ8_0) {
      RoundQ8_0(format, x + i, codes);
    } else {
      const float* known = importance == nullptr ? nullptr : importance + i;
      FitBlock(format, x + i, BlockWeights(known, format.block), codes);
    }
    std::memset(out, 0, static_cast<size_t>(bytes));
    EncodeBlock(format, codes, out);
  }
}

void DequantizeBlocks(DType dtype, const std::byte* x, float* out, int64_t n) {
  const BlockFormat format = BlockFormatOf(dtype);
  const int bytes = InfoOf(dtype).block_bytes;
  BlockCodes codes;
  for (int64_t first = 0; first < n; first += format.block, x += bytes) {
    DecodeBlock(format, x, codes);
    for (int g = 0; g < format.n_groups(); ++g) {
      const float scale = codes.d * static_cast<float>(codes.scale[g]);
      const float min = codes.dmin * static_cast<float>(codes.min[g]);
      for (int i = g * format.group; i < (g + 1) * format.group; ++i) {
        out[first + i] = scale * static_cast<float>(format.Level(codes.code[i])) - min;
      }
    }
  }
}

}  // namespace

void QuantizeRow(DType dtype, const float* x, std::byte* out, int64_t n, const float* importance) {
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
      if (AllRepresentable(x, n)) return QuantizeBlocks(dtype, x, out, n, importance);
      return QuantizeBlocks(dtype, MadeFinite(x, n).data(), out, n, importance);
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
    default:
      return DequantizeBlocks(dtype, x, out, n);
  }
}

}  // namespace pioneer
