// Why: the one-time rearrangement of a weight into panels.
#include "tensor/kernels/panels.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"
#include "tensor/half.h"
#include "tensor/k_quants.h"

namespace pioneer {
namespace {

constexpr std::align_val_t kAlignment{64};

// The 4 codes of group g as one word: all packing is on whole groups.
uint32_t GroupWord(const uint8_t* codes, int g) {
  uint32_t word;
  std::memcpy(&word, codes + 4 * g, sizeof word);
  return word;
}

// Stores a word at [index][row] of an [..][16][4] array.
void PutWord(std::byte* array, int index, int row, uint32_t word) {
  std::memcpy(array + (index * kPanelRows + row) * 4, &word, sizeof word);
}

void PutHalf(std::byte* at, int row, const void* half) { std::memcpy(at + 2 * row, half, 2); }

// The lower 4 bits of 32 codes.
void PutNibbles(const uint8_t* codes, int row, std::byte* out) {
  constexpr uint32_t kLow = 0x0F0F0F0F;
  for (int g = 0; g < 4; ++g) {
    PutWord(out, g, row, (GroupWord(codes, g) & kLow) | (GroupWord(codes, g + 4) & kLow) << 4);
  }
}

// Each Pack function places one row's block in a panel block.
void PackQ8_0(const std::byte* block, int row, std::byte* out) {
  const auto* values = reinterpret_cast<const uint8_t*>(block + 2);
  // Adding 128 to a signed byte flips its highest bit.
  for (int g = 0; g < 8; ++g) PutWord(out, g, row, GroupWord(values, g) ^ 0x80808080u);
  PutHalf(out + 512, row, block);
}

void PackQ4_0(const std::byte* block, int row, std::byte* out) {
  // A byte holds elements j and j + 16, which is groups g and g + 4 already.
  const auto* nibbles = reinterpret_cast<const uint8_t*>(block + 2);
  for (int g = 0; g < 4; ++g) PutWord(out, g, row, GroupWord(nibbles, g));
  PutHalf(out + kNibbleBytes, row, block);
}

template <typename Panel>
void PackCodes(const DecodedBlock& codes, int row, std::byte* out) {
  for (int i = 0; i < kSuperBlock / 32; ++i) {
    PutNibbles(codes.q + 32 * i, row, out + Panel::kCodes + i * Panel::kStride);
  }
}

template <typename Panel>
void PackScales(const DecodedBlock& codes, int row, std::byte* out) {
  for (int g = 0; g < 8; ++g) {
    out[Panel::kScale + g * kPanelRows + row] = static_cast<std::byte>(codes.scale[g]);
    out[Panel::kMin + g * kPanelRows + row] = static_cast<std::byte>(codes.min[g]);
  }
  PutHalf(out + Panel::kD, row, &codes.d_half);
  PutHalf(out + Panel::kDMin, row, &codes.dmin_half);
}

template <typename Block>
DecodedBlock Decode(const std::byte* bytes) {
  Block block;
  std::memcpy(&block, bytes, sizeof block);
  DecodedBlock codes;
  DecodeBlock(block, codes);
  return codes;
}

void PackQ4_K(const std::byte* block, int row, std::byte* out) {
  const DecodedBlock codes = Decode<BlockQ4_K>(block);
  PackCodes<PanelQ4_K>(codes, row, out);
  PackScales<PanelQ4_K>(codes, row, out);
}

void PackQ5_K(const std::byte* block, int row, std::byte* out) {
  const DecodedBlock codes = Decode<BlockQ5_K>(block);
  PackCodes<PanelQ5_K>(codes, row, out);
  for (int i = 0; i < kSuperBlock / 32; ++i) {
    uint32_t fifth = 0;
    for (int g = 0; g < 8; ++g) fifth |= (GroupWord(codes.q + 32 * i, g) >> 4 & 0x01010101u) << g;
    PutWord(out + PanelQ5_K::kCodes + i * PanelQ5_K::kStride + kNibbleBytes, 0, row, fifth);
  }
  PackScales<PanelQ5_K>(codes, row, out);
}

void PackQ6_K(const std::byte* block, int row, std::byte* out) {
  const DecodedBlock codes = Decode<BlockQ6_K>(block);
  PackCodes<PanelQ6_K>(codes, row, out);
  for (int i = 0; i < kSuperBlock / 16; ++i) {
    uint32_t upper = 0;
    for (int g = 0; g < 4; ++g) {
      upper |= (GroupWord(codes.q + 16 * i, g) >> 4 & 0x03030303u) << (2 * g);
    }
    PutWord(out + PanelQ6_K::kCodes + i / 2 * PanelQ6_K::kStride + kNibbleBytes, i % 2, row, upper);
  }
  for (int g = 0; g < 16; ++g) {
    out[PanelQ6_K::kScale + g * kPanelRows + row] = static_cast<std::byte>(codes.scale[g]);
  }
  PutHalf(out + PanelQ6_K::kD, row, &codes.d_half);
}

template <int kBytes>
void PackPlain(const std::byte* element, int row, std::byte* out) {
  std::memcpy(out + row * kBytes, element, kBytes);
}

using PackFunction = void (*)(const std::byte* block, int row, std::byte* out);

PackFunction PackFunctionOf(DType dtype) {
  switch (dtype) {
    case DType::kQ8_0:
      return PackQ8_0;
    case DType::kQ4_0:
      return PackQ4_0;
    case DType::kQ4_K:
      return PackQ4_K;
    case DType::kQ5_K:
      return PackQ5_K;
    case DType::kQ6_K:
      return PackQ6_K;
    case DType::kF32:
      return PackPlain<4>;
    default:
      return PackPlain<2>;
  }
}

}  // namespace

PanelFormat PanelFormatOf(DType dtype) {
  switch (dtype) {
    case DType::kQ8_0:
      return {32, 512 + 32};
    case DType::kQ4_0:
      return {32, kNibbleBytes + 32};
    case DType::kQ4_K:
      return {kSuperBlock, PanelQ4_K::kBytes};
    case DType::kQ5_K:
      return {kSuperBlock, PanelQ5_K::kBytes};
    case DType::kQ6_K:
      return {kSuperBlock, PanelQ6_K::kBytes};
    case DType::kF32:
      return {1, 4 * kPanelRows};
    case DType::kF16:
    case DType::kBF16:
      return {1, 2 * kPanelRows};
  }
  Fail(ErrorCode::kUnsupported, "no product for element type {}", static_cast<uint32_t>(dtype));
}

size_t PanelBytes(DType dtype, int64_t n_in) {
  const PanelFormat format = PanelFormatOf(dtype);
  return static_cast<size_t>(n_in / format.block_k) * static_cast<size_t>(format.block_bytes);
}

PanelBuffer PackPanels(const Tensor& weight) {
  const size_t panel_bytes = PanelBytes(weight.dtype, weight.cols());
  const size_t bytes = panel_bytes * static_cast<size_t>(PanelCount(weight.rows()));
  std::shared_ptr<std::byte[]> buffer(new (kAlignment) std::byte[bytes],
                                      [](std::byte* p) { operator delete[](p, kAlignment); });
  const PanelFormat format = PanelFormatOf(weight.dtype);
  const PackFunction pack = PackFunctionOf(weight.dtype);
  const int row_block_bytes = InfoOf(weight.dtype).block_bytes;
  const int64_t n_blocks = weight.cols() / format.block_k;
  for (int64_t first = 0; first < weight.rows(); first += kPanelRows) {
    std::byte* panel = buffer.get() + static_cast<size_t>(first / kPanelRows) * panel_bytes;
    const int rows = static_cast<int>(std::min<int64_t>(kPanelRows, weight.rows() - first));
    if (rows < kPanelRows) std::memset(panel, 0, panel_bytes);
    for (int r = 0; r < rows; ++r) {
      const std::byte* in = weight.row(first + r);
      std::byte* out = panel;
      for (int64_t b = 0; b < n_blocks; ++b, in += row_block_bytes, out += format.block_bytes) {
        pack(in, r, out);
      }
    }
  }
  return buffer;
}

}  // namespace pioneer
