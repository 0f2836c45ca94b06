// Why: the one table of element types.
#include "tensor/dtype.h"

#include <strings.h>

#include <string>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr DTypeInfo kTypes[] = {
    {DType::kF32, "F32", 1, 4},           {DType::kF16, "F16", 1, 2},
    {DType::kBF16, "BF16", 1, 2},         {DType::kQ8_0, "Q8_0", 32, 34},
    {DType::kQ6_K, "Q6_K", 256, 210},     {DType::kQ5_K, "Q5_K", 256, 176},
    {DType::kQ5_1, "Q5_1", 32, 24},       {DType::kQ5_0, "Q5_0", 32, 22},
    {DType::kQ4_K, "Q4_K", 256, 144},     {DType::kQ4_1, "Q4_1", 32, 20},
    {DType::kQ4_0, "Q4_0", 32, 18},       {DType::kIQ4_NL, "IQ4_NL", 32, 18},
    {DType::kIQ4_XS, "IQ4_XS", 256, 136}, {DType::kMXFP4, "MXFP4", 32, 17},
    {DType::kQ3_K, "Q3_K", 256, 110},     {DType::kQ2_K, "Q2_K", 256, 84},
};

}  // namespace

std::span<const DTypeInfo> AllDTypes() { return kTypes; }

const DTypeInfo* FindDType(uint32_t gguf_type) {
  for (const DTypeInfo& info : kTypes) {
    if (static_cast<uint32_t>(info.dtype) == gguf_type) return &info;
  }
  return nullptr;
}

std::optional<DType> ParseDType(std::string_view name) {
  for (const DTypeInfo& info : kTypes) {
    if (name.size() == info.name.size() &&
        strncasecmp(name.data(), info.name.data(), name.size()) == 0) {
      return info.dtype;
    }
  }
  return std::nullopt;
}

const DTypeInfo& InfoOf(DType dtype) {
  const DTypeInfo* info = FindDType(static_cast<uint32_t>(dtype));
  if (info == nullptr) {
    Fail(ErrorCode::kUnsupported, "element type number {} is not supported",
         static_cast<uint32_t>(dtype));
  }
  return *info;
}

size_t RowBytes(DType dtype, int64_t n) {
  const DTypeInfo& info = InfoOf(dtype);
  if (n < 0 || n % info.block_elements != 0) {
    Fail(ErrorCode::kInvalidArgument, "a row of {} has {} elements; it must be a multiple of {}",
         info.name, n, info.block_elements);
  }
  return static_cast<size_t>(n / info.block_elements) * static_cast<size_t>(info.block_bytes);
}

}  // namespace pioneer
