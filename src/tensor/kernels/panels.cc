// Why: the one-time rearrangement of a weight into panels.
#include "tensor/kernels/panels.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/hash.h"
#include "tensor/half.h"

namespace pioneer {
namespace {

// The 4 codes of group g as one word: all packing is on whole groups.
uint32_t GroupWord(const uint8_t* codes, int g) {
  uint32_t word;
  std::memcpy(&word, codes + 4 * g, sizeof word);
  return word;
}

// Adds `bits` of 32 codes, those from `shift` up, to the plane; returns the plane's end.
template <int kBits>
std::byte* PackPlane(const uint8_t* codes, int shift, int row, std::byte* plane) {
  constexpr uint32_t kMask = 0x01010101u * ((1u << kBits) - 1);
  uint32_t words[kBits] = {};
  for (int g = 0; g < 8; ++g) {
    const PlanePlace place = PlaceInPlane(kBits, g);
    words[place.vector] |= (GroupWord(codes, g) >> shift & kMask) << place.bit;
  }
  for (int v = 0; v < kBits; ++v) {
    std::memcpy(plane + v * kPlaneVectorBytes + 4 * row, &words[v], sizeof words[v]);
  }
  return plane + kBits * kPlaneVectorBytes;
}

void PackCodes(int bits, const uint8_t* codes, int row, std::byte* out) {
  switch (bits) {
    case 8:
      PackPlane<8>(codes, 0, row, out);
      return;
    case 2:
    case 3:
      out = PackPlane<2>(codes, 0, row, out);
      if (bits == 3) PackPlane<1>(codes, 2, row, out);
      return;
    default:
      out = PackPlane<4>(codes, 0, row, out);
      if (bits == 5) PackPlane<1>(codes, 4, row, out);
      if (bits == 6) PackPlane<2>(codes, 4, row, out);
  }
}

void Put16(std::byte* at, int row, uint16_t bits) { std::memcpy(at + 2 * row, &bits, sizeof bits); }

// The groups' integers, as bytes.
void PackIntegers(const BlockFormat& format, const PanelLayout& at, const BlockCodes& block,
                  int row, std::byte* out) {
  for (int g = 0; g < format.n_groups(); ++g) {
    int scale = block.scale[g];
    if (format.scales == BlockScales::kNibbles) {
      scale |= block.min[g] << 4;
    } else if (format.has_min()) {
      out[at.min + g * kPanelRows + row] = static_cast<std::byte>(block.min[g]);
    }
    out[at.scale + g * kPanelRows + row] = static_cast<std::byte>(scale);
  }
}

// 32-element types of one plane: the file's bytes are a panel's words already. (A byte of nibbles
// holds elements j and j + 16, that is groups g and g + 4.)
bool IsPlaneInFile(const BlockFormat& format) {
  return format.block == 32 && format.high.bits == 0 && !format.d_is_exponent;
}

template <int kBits>
void CopyBlock(const BlockFormat& format, const PanelLayout& at, const std::byte* bytes, int row,
               std::byte* out) {
  const auto* codes = reinterpret_cast<const uint8_t*>(bytes + format.low.offset);
  const uint32_t flip = format.signed_codes ? 0x80808080u : 0;
  for (int v = 0; v < kBits; ++v) {
    const uint32_t word = GroupWord(codes, v) ^ flip;
    std::memcpy(out + v * kPlaneVectorBytes + 4 * row, &word, sizeof word);
  }
  std::memcpy(out + at.d + 2 * row, bytes + format.d_offset, 2);
  if (!format.has_min()) return;
  uint16_t minus_min;
  std::memcpy(&minus_min, bytes + format.dmin_offset, sizeof minus_min);
  Put16(out + at.dmin, row, minus_min ^ 0x8000);
}

// Places one row's block in a panel block.
void PackBlock(const BlockFormat& format, const PanelLayout& at, const std::byte* bytes, int row,
               std::byte* out) {
  BlockCodes block;
  DecodeBlock(format, bytes, block);
  // bfloat16 holds the powers of two that float16 cannot.
  Put16(out + at.d, row, format.d_is_exponent ? FloatToBf16(block.d) : FloatToHalf(block.d));
  // 256-element types have a place for it even where they have none: zeros.
  if (at.dmin < at.bytes) {
    Put16(out + at.dmin, row, format.has_min() ? FloatToHalf(block.dmin) : uint16_t{0});
  }
  if (format.scales != BlockScales::kNone) PackIntegers(format, at, block, row, out);
  for (int i = 0; i < format.block / 32; ++i) {
    PackCodes(format.code_bits(), block.code + 32 * i, row, out + at.codes + i * at.stride);
  }
}

template <int kBytes>
void PackPlain(const std::byte* in, int64_t n, int row, std::byte* out) {
  for (int64_t k = 0; k < n; ++k) {
    std::memcpy(out + (k * kPanelRows + row) * kBytes, in + k * kBytes, kBytes);
  }
}

void PackRow(DType dtype, const std::byte* in, int64_t n, int row, std::byte* out) {
  if (dtype == DType::kF32) return PackPlain<4>(in, n, row, out);
  if (IsPlain(dtype)) return PackPlain<2>(in, n, row, out);
  const BlockFormat format = BlockFormatOf(dtype);
  const PanelLayout at = PanelLayoutOf(dtype);
  const int block_bytes = InfoOf(dtype).block_bytes;
  const auto place = !IsPlaneInFile(format)    ? PackBlock
                     : format.code_bits() == 8 ? CopyBlock<8>
                                               : CopyBlock<4>;
  for (int64_t k = 0; k < n; k += at.block_k, in += block_bytes, out += at.bytes) {
    place(format, at, in, row, out);
  }
}

}  // namespace

size_t PanelBytes(DType dtype, int64_t n_in) {
  const PanelLayout at = PanelLayoutOf(dtype);
  return static_cast<size_t>(n_in / at.block_k) * static_cast<size_t>(at.bytes);
}

void PackPanel(const Tensor& weight, int64_t panel, std::byte* out) {
  const int64_t first = panel * kPanelRows;
  const int rows = static_cast<int>(std::min<int64_t>(kPanelRows, weight.rows() - first));
  if (rows < kPanelRows) std::memset(out, 0, PanelBytes(weight.dtype, weight.cols()));
  for (int r = 0; r < rows; ++r) {
    PackRow(weight.dtype, weight.row(first + r), weight.cols(), r, out);
  }
}

// Packs made-up rows, a full panel and a padded one, and looks at what becomes of them. No 16 bits
// of them are a NaN or an infinity, which processors convert differently, but each bit is set.
uint64_t PanelFingerprint(DType dtype) {
  constexpr int64_t kRows = kPanelRows + 1, kColumns = 512;
  uint64_t hash = kFnvSeed;
  for (const uint64_t mask : {0xBFBFBFBFBFBFBFBFu, 0xF7F7F7F7F7F7F7F7u}) {
    std::vector<uint64_t> rows((RowBytes(dtype, kColumns) * kRows + 7) / 8);
    uint64_t word = 1;
    for (uint64_t& eight : rows) {
      word = word * 6364136223846793005u + 1442695040888963407u;
      eight = (word ^ word >> 29) & mask;
    }
    const Tensor tensor{
        "", dtype, {kRows, kColumns}, reinterpret_cast<const std::byte*>(rows.data()), nullptr};
    std::string packed(PanelBytes(dtype, kColumns), 0);
    for (int64_t panel = 0; panel < PanelCount(kRows); ++panel) {
      PackPanel(tensor, panel, reinterpret_cast<std::byte*>(packed.data()));
      hash = Fnv1a(packed, hash);
    }
  }
  return hash;
}

}  // namespace pioneer
