// Why: a text's rows become the one vector that stands for it: their mean, of length 1.
#pragma once

#include <cstdint>

#include "tensor/ops/train_matmul.h"

namespace pioneer {

// out [d] = mean of rows [n, d], divided by its length, which is returned; n >= 1. Instantiated for
// float and Bf16. One thread.
template <typename T>
float UnitMean(const T* rows, int64_t n, int64_t d, float* out);

// The gradient at each row, [n, d]: of the unit vector `out` that UnitMean gave and its length,
// with d_out [d] at it.
void UnitMeanBackward(const float* out, float length, const float* d_out, int64_t n, int64_t d,
                      float* d_rows);

}  // namespace pioneer
