#include "text/charsmap.h"

#include "base/error.h"

namespace pioneer {
namespace {

// A unit of the double array: bit 31 marks a value, bits 10-30 the offset to the children (times
// 256 where bit 9 is set), bit 8 says that a value hangs here, bits 0-7 are the unit's own byte.
uint32_t OffsetOf(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
uint32_t LabelOf(uint32_t unit) { return unit & (1u << 31 | 0xFF); }
bool HasValue(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t ValueOf(uint32_t unit) { return unit & ~(1u << 31); }

uint32_t ReadU32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

Charsmap::Charsmap(std::string_view data) {
  if (data.empty()) return;
  const uint32_t n_bytes = data.size() < 4 ? 0 : ReadU32(data);
  if (data.size() < 4 || n_bytes % 4 != 0 || n_bytes > data.size() - 4) {
    Fail(ErrorCode::kCorruptFile,
         "the vocabulary's normalizer (precompiled_charsmap) of {} bytes is cut short",
         data.size());
  }
  for (size_t at = 4; at < size_t{4} + n_bytes; at += 4) {
    units_.push_back(ReadU32(data.substr(at)));
  }
  replacements_ = data.substr(size_t{4} + n_bytes);
}

Charsmap::Replacement Charsmap::Find(std::string_view text) const {
  Replacement best;
  if (units_.empty()) return best;
  size_t node = OffsetOf(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    node ^= byte;
    if (byte == 0 || node >= units_.size() || LabelOf(units_[node]) != byte) break;
    const bool has_value = HasValue(units_[node]);
    node ^= OffsetOf(units_[node]);
    if (!has_value) continue;
    if (node >= units_.size()) break;
    const size_t place = ValueOf(units_[node]);
    const size_t end = replacements_.find('\0', place);
    if (place > replacements_.size() || end == std::string::npos) break;
    best = {i + 1, std::string_view(replacements_).substr(place, end - place)};
  }
  return best;
}

}  // namespace pioneer
