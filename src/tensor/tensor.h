// Why: a weight as it lies in a file: type, shape and bytes. Activations are Matrix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace pioneer {

// A read-only view of a weight. Row-major; shape lists the outermost dimension first, so a matrix
// that maps n_in to n_out values is [n_out, n_in] (GGUF files list the reverse). `owner` keeps the
// bytes alive (a mapped file, a buffer). Copying copies the view. Any thread may read.
struct Tensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;

  int64_t rows() const;  // product of all dimensions but the last
  int64_t cols() const { return shape.empty() ? 1 : shape.back(); }
  size_t bytes() const;
  const std::byte* row(int64_t r) const;
};

// Row-major float32 [rows, cols], 64-byte aligned, owned. Resize keeps the memory when it is
// enough.
class Matrix {
 public:
  Matrix() = default;
  Matrix(int64_t rows, int64_t cols) { Resize(rows, cols); }
  void Resize(int64_t rows, int64_t cols);  // content is undefined afterwards

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  float* row(int64_t r) { return data_.get() + r * cols_; }
  const float* row(int64_t r) const { return data_.get() + r * cols_; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float[], Free> data_;
  int64_t rows_ = 0, cols_ = 0, capacity_ = 0;
};

}  // namespace pioneer
