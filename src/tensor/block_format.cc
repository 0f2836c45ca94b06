// Why: bytes of a block to codes and scales, and back.
#include "tensor/block_format.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/half.h"

namespace pioneer {
namespace {

// 8 codes (or bytes of a plane) at once: bits of one never reach the next.
uint64_t Load8(const uint8_t* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

void Store8(uint8_t* p, uint64_t word) { std::memcpy(p, &word, sizeof word); }

// `bits` low bits of each byte.
uint64_t MaskOf(int bits) { return 0x0101010101010101u * ((1u << bits) - 1); }

// Runs of one element: single bits in order.
void AddBits(const uint8_t* in, int n, int shift, uint8_t* codes) {
  for (int i = 0; i < n; ++i) codes[i] |= static_cast<uint8_t>((in[i / 8] >> i % 8 & 1) << shift);
}

void PutBits(const uint8_t* codes, int n, int shift, uint8_t* out) {
  for (int i = 0; i < n; ++i) {
    out[i / 8] |= static_cast<uint8_t>((codes[i] >> shift & 1) << i % 8);
  }
}

// Adds the plane's bits to the codes, `shift` bits up.
void AddPlane(const CodePlane& plane, const std::byte* bytes, int n, int shift, uint8_t* codes) {
  const auto* in = reinterpret_cast<const uint8_t*>(bytes) + plane.offset;
  if (plane.run == 1) return AddBits(in, n, shift, codes);
  const uint64_t mask = MaskOf(plane.bits);
  for (int first = 0; first < n; in += plane.run) {
    for (int bit = 0; bit < 8; bit += plane.bits, first += plane.run) {
      for (int i = 0; i < plane.run; i += 8) {
        Store8(codes + first + i, Load8(codes + first + i) | (Load8(in + i) >> bit & mask)
                                                                 << shift);
      }
    }
  }
}

// Writes the plane's bits of the codes, those from `shift` up. The bytes are zero before.
void PutPlane(const CodePlane& plane, const uint8_t* codes, int n, int shift, std::byte* bytes) {
  auto* out = reinterpret_cast<uint8_t*>(bytes) + plane.offset;
  if (plane.run == 1) return PutBits(codes, n, shift, out);
  const uint64_t mask = MaskOf(plane.bits);
  for (int first = 0; first < n; out += plane.run) {
    for (int bit = 0; bit < 8; bit += plane.bits, first += plane.run) {
      for (int i = 0; i < plane.run; i += 8) {
        Store8(out + i, Load8(out + i) | (Load8(codes + first + i) >> shift & mask) << bit);
      }
    }
  }
}

float HalfAt(const std::byte* at) {
  uint16_t half;
  std::memcpy(&half, at, sizeof half);
  return HalfToFloat(half);
}

void PutHalf(float v, std::byte* at) {
  const uint16_t half = FloatToHalf(v);
  std::memcpy(at, &half, sizeof half);
}

// kSixBits, 12 bytes: groups 0-3 have scale and min in the low 6 bits of bytes g and g + 4; groups
// 4-7 have the low 4 bits in byte g + 4 (scale in the low nibble, min in the high one) and the high
// 2 bits on top of bytes g - 4 and g.
void ReadSixBits(const uint8_t* in, int16_t* scale, int16_t* min) {
  for (int g = 0; g < 4; ++g) {
    scale[g] = in[g] & 63;
    min[g] = in[g + 4] & 63;
    scale[g + 4] = static_cast<int16_t>((in[g + 8] & 15) | (in[g] >> 6) << 4);
    min[g + 4] = static_cast<int16_t>((in[g + 8] >> 4) | (in[g + 4] >> 6) << 4);
  }
}

void WriteSixBits(const int16_t* scale, const int16_t* min, uint8_t* out) {
  for (int g = 0; g < 4; ++g) {
    out[g] = static_cast<uint8_t>(scale[g] | (scale[g + 4] >> 4) << 6);
    out[g + 4] = static_cast<uint8_t>(min[g] | (min[g + 4] >> 4) << 6);
    out[g + 8] = static_cast<uint8_t>((scale[g + 4] & 15) | (min[g + 4] & 15) << 4);
  }
}

// A 6-bit scale is split: its low 4 bits in nibble `low` and its high 2 bits in pair `high`, both
// counted from the lowest bits of their arrays.
struct SplitPlace {
  int low, high;
};
// kSigned6, 12 bytes: byte g % 8 (group 8 and up in its high nibble); pairs at byte 8 + g % 4.
SplitPlace PlaceOfSigned6(int g) { return {g % 8 * 2 + g / 8, (8 + g % 4) * 4 + g / 4}; }
// kSigned6x: two bytes of pairs, then the nibbles in order.
SplitPlace PlaceOfSigned6x(int g) { return {4 + g, g}; }

int16_t ReadSplit(const uint8_t* in, SplitPlace at) {
  const int low = in[at.low / 2] >> (at.low % 2 * 4) & 15;
  const int high = in[at.high / 4] >> (at.high % 4 * 2) & 3;
  return static_cast<int16_t>((low | high << 4) - 32);
}

void WriteSplit(int scale, SplitPlace at, uint8_t* out) {
  const int code = scale + 32;
  out[at.low / 2] |= static_cast<uint8_t>((code & 15) << (at.low % 2 * 4));
  out[at.high / 4] |= static_cast<uint8_t>((code >> 4) << (at.high % 4 * 2));
}

void ReadScales(const BlockFormat& format, const std::byte* bytes, BlockCodes& out) {
  const auto* in = reinterpret_cast<const uint8_t*>(bytes) + format.scales_offset;
  if (format.scales == BlockScales::kSixBits) return ReadSixBits(in, out.scale, out.min);
  for (int g = 0; g < format.n_groups(); ++g) {
    out.min[g] = 0;
    switch (format.scales) {
      case BlockScales::kNone:
        out.scale[g] = out.min[g] = 1;
        break;
      case BlockScales::kNibbles:
        out.scale[g] = in[g] & 15;
        out.min[g] = in[g] >> 4;
        break;
      case BlockScales::kSigned6:
        out.scale[g] = ReadSplit(in, PlaceOfSigned6(g));
        break;
      case BlockScales::kSigned6x:
        out.scale[g] = ReadSplit(in, PlaceOfSigned6x(g));
        break;
      default:
        out.scale[g] = static_cast<int8_t>(in[g]);
    }
  }
}

void WriteScales(const BlockFormat& format, const BlockCodes& codes, std::byte* bytes) {
  auto* out = reinterpret_cast<uint8_t*>(bytes) + format.scales_offset;
  if (format.scales == BlockScales::kSixBits) return WriteSixBits(codes.scale, codes.min, out);
  for (int g = 0; g < format.n_groups(); ++g) {
    switch (format.scales) {
      case BlockScales::kNone:
        break;
      case BlockScales::kNibbles:
        out[g] = static_cast<uint8_t>(codes.scale[g] | codes.min[g] << 4);
        break;
      case BlockScales::kSigned6:
        WriteSplit(codes.scale[g], PlaceOfSigned6(g), out);
        break;
      case BlockScales::kSigned6x:
        WriteSplit(codes.scale[g], PlaceOfSigned6x(g), out);
        break;
      default:
        out[g] = static_cast<uint8_t>(codes.scale[g]);
    }
  }
}

// The exponent byte of 2^(e - 128); 255 is left out, which readers take for NaN.
uint8_t ExponentOf(float v) {
  if (!(v > 0)) return 0;
  return static_cast<uint8_t>(
      std::clamp(static_cast<int>(std::lround(std::log2(v))) + 128, 0, 254));
}

// Between value + 128 and two's complement.
void FlipSigns(uint8_t* codes, int n) {
  for (int i = 0; i < n; i += 8) Store8(codes + i, Load8(codes + i) ^ 0x8080808080808080u);
}

// Of 32-element types, the stored number is added; dmin is subtracted.
constexpr float SignOfMin(const BlockFormat& format) {
  return format.scales == BlockScales::kNone ? -1.0f : 1.0f;
}

}  // namespace

void DecodeBlock(const BlockFormat& format, const std::byte* bytes, BlockCodes& out) {
  out.d = format.d_is_exponent ? ExponentToFloat(static_cast<uint8_t>(bytes[format.d_offset]))
                               : HalfAt(bytes + format.d_offset);
  out.dmin = format.has_min() ? SignOfMin(format) * HalfAt(bytes + format.dmin_offset) : 0.0f;
  ReadScales(format, bytes, out);
  std::memset(out.code, 0, static_cast<size_t>(format.block));
  AddPlane(format.low, bytes, format.block, 0, out.code);
  if (format.high.bits != 0) {
    AddPlane(format.high, bytes, format.block, format.low.bits, out.code);
  }
  if (format.signed_codes) FlipSigns(out.code, format.block);
}

void EncodeBlock(const BlockFormat& format, const BlockCodes& codes, std::byte* bytes) {
  if (format.d_is_exponent) {
    bytes[format.d_offset] = static_cast<std::byte>(ExponentOf(codes.d));
  } else {
    PutHalf(codes.d, bytes + format.d_offset);
  }
  if (format.has_min()) PutHalf(SignOfMin(format) * codes.dmin, bytes + format.dmin_offset);
  WriteScales(format, codes, bytes);
  PutPlane(format.low, codes.code, format.block, 0, bytes);
  if (format.high.bits != 0) {
    PutPlane(format.high, codes.code, format.block, format.low.bits, bytes);
  }
  if (format.signed_codes) {
    FlipSigns(reinterpret_cast<uint8_t*>(bytes) + format.low.offset, format.block);
  }
}

float StoredScale(const BlockFormat& format, float v) {
  if (format.d_is_exponent) return ExponentToFloat(ExponentOf(v));
  return HalfToFloat(FloatToHalf(std::clamp(v, -65504.0f, 65504.0f)));
}

}  // namespace pioneer
