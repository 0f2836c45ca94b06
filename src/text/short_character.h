// Why: nearly all characters of a text are one to three bytes long and well formed; tokenizers read
// them at the price of two comparisons and leave the rest to base/utf8.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pioneer {

struct ShortCharacter {
  char32_t code_point = 0;  // below 2^16, no surrogate
  uint8_t length = 0;       // bytes; 0 = the bytes are no such character
};

// `position` is below the text's size.
inline ShortCharacter ReadShortCharacter(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[position + i]); };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t lead = byte(0);
  const size_t left = text.size() - position;
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xE0 && lead < 0xF0 && left > 2 && is_tail(1) && is_tail(2)) {
    const auto c =
        static_cast<char32_t>((lead & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) return {c, 3};
  } else if (lead >= 0xC2 && lead < 0xE0 && left > 1 && is_tail(1)) {
    return {static_cast<char32_t>((lead & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  }
  return {};
}

}  // namespace pioneer
