// Why: a quantized file is as good as its error. Quantizes the matrices of an F32 (or F16) file
// with Pioneer and with ggml's library in one run and prints each type's root mean square error,
// plain and weighted by a made-up importance matrix, with the ratio of both (below 1: Pioneer is
// better):
//   build/quantize_error LIBGGML-BASE.so MODEL-f32.gguf
// npm's node-llama-cpp has such a library in @node-llama-cpp/linux-x64/bins/linux-x64.
#include <dlfcn.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "model/gguf.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

// size_t ggml_quantize_chunk(type, src, dst, start, nrows, n_per_row, imatrix)
using GgmlQuantize = size_t (*)(int, const float*, void*, int64_t, int64_t, int64_t, const float*);

constexpr int64_t kMaxRows = 512;  // of a matrix

struct Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<float> values;
};

std::vector<Matrix> LoadMatrices(const char* path) {
  std::vector<Matrix> matrices;
  const auto file = GgufFile::Open(path);
  for (const Tensor& tensor : file->tensors()) {
    if (tensor.shape.size() != 2 || tensor.cols() % 256 != 0) continue;
    Matrix matrix{std::min(tensor.rows(), kMaxRows), tensor.cols(), {}};
    matrix.values.resize(static_cast<size_t>(matrix.rows * matrix.cols));
    for (int64_t r = 0; r < matrix.rows; ++r) {
      DequantizeRow(tensor.dtype, tensor.row(r), matrix.values.data() + r * matrix.cols,
                    matrix.cols);
    }
    matrices.push_back(std::move(matrix));
  }
  return matrices;
}

struct Measure {
  double error = 0, size = 0, seconds = 0;
  int64_t elements = 0;

  double relative() const { return std::sqrt(error / size); }
  double speed() const { return 1e-6 * static_cast<double>(elements) / seconds; }
};

template <typename Quantize>
void Add(const Matrix& matrix, DType dtype, const float* importance, const Quantize& quantize,
         Measure& measure) {
  const size_t row_bytes = RowBytes(dtype, matrix.cols);
  std::vector<std::byte> bytes(row_bytes * static_cast<size_t>(matrix.rows));
  const auto start = std::chrono::steady_clock::now();
  quantize(bytes.data());
  measure.seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  measure.elements += matrix.rows * matrix.cols;
  std::vector<float> y(static_cast<size_t>(matrix.cols));
  for (int64_t r = 0; r < matrix.rows; ++r) {
    DequantizeRow(dtype, bytes.data() + static_cast<size_t>(r) * row_bytes, y.data(), matrix.cols);
    const float* x = matrix.values.data() + r * matrix.cols;
    for (int64_t i = 0; i < matrix.cols; ++i) {
      const double weight = importance == nullptr ? 1 : importance[i];
      measure.error += weight * std::pow(static_cast<double>(x[i]) - y[static_cast<size_t>(i)], 2);
      measure.size += weight * std::pow(static_cast<double>(x[i]), 2);
    }
  }
}

void Compare(const std::vector<Matrix>& matrices, DType dtype, GgmlQuantize ggml) {
  fmt::print("{:8}", InfoOf(dtype).name);
  for (const bool weighted : {false, true}) {
    Measure ours, theirs;
    Random random(1);
    for (const Matrix& m : matrices) {
      std::vector<float> importance(static_cast<size_t>(m.cols));
      for (float& v : importance) v = static_cast<float>(std::exp(random.Normal()));
      const float* used = weighted ? importance.data() : nullptr;
      Add(
          m, dtype, used,
          [&](std::byte* out) {
            for (int64_t r = 0; r < m.rows; ++r) {
              QuantizeRow(dtype, m.values.data() + r * m.cols,
                          out + static_cast<size_t>(r) * RowBytes(dtype, m.cols), m.cols, used);
            }
          },
          ours);
      Add(
          m, dtype, used,
          [&](std::byte* out) {
            ggml(static_cast<int>(dtype), m.values.data(), out, 0, m.rows, m.cols, used);
          },
          theirs);
    }
    fmt::print("  {:.5f} {:.5f} {:6.4f}  {:5.1f} {:5.1f}", ours.relative(), theirs.relative(),
               ours.relative() / theirs.relative(), ours.speed(), theirs.speed());
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void Run(const char* library, const char* model) {
  void* handle = dlopen(library, RTLD_NOW);
  void* symbol = handle == nullptr ? nullptr : dlsym(handle, "ggml_quantize_chunk");
  if (symbol == nullptr) Fail(ErrorCode::kNotFound, "{}", dlerror());
  const std::vector<Matrix> matrices = LoadMatrices(model);
  fmt::print("          plain: ours, ggml, ratio, M elements/s each      with importance\n");
  for (const DTypeInfo& info : AllDTypes()) {
    if (info.block_elements > 1) {
      Compare(matrices, info.dtype, reinterpret_cast<GgmlQuantize>(symbol));
    }
  }
}

}  // namespace
}  // namespace pioneer

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: quantize_error LIBGGML-BASE.so MODEL-f32.gguf\n");
    return 2;
  }
  try {
    pioneer::Run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
