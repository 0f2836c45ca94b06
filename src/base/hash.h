// Why: names and marks that hold from one run to the next; std::hash promises nothing of the kind.
#pragma once

#include <cstdint>
#include <string_view>

namespace pioneer {

inline constexpr uint64_t kFnvSeed = 0xCBF29CE484222325u;

// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv). `seed` may be the hash of what
// stands before. Against accidents, not against people.
constexpr uint64_t Fnv1a(std::string_view bytes, uint64_t seed = kFnvSeed) {
  for (const char c : bytes) seed = (seed ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return seed;
}

}  // namespace pioneer
