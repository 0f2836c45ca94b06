#include "text/string_index.h"

#include <bit>
#include <cstring>

namespace pioneer {
namespace {

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0x9E3779B97F4A7C15u ^ bytes.size();
  const char* next = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, next += 8) {
    uint64_t word;
    std::memcpy(&word, next, 8);
    hash = Mix(hash ^ word, 0xD6E8FEB86659FD93u);
  }
  uint64_t tail = 0;
  for (size_t i = 0; i < left; ++i) tail |= uint64_t{static_cast<uint8_t>(next[i])} << 8 * i;
  return Mix(hash ^ tail, 0xA0761D6478BD642Fu);
}

StringIndex::StringIndex(const std::vector<std::string>& strings, size_t max_entries)
    : strings_(&strings), slots_(std::bit_ceil(max_entries * 2 + 2)), mask_(slots_.size() - 1) {}

size_t StringIndex::Probe(std::string_view text, uint32_t hash) const {
  size_t at = hash & mask_;
  while (slots_[at].id >= 0 && (slots_[at].hash != hash || (*strings_)[slots_[at].id] != text)) {
    at = (at + 1) & mask_;
  }
  return at;
}

bool StringIndex::Add(int32_t id) {
  const std::string& text = (*strings_)[id];
  const auto hash = static_cast<uint32_t>(HashBytes(text) >> 32);
  Slot& slot = slots_[Probe(text, hash)];
  if (slot.id >= 0) return false;
  slot = {hash, id};
  return true;
}

int32_t StringIndex::Find(std::string_view text) const {
  return slots_[Probe(text, static_cast<uint32_t>(HashBytes(text) >> 32))].id;
}

}  // namespace pioneer
