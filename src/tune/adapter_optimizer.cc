#include "tune/adapter_optimizer.h"

#include <cmath>

#include "tensor/kernels/train_kernels.h"

namespace pioneer::tune {
namespace {

constexpr double kClipNorm = 1.0;

}  // namespace

AdapterOptimizer::AdapterOptimizer(int64_t size)
    : size_(size), state_(static_cast<size_t>(2 * size)) {}

void AdapterOptimizer::Step(float learning_rate, const TrainBuffer<float>& gradient,
                            double gradient_norm, float* values) {
  ++n_steps_;
  AdamWStep step{.learning_rate = learning_rate, .beta2 = 0.99f};
  const auto steps = static_cast<double>(n_steps_);
  step.correction1 = static_cast<float>(1.0 / (1.0 - std::pow(double{step.beta1}, steps)));
  step.correction2 = static_cast<float>(1.0 / (1.0 - std::pow(double{step.beta2}, steps)));
  if (gradient_norm > kClipNorm) {
    step.gradient_scale = static_cast<float>(kClipNorm / gradient_norm);
  }
  BestTrainKernels().adamw(step, gradient.data(), size_, values, state_.data(),
                           state_.data() + size_);
}

double GradientNorm(const TrainBuffer<float>& gradient) {
  return std::sqrt(
      BestTrainKernels().sum_squares(gradient.data(), static_cast<int64_t>(gradient.size())));
}

}  // namespace pioneer::tune
