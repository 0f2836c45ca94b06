// Why: sizes of weights, and aligned memory for activations.
#include "tensor/tensor.h"

#include <new>

namespace pioneer {
namespace {

constexpr std::align_val_t kMatrixAlignment{64};

}  // namespace

int64_t Tensor::rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

size_t Tensor::bytes() const { return RowBytes(dtype, cols()) * static_cast<size_t>(rows()); }

const std::byte* Tensor::row(int64_t r) const {
  return data + static_cast<size_t>(r) * RowBytes(dtype, cols());
}

void Matrix::Free::operator()(float* p) const { ::operator delete[](p, kMatrixAlignment); }

void Matrix::Resize(int64_t rows, int64_t cols) {
  const int64_t needed = rows * cols;
  if (needed > capacity_) {
    data_.reset();
    capacity_ = 0;
    data_.reset(static_cast<float*>(
        ::operator new[](static_cast<size_t>(needed) * sizeof(float), kMatrixAlignment)));
    capacity_ = needed;
  }
  rows_ = rows;
  cols_ = cols;
}

}  // namespace pioneer
