#include "tensor/ops/train_muon.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tensor/kernels/train_kernels.h"
#include "tensor/ops/train_matmul.h"

namespace pioneer {
namespace {

// s <- a s + b s^3 + c s^5 of each singular value s, one row a step; the paper's for values between
// 1/1000 and 1, with 2 % to spare for rounding.
struct Quintic {
  float a, b, c;
};
constexpr std::array<Quintic, 5> kPolarExpress = {{{8.1565545f, -22.483293f, 15.878770f},
                                                   {4.0429299f, -2.8089175f, 0.50001785f},
                                                   {3.8916678f, -2.7724842f, 0.50606482f},
                                                   {3.2857537f, -2.3681295f, 0.46449024f},
                                                   {2.3465413f, -1.7097828f, 0.42323551f}}};
constexpr float kSpare = 1.02f;
constexpr float kUpdateSize = 0.2f;  // the usual root mean square of AdamW's update

// square <- a I + b gram + c square, all [n, n].
void FormPolynomial(const Quintic& q, const float* gram, int64_t n, float* square) {
  for (int64_t i = 0; i < n * n; ++i) square[i] = q.b * gram[i] + q.c * square[i];
  for (int64_t i = 0; i < n; ++i) square[i * n + i] += q.a;
}

}  // namespace

template <typename T>
void Muon<T>::Orthogonalize(float* x, int64_t rows, int64_t cols) {
  const int64_t n = std::min(rows, cols), size = rows * cols;
  const auto convert = BestTrainKernels().For<T>().convert;
  for (auto* buffer : {&gram_, &square_}) buffer->resize(static_cast<size_t>(n * n));
  polynomial_.resize(static_cast<size_t>(n * n));
  for (auto* buffer : {&x_, &next_}) buffer->resize(static_cast<size_t>(size));
  const auto norm = static_cast<float>(std::sqrt(BestTrainKernels().sum_squares(x, size)));
  const float scale = 1.0f / (norm * kSpare + 1e-12f);
  for (int64_t i = 0; i < size; ++i) x[i] *= scale;
  convert(x, size, x_.data());
  const bool wide = rows <= cols;
  for (size_t i = 0; i < kPolarExpress.size(); ++i) {
    const auto now = View<const T>(x_.data(), rows, cols);
    TrainMatMul<T, float>(wide ? now : now.Transposed(), wide ? now.Transposed() : now,
                          View(gram_.data(), n, n));
    convert(gram_.data(), n * n, polynomial_.data());
    const auto half = View<const T>(polynomial_.data(), n, n);
    TrainMatMul<T, float>(half, half, View(square_.data(), n, n));
    FormPolynomial(kPolarExpress[i], gram_.data(), n, square_.data());
    convert(square_.data(), n * n, polynomial_.data());
    const auto left = wide ? half : now, right = wide ? now : half;
    if (i + 1 == kPolarExpress.size()) {
      TrainMatMul<T, float>(left, right, View(x, rows, cols));
    } else {
      TrainMatMul<T, T>(left, right, View(next_.data(), rows, cols));
      std::swap(x_, next_);
    }
  }
}

template <typename T>
void Muon<T>::Step(const MuonStep& step, const float* gradient, int64_t rows, int64_t cols,
                   float* weight, float* momentum) {
  const int64_t size = rows * cols;
  direction_.resize(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) {
    const float g = gradient[i] * step.gradient_scale;
    momentum[i] += (1.0f - step.momentum) * (g - momentum[i]);
    direction_[i] = g + step.momentum * (momentum[i] - g);  // Nesterov's look ahead
  }
  Orthogonalize(direction_.data(), rows, cols);
  const float pace =
      step.learning_rate * kUpdateSize * std::sqrt(static_cast<float>(std::max(rows, cols)));
  const float kept = 1.0f - step.learning_rate * step.weight_decay;
  for (int64_t i = 0; i < size; ++i) weight[i] = kept * weight[i] - pace * direction_[i];
}

template class Muon<float>;
template class Muon<Bf16>;

}  // namespace pioneer
