#include "tensor/ops/unit_mean.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace pioneer {
namespace {

constexpr float kLeastLength = 1e-6f;

float ToFloat(float value) { return value; }
float ToFloat(Bf16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16); }

}  // namespace

template <typename T>
float UnitMean(const T* rows, int64_t n, int64_t d, float* out) {
  std::fill_n(out, d, 0.0f);
  for (int64_t r = 0; r < n; ++r) {
    for (int64_t i = 0; i < d; ++i) out[i] += ToFloat(rows[r * d + i]);
  }
  double squares = 0;
  for (int64_t i = 0; i < d; ++i) {
    out[i] /= static_cast<float>(n);
    squares += static_cast<double>(out[i]) * static_cast<double>(out[i]);
  }
  const float length = std::max(kLeastLength, static_cast<float>(std::sqrt(squares)));
  for (int64_t i = 0; i < d; ++i) out[i] /= length;
  return length;
}

template float UnitMean<float>(const float*, int64_t, int64_t, float*);
template float UnitMean<Bf16>(const Bf16*, int64_t, int64_t, float*);

// What lies along the vector itself changes nothing: its length is 1 again.
void UnitMeanBackward(const float* out, float length, const float* d_out, int64_t n, int64_t d,
                      float* d_rows) {
  const float along = std::inner_product(out, out + d, d_out, 0.0f);
  const float share = 1.0f / (length * static_cast<float>(n));
  for (int64_t i = 0; i < d; ++i) d_rows[i] = (d_out[i] - along * out[i]) * share;
  for (int64_t r = 1; r < n; ++r) std::copy_n(d_rows, d, d_rows + r * d);
}

}  // namespace pioneer
