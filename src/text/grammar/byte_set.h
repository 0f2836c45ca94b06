// Why: a set of bytes, the alphabet's unit in byte-level regular expressions.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>

namespace pioneer::grammar {

class ByteSet {
 public:
  static ByteSet Range(int first, int last) {
    ByteSet set;
    for (int byte = first; byte <= last; ++byte) set.Add(static_cast<uint8_t>(byte));
    return set;
  }
  static ByteSet Of(uint8_t byte) { return Range(byte, byte); }

  void Add(uint8_t byte) { words_[byte >> 6] |= uint64_t{1} << (byte & 63); }
  bool Has(uint8_t byte) const { return words_[byte >> 6] >> (byte & 63) & 1; }
  bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  int count() const {
    int n = 0;
    for (const uint64_t word : words_) n += std::popcount(word);
    return n;
  }
  ByteSet& operator|=(const ByteSet& other) {
    for (int i = 0; i < 4; ++i) words_[i] |= other.words_[i];
    return *this;
  }
  ByteSet& operator&=(const ByteSet& other) {
    for (int i = 0; i < 4; ++i) words_[i] &= other.words_[i];
    return *this;
  }
  uint64_t word(int i) const { return words_[i]; }
  auto operator<=>(const ByteSet&) const = default;

 private:
  std::array<uint64_t, 4> words_{};
};

}  // namespace pioneer::grammar
