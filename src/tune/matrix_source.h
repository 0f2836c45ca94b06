// Why: a frozen matrix is multiplied as float32 or bfloat16, but kept as its file has it. Each use
// makes it again, one matrix at a time; of a model that is small beside the memory all are made
// once. Both ways give the same numbers.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/thread_pool.h"
#include "tensor/ops/train_buffer.h"
#include "tensor/tensor.h"
#include "tune/frozen_model.h"

namespace pioneer::tune {

// A thread's memory for the matrix at hand.
template <typename T>
struct MatrixScratch {
  TrainBuffer<T> rows;
  TrainBuffer<float> row;
};

// T is float or Bf16. Immutable after construction; any thread may use it. The model must outlive
// it.
template <typename T>
class MatrixSource {
 public:
  // keep: all matrices are made now, by all threads, and kept.
  MatrixSource(const FrozenModel& model, bool keep, ThreadPool& pool);

  // Rows [first, first + n) of a matrix, [n, n_in]: a view that holds until the next call with this
  // scratch.
  const T* Rows(const Tensor& matrix, int64_t first, int64_t n, MatrixScratch<T>& scratch) const;
  const T* All(const Tensor& matrix, MatrixScratch<T>& scratch) const {
    return Rows(matrix, 0, matrix.rows(), scratch);
  }

 private:
  std::unordered_map<std::string, TrainBuffer<T>> kept_;  // by name
};

// Whether matrices are kept as T: where all of them take at most an eighth of the memory.
template <typename T>
bool KeepsMatrices(const FrozenModel& model);

}  // namespace pioneer::tune
