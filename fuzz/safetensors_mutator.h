// Why: a safetensors file begins with the length of its header, which no random change hits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace pioneer {

// Makes the length true of the file that begins at `begin`, where there is one.
inline void MendHeaderLength(uint8_t* data, size_t size, size_t begin) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t end = bytes.rfind('}');
  if (end == std::string_view::npos || end < begin + 8) return;
  const uint64_t header_bytes = end + 1 - 8 - begin;
  std::memcpy(data + begin, &header_bytes, sizeof header_bytes);
}

}  // namespace pioneer
