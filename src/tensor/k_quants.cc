// Why: the scale search of the K-types. For each group the scale (and minimum) is fitted by
// weighted least squares for a range of roundings, and the best is kept; then the groups' scales
// are rounded to integers under one float16 scale and the codes are chosen again.
#include "tensor/k_quants.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "tensor/half.h"

namespace pioneer {
namespace {

constexpr int kGroup = 32;
constexpr int kGroups = kSuperBlock / kGroup;
constexpr int kSmallGroup = 16;  // of Q6_K
constexpr int kMaxScaleCode = 63;

// Nearest, ties to even. A float of about 2^23 has its last bit at 1, so adding 1.5 * 2^23 rounds
// and leaves the integer in the low bits.
int RoundToCode(float v, int low, int high) {
  constexpr float kMagic = 0x1.8p23f;
  const float clamped = std::clamp(v, static_cast<float>(low), static_cast<float>(high));
  return std::bit_cast<int32_t>(clamped + kMagic) - std::bit_cast<int32_t>(kMagic);
}

float InverseOrZero(float v) { return v != 0 && std::isfinite(1 / v) ? 1 / v : 0; }

// x is approximated by scale * q - min with scale, min >= 0.
struct AffineFit {
  float scale = 0;
  float min = 0;
};

// Weighted least squares of x over the codes q: the best scale and min for these codes.
struct AffineSums {
  double w = 0, q = 0, qq = 0, x = 0, qx = 0, xx = 0;

  void Add(double weight, double code, double value) {
    w += weight;
    q += weight * code;
    qq += weight * code * code;
    x += weight * value;
    qx += weight * code * value;
    xx += weight * value * value;
  }
  AffineFit Solve() const {
    const double determinant = w * qq - q * q;
    if (determinant > 0) {
      const double scale = (w * qx - q * x) / determinant;
      const double offset = (qq * x - q * qx) / determinant;
      if (offset <= 0) return {static_cast<float>(scale), static_cast<float>(-offset)};
    }
    return {qq > 0 ? static_cast<float>(qx / qq) : 0.0f, 0.0f};
  }
  double Error(const AffineFit& fit) const {
    const double s = fit.scale, m = fit.min;
    return s * s * qq + m * m * w + xx - 2 * s * m * q - 2 * s * qx + 2 * m * x;
  }
};

// Elements far from zero matter more to a product, those near zero not at all: the weight is
// the root mean square plus the magnitude.
void GroupWeights(const float* x, float* weights) {
  float sum = 0;
  for (int i = 0; i < kGroup; ++i) sum += x[i] * x[i];
  const float rms = std::sqrt(sum / kGroup);
  for (int i = 0; i < kGroup; ++i) weights[i] = rms + std::fabs(x[i]);
}

AffineFit FitGroup(const float* x, int max_code) {
  float weights[kGroup];
  GroupWeights(x, weights);
  const auto [low_at, high_at] = std::minmax_element(x, x + kGroup);
  const float low = std::min(*low_at, 0.0f);
  const float range = *high_at - low;
  AffineFit best{0, -low};
  if (InverseOrZero(range) == 0) return best;
  double best_error = INFINITY;
  for (int step = 0; step <= 20; ++step) {
    const float inverse = (static_cast<float>(max_code - 1) + 0.1f * step) / range;
    AffineSums sums;
    for (int i = 0; i < kGroup; ++i) {
      sums.Add(weights[i], RoundToCode((x[i] - low) * inverse, 0, max_code), x[i]);
    }
    const AffineFit fit = sums.Solve();
    const double error = sums.Error(fit);
    if (fit.scale >= 0 && error < best_error) {
      best_error = error;
      best = fit;
    }
  }
  return best;
}

// The 6-bit scale and min of group j in 12 bytes: groups 0-3 have theirs in the low 6 bits of
// bytes j and j + 4; groups 4-7 have the low 4 bits in byte j + 4 (scale in the low nibble, min in
// the high one) and the high 2 bits on top of bytes j - 4 and j.
void PackScaleMin(const int* scale, const int* min, uint8_t* packed) {
  for (int j = 0; j < 4; ++j) {
    packed[j] = static_cast<uint8_t>(scale[j] | (scale[j + 4] >> 4) << 6);
    packed[j + 4] = static_cast<uint8_t>(min[j] | (min[j + 4] >> 4) << 6);
    packed[j + 8] = static_cast<uint8_t>((scale[j + 4] & 15) | (min[j + 4] & 15) << 4);
  }
}

void UnpackScaleMin(const uint8_t* packed, int* scale, int* min) {
  for (int j = 0; j < 4; ++j) {
    scale[j] = packed[j] & 63;
    min[j] = packed[j + 4] & 63;
    scale[j + 4] = (packed[j + 8] & 15) | (packed[j] >> 6) << 4;
    min[j + 4] = (packed[j + 8] >> 4) | (packed[j + 4] >> 6) << 4;
  }
}

// Codes of a Q4_K (max_code 15) or Q5_K (31) block.
DecodedBlock QuantizeAffineBlock(const float* x, int max_code) {
  AffineFit fits[kGroups];
  float max_scale = 0, max_min = 0;
  for (int g = 0; g < kGroups; ++g) {
    fits[g] = FitGroup(x + g * kGroup, max_code);
    max_scale = std::max(max_scale, fits[g].scale);
    max_min = std::max(max_min, fits[g].min);
  }
  DecodedBlock block;
  block.d_half = FloatToHalf(max_scale / kMaxScaleCode);
  block.dmin_half = FloatToHalf(max_min / kMaxScaleCode);
  block.d = HalfToFloat(block.d_half);
  block.dmin = HalfToFloat(block.dmin_half);
  const float inverse_d = InverseOrZero(block.d), inverse_dmin = InverseOrZero(block.dmin);
  for (int g = 0; g < kGroups; ++g) {
    block.scale[g] = RoundToCode(fits[g].scale * inverse_d, 0, kMaxScaleCode);
    block.min[g] = RoundToCode(fits[g].min * inverse_dmin, 0, kMaxScaleCode);
    const float inverse = InverseOrZero(block.d * static_cast<float>(block.scale[g]));
    const float min = block.dmin * static_cast<float>(block.min[g]);
    for (int i = g * kGroup; i < (g + 1) * kGroup; ++i) {
      block.q[i] = static_cast<uint8_t>(RoundToCode((x[i] + min) * inverse, 0, max_code));
    }
  }
  return block;
}

void PackNibbles(const uint8_t* q, uint8_t* packed) {
  for (int pair = 0; pair < kGroups / 2; ++pair) {
    const uint8_t* low = q + 2 * pair * kGroup;
    for (int l = 0; l < kGroup; ++l) {
      packed[pair * kGroup + l] = static_cast<uint8_t>((low[l] & 15) | low[l + kGroup] << 4);
    }
  }
}

void UnpackNibbles(const uint8_t* packed, uint8_t* q) {
  for (int pair = 0; pair < kGroups / 2; ++pair) {
    uint8_t* low = q + 2 * pair * kGroup;
    for (int l = 0; l < kGroup; ++l) {
      low[l] = packed[pair * kGroup + l] & 15;
      low[l + kGroup] = packed[pair * kGroup + l] >> 4;
    }
  }
}

BlockQ4_K EncodeQ4_K(const float* x) {
  const DecodedBlock codes = QuantizeAffineBlock(x, 15);
  BlockQ4_K block{codes.d_half, codes.dmin_half, {}, {}};
  PackScaleMin(codes.scale, codes.min, block.scales);
  PackNibbles(codes.q, block.q);
  return block;
}

BlockQ5_K EncodeQ5_K(const float* x) {
  const DecodedBlock codes = QuantizeAffineBlock(x, 31);
  BlockQ5_K block{codes.d_half, codes.dmin_half, {}, {}, {}};
  PackScaleMin(codes.scale, codes.min, block.scales);
  PackNibbles(codes.q, block.q);
  for (int i = 0; i < kSuperBlock; ++i) {
    block.high[i % kGroup] |= static_cast<uint8_t>((codes.q[i] >> 4) << (i / kGroup));
  }
  return block;
}

// The scale (of either sign) of x ~ scale * q, -32 <= q <= 31, with the largest element near -32.
float FitSymmetricGroup(const float* x) {
  float extreme = 0;
  for (int i = 0; i < kSmallGroup; ++i) {
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
  }
  if (InverseOrZero(extreme) == 0) return 0;
  double best_gain = 0;
  float best_scale = 0;
  for (int step = -9; step <= 9; ++step) {
    const float inverse = -(32 + 0.1f * static_cast<float>(step)) / extreme;
    double qx = 0, qq = 0;
    for (int i = 0; i < kSmallGroup; ++i) {
      const double q = RoundToCode(x[i] * inverse, -32, 31);
      const double weight = static_cast<double>(x[i]) * x[i];
      qx += weight * q * x[i];
      qq += weight * q * q;
    }
    // With the best scale qx / qq for these codes the squared error falls by qx^2 / qq.
    if (qq > 0 && qx * qx / qq > best_gain) {
      best_gain = qx * qx / qq;
      best_scale = static_cast<float>(qx / qq);
    }
  }
  return best_scale;
}

// Where element i of a Q6_K block lies. In each half of 128 elements, quarter 0 and 1 are the low
// nibbles of low[0..31] and low[32..63], quarter 2 and 3 the high ones; the upper two bits of
// quarter k are bits 2k of high[0..31].
struct LowAndHigh {
  int low_byte, low_shift, high_byte, high_shift;
};
LowAndHigh PlaceInQ6_K(int i) {
  const int half = i / 128, quarter = i % 128 / 32, l = i % 32;
  return {half * 64 + (quarter & 1) * 32 + l, (quarter >> 1) * 4, half * 32 + l, quarter * 2};
}

BlockQ6_K EncodeQ6_K(const float* x) {
  BlockQ6_K block{};
  float scales[16], extreme = 0;
  for (int g = 0; g < 16; ++g) {
    scales[g] = FitSymmetricGroup(x + g * kSmallGroup);
    if (std::fabs(scales[g]) > std::fabs(extreme)) extreme = scales[g];
  }
  block.d = FloatToHalf(extreme / -128);
  const float d = HalfToFloat(block.d), inverse_d = InverseOrZero(d);
  for (int i = 0; i < kSuperBlock; ++i) {
    int8_t& scale = block.scales[i / kSmallGroup];
    scale = static_cast<int8_t>(RoundToCode(scales[i / kSmallGroup] * inverse_d, -128, 127));
    const int q = 32 + RoundToCode(x[i] * InverseOrZero(d * scale), -32, 31);
    const LowAndHigh place = PlaceInQ6_K(i);
    block.low[place.low_byte] |= static_cast<uint8_t>((q & 15) << place.low_shift);
    block.high[place.high_byte] |= static_cast<uint8_t>((q >> 4) << place.high_shift);
  }
  return block;
}

template <typename Block>
void QuantizeBlocks(Block (*encode)(const float*), const float* x, std::byte* out, int64_t n) {
  for (int64_t i = 0; i < n; i += kSuperBlock, out += sizeof(Block)) {
    const Block block = encode(x + i);
    std::memcpy(out, &block, sizeof block);
  }
}

template <typename Block>
void DequantizeBlocks(const std::byte* x, float* out, int64_t n, int group, int zero_point) {
  Block block;
  DecodedBlock codes;
  for (int64_t first = 0; first < n; first += kSuperBlock, x += sizeof(Block)) {
    std::memcpy(&block, x, sizeof block);
    DecodeBlock(block, codes);
    for (int i = 0; i < kSuperBlock; ++i) {
      const int g = i / group;
      out[first + i] = codes.d * static_cast<float>(codes.scale[g]) *
                           static_cast<float>(codes.q[i] - zero_point) -
                       codes.dmin * static_cast<float>(codes.min[g]);
    }
  }
}

template <typename Block>
void DecodeHeader(const Block& block, DecodedBlock& out) {
  out.d_half = block.d;
  out.dmin_half = block.dmin;
  out.d = HalfToFloat(block.d);
  out.dmin = HalfToFloat(block.dmin);
  UnpackScaleMin(block.scales, out.scale, out.min);
}

[[noreturn]] void FailNoKType(DType dtype) {
  Fail(ErrorCode::kInternal, "{} is no K-type", InfoOf(dtype).name);
}

}  // namespace

void DecodeBlock(const BlockQ4_K& block, DecodedBlock& out) {
  DecodeHeader(block, out);
  UnpackNibbles(block.q, out.q);
}

void DecodeBlock(const BlockQ5_K& block, DecodedBlock& out) {
  DecodeHeader(block, out);
  UnpackNibbles(block.q, out.q);
  for (int g = 0; g < kGroups; ++g) {
    for (int l = 0; l < kGroup; ++l) {
      out.q[g * kGroup + l] |= static_cast<uint8_t>((block.high[l] >> g & 1) << 4);
    }
  }
}

void DecodeBlock(const BlockQ6_K& block, DecodedBlock& out) {
  out.d_half = block.d;
  out.d = HalfToFloat(block.d);
  for (int g = 0; g < 16; ++g) out.scale[g] = block.scales[g];
  for (int first = 0; first < kSuperBlock; first += kGroup) {
    const LowAndHigh place = PlaceInQ6_K(first);
    for (int l = 0; l < kGroup; ++l) {
      out.q[first + l] =
          static_cast<uint8_t>((block.low[place.low_byte + l] >> place.low_shift & 15) |
                               (block.high[place.high_byte + l] >> place.high_shift & 3) << 4);
    }
  }
}

void QuantizeKRow(DType dtype, const float* x, std::byte* out, int64_t n) {
  switch (dtype) {
    case DType::kQ4_K:
      return QuantizeBlocks(EncodeQ4_K, x, out, n);
    case DType::kQ5_K:
      return QuantizeBlocks(EncodeQ5_K, x, out, n);
    case DType::kQ6_K:
      return QuantizeBlocks(EncodeQ6_K, x, out, n);
    default:
      FailNoKType(dtype);
  }
}

void DequantizeKRow(DType dtype, const std::byte* x, float* out, int64_t n) {
  switch (dtype) {
    case DType::kQ4_K:
      return DequantizeBlocks<BlockQ4_K>(x, out, n, kGroup, 0);
    case DType::kQ5_K:
      return DequantizeBlocks<BlockQ5_K>(x, out, n, kGroup, 0);
    case DType::kQ6_K:
      return DequantizeBlocks<BlockQ6_K>(x, out, n, kSmallGroup, 32);
    default:
      FailNoKType(dtype);
  }
}

}  // namespace pioneer
