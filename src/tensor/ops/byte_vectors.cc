#include "tensor/ops/byte_vectors.h"

#include <algorithm>
#include <cmath>

#include "tensor/kernels/byte_dot.h"

namespace pioneer {

int64_t ByteVectorSize(int64_t d) {
  return (d + kByteVectorStep - 1) / kByteVectorStep * kByteVectorStep;
}

std::vector<int8_t> ToByteVector(std::span<const float> x) {
  constexpr float kMost = 127;
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::abs(value));
  std::vector<int8_t> bytes(static_cast<size_t>(ByteVectorSize(std::ssize(x))));
  if (!(largest > 0) || !std::isfinite(largest)) return bytes;
  for (size_t i = 0; i < x.size(); ++i) {
    bytes[i] = static_cast<int8_t>(std::lround(x[i] / largest * kMost));
  }
  return bytes;
}

float InverseLength(const int8_t* a, int64_t n) {
  const int32_t square = DotByteVectors(a, a, n);
  return square == 0 ? 0 : 1 / std::sqrt(static_cast<float>(square));
}

int32_t DotByteVectors(const int8_t* a, const int8_t* b, int64_t n) {
  return ByteDotOf(ActiveIsa())(a, b, n);
}

}  // namespace pioneer
