// Why: vectors that are only compared with each other need a byte a number: a million of them fit
// into memory, and their order hardly changes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pioneer {

// Bytes that a vector of d numbers takes in memory; those behind the numbers are 0.
int64_t ByteVectorSize(int64_t d);

// The vector's direction: each number times 127 divided by the largest, rounded. A vector without
// a direction gives zeros. ByteVectorSize(x.size()) bytes.
std::vector<int8_t> ToByteVector(std::span<const float> x);

// Of the length that was lost by rounding: 1 / |a|; 0 for zeros. n as ByteVectorSize() gives it, as
// below.
float InverseLength(const int8_t* a, int64_t n);

// The sum of products. Exact, and so the same on every instruction set.
int32_t DotByteVectors(const int8_t* a, const int8_t* b, int64_t n);

}  // namespace pioneer
