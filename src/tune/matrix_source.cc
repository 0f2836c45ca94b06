#include "tune/matrix_source.h"

#include "base/memory.h"
#include "tensor/kernels/train_kernels.h"
#include "tensor/quantize.h"

namespace pioneer::tune {
namespace {

// Rows [first, first + n) to `out`.
template <typename T>
void ExpandRows(const Tensor& matrix, int64_t first, int64_t n, TrainBuffer<float>& row, T* out) {
  const int64_t width = matrix.cols();
  for (int64_t r = 0; r < n; ++r) {
    if constexpr (std::is_same_v<T, float>) {
      DequantizeRow(matrix.dtype, matrix.row(first + r), out + r * width, width);
    } else {
      row.resize(static_cast<size_t>(width));
      DequantizeRow(matrix.dtype, matrix.row(first + r), row.data(), width);
      BestTrainKernels().For<T>().convert(row.data(), width, out + r * width);
    }
  }
}

template <typename Visit>
void VisitMatrices(const FrozenModel& model, const Visit& visit) {
  visit(model.output);
  for (const FrozenLayer& layer : model.layers) {
    for (const Tensor& matrix : layer.matrices) visit(matrix);
  }
}

}  // namespace

template <typename T>
MatrixSource<T>::MatrixSource(const FrozenModel& model, bool keep, ThreadPool& pool) {
  if (!keep) return;
  VisitMatrices(model, [&](const Tensor& matrix) {
    const auto [place, is_new] = kept_.try_emplace(matrix.name);
    if (!is_new) return;
    T* const out = (place->second = TrainBuffer<T>(matrix.rows() * matrix.cols())).data();
    constexpr int64_t kGrain = 64;
    pool.ParallelFor(matrix.rows(), kGrain, [&](int64_t begin, int64_t end) {
      TrainBuffer<float> row;
      ExpandRows(matrix, begin, end - begin, row, out + begin * matrix.cols());
    });
  });
}

template <typename T>
const T* MatrixSource<T>::Rows(const Tensor& matrix, int64_t first, int64_t n,
                               MatrixScratch<T>& scratch) const {
  if (const auto found = kept_.find(matrix.name); found != kept_.end()) {
    return found->second.data() + first * matrix.cols();
  }
  const auto size = static_cast<size_t>(n * matrix.cols());
  if (scratch.rows.size() < size) scratch.rows.resize(size);
  ExpandRows(matrix, first, n, scratch.row, scratch.rows.data());
  return scratch.rows.data();
}

template <typename T>
bool KeepsMatrices(const FrozenModel& model) {
  int64_t bytes = 0;
  VisitMatrices(model, [&](const Tensor& matrix) {
    bytes += matrix.rows() * matrix.cols() * static_cast<int64_t>(sizeof(T));
  });
  return bytes <= UsableMemoryBytes() / 8;
}

template class MatrixSource<float>;
template class MatrixSource<Bf16>;
template bool KeepsMatrices<float>(const FrozenModel& model);
template bool KeepsMatrices<Bf16>(const FrozenModel& model);

}  // namespace pioneer::tune
