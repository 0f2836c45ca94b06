// Why: the dense products of training, forward and backward, in one form: C = A B or C += A B with
// any of the three transposed. oneDNN multiplies; float32 always accumulates.
#pragma once

#include <cstdint>

namespace pioneer {

// A bfloat16 number: the upper half of a float32.
struct Bf16 {
  uint16_t bits;
};

// A matrix in someone else's memory; strides in elements. Transposing swaps the strides.
template <typename T>
struct MatrixView {
  T* data = nullptr;
  int64_t rows = 0, cols = 0;
  int64_t row_stride = 0, col_stride = 1;

  MatrixView Transposed() const { return {data, cols, rows, col_stride, row_stride}; }
};

template <typename T>
MatrixView<T> View(T* data, int64_t rows, int64_t cols) {
  return {data, rows, cols, cols, 1};
}

enum class GemmMode { kOverwrite, kAccumulate };

// c [m, n] = a [m, k] * b [k, n], or c += it. Runs on the calling thread alone. The same shapes on
// the same machine give the same bits. Throws Error{kInvalidArgument} when the shapes disagree.
// Instantiated for (Element, Out) = (float, float), (Bf16, float), (Bf16, Bf16).
template <typename Element, typename Out>
void TrainMatMul(MatrixView<const Element> a, MatrixView<const Element> b, MatrixView<Out> c,
                 GemmMode mode = GemmMode::kOverwrite);

// True when this CPU multiplies bfloat16 in hardware, about twice as fast as float32.
bool HasFastBf16();

}  // namespace pioneer
