// Why: conversion between float32 and every weight type. How codes are chosen: block_fit.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace pioneer {

// n is a multiple of the type's block. `out` has RowBytes(dtype, n) bytes. `importance` (null: all
// alike) has n finite numbers >= 0 that say how much the squared error of each element matters.
// Values that a block type has no code for are made finite: NaN becomes 0, the rest is limited to
// float16's range. Any thread.
void QuantizeRow(DType dtype, const float* x, std::byte* out, int64_t n,
                 const float* importance = nullptr);
void DequantizeRow(DType dtype, const std::byte* x, float* out, int64_t n);

}  // namespace pioneer
