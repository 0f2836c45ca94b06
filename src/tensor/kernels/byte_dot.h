// Why: vectors of bytes are compared in millions, by each instruction set as fast as it can.
#pragma once

#include <cstdint>

#include "tensor/kernels/isa.h"

namespace pioneer {

// Sum of a[i] * b[i] for i < n. n: a multiple of kByteVectorStep; numbers: -127..127.
using ByteDot = int32_t (*)(const int8_t* a, const int8_t* b, int64_t n);

inline constexpr int64_t kByteVectorStep = 64;

ByteDot ByteDotOf(Isa isa);

}  // namespace pioneer
