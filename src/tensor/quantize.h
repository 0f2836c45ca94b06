// Why: conversion between float32 and every weight type. Layouts and rounding: facts of the GGUF
// format; the K-types choose scales by a small search that lowers the squared error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace pioneer {

// n is a multiple of the type's block. `out` has RowBytes(dtype, n) bytes. Any thread.
void QuantizeRow(DType dtype, const float* x, std::byte* out, int64_t n);
void DequantizeRow(DType dtype, const std::byte* x, float* out, int64_t n);

}  // namespace pioneer
