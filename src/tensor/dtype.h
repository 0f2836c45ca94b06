// Why: names the element types of weights and knows their block sizes. Layouts are GGUF's, byte for
// byte, so that a file can be mapped and used as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pioneer {

// The values are GGUF's (ggml_type) numbers.
enum class DType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kIQ4_XS = 23,
  kBF16 = 30,
  kMXFP4 = 39,
};

struct DTypeInfo {
  DType dtype;
  std::string_view name;  // "F32", "Q4_K", ...
  int block_elements;     // elements of a row are grouped in blocks of this many; 1 for plain types
  int block_bytes;
};

// Every type, widest first.
std::span<const DTypeInfo> AllDTypes();
// Null when the number is no type that this program knows.
const DTypeInfo* FindDType(uint32_t gguf_type);
// Case-insensitive; "q8_0", "F16".
std::optional<DType> ParseDType(std::string_view name);
const DTypeInfo& InfoOf(DType dtype);
inline bool IsPlain(DType dtype) { return InfoOf(dtype).block_elements == 1; }

// Bytes of one row of n elements; n must be a multiple of the block.
size_t RowBytes(DType dtype, int64_t n);

}  // namespace pioneer
