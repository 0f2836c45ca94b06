#include "tune/adapter_layout.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace pioneer::tune {

AdapterLayout::AdapterLayout(const FrozenModel& model, int rank, float alpha)
    : rank_(rank), alpha_(alpha) {
  for (const FrozenLayer& layer : model.layers) {
    for (const Tensor& matrix : layer.matrices) {
      if (rank < 1 || rank > std::min(matrix.rows(), matrix.cols())) {
        Fail(ErrorCode::kInvalidArgument, "the rank is {}; for \"{}\" it must be from 1 to {}",
             rank, matrix.name, std::min(matrix.rows(), matrix.cols()));
      }
      AdapterSlot slot{matrix.name, matrix.rows(), matrix.cols(), size_, 0};
      slot.b = slot.a + rank * slot.n_in;
      size_ = slot.b + slot.n_out * rank;
      slots_.push_back(std::move(slot));
    }
  }
}

TrainBuffer<float> AdapterLayout::InitialValues(uint64_t seed) const {
  TrainBuffer<float> values(static_cast<size_t>(size_));
  Random random(seed);
  for (const AdapterSlot& slot : slots_) {
    const float width = 1.0f / std::sqrt(static_cast<float>(slot.n_in));
    std::generate_n(values.data() + slot.a, rank_ * slot.n_in,
                    [&] { return width * static_cast<float>(2 * random.Uniform() - 1); });
  }
  return values;
}

}  // namespace pioneer::tune
