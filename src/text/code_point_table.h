// Why: what a character is must be one look-up. 0x110000 answers, most of them equal, fit into two
// small tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pioneer {

// A byte for every code point: blocks of 256, equal blocks stored once. Immutable.
class CodePointTable {
 public:
  static constexpr size_t kCodePoints = 0x110000;

  // values[c] is the byte of code point c; values.size() == kCodePoints.
  explicit CodePointTable(const std::vector<uint8_t>& values);

  uint8_t operator[](char32_t c) const {
    return c >= kCodePoints ? 0 : bytes_[size_t{blocks_[c >> 8]} << 8 | (c & 0xFF)];
  }

 private:
  std::array<uint16_t, kCodePoints / 256> blocks_{};
  std::vector<uint8_t> bytes_;
};

}  // namespace pioneer
