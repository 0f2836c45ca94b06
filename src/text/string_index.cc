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
  const auto load = [](const char* from, size_t n) {
    uint64_t word = 0;
    std::memcpy(&word, from, n);
    return word;
  };
  uint64_t hash = 0x9E3779B97F4A7C15u ^ bytes.size();
  const char* next = bytes.data();
  size_t left = bytes.size();
  for (; left > 8; left -= 8, next += 8) {
    hash = Mix(hash ^ load(next, 8), 0xD6E8FEB86659FD93u);
  }
  // The last bytes; loads of fixed length that overlap are faster than a loop.
  uint64_t tail = 0;
  if (bytes.size() >= 8) {
    tail = load(bytes.data() + bytes.size() - 8, 8);
  } else if (left >= 4) {
    tail = load(next, 4) | load(next + left - 4, 4) << 32;
  } else if (left > 0) {
    tail = load(next, 1) | load(next + left / 2, 1) << 8 | load(next + left - 1, 1) << 16;
  }
  return Mix(hash ^ tail, 0xA0761D6478BD642Fu);
}

StringIndex::StringIndex(const std::vector<std::string>& strings, size_t max_entries)
    : strings_(&strings),
      slots_(std::bit_ceil(max_entries + max_entries / 2 + 2)),
      mask_(slots_.size() - 1) {}

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

int32_t StringIndex::Find(std::string_view text) const { return Find(text, HashBytes(text)); }

int32_t StringIndex::Find(std::string_view text, uint64_t hash) const {
  return slots_[Probe(text, static_cast<uint32_t>(hash >> 32))].id;
}

}  // namespace pioneer
