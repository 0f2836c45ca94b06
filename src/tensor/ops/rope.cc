// Why: the angles of a step are the same in every layer, for queries and for keys, so their cosines
// and sines are kept from call to call.
#include "tensor/ops/rope.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

// Frequency of pair i: base^(-2i / dims) / factor, in double: angles grow with the position.
std::vector<double> Frequencies(const RopeParams& params) {
  std::vector<double> frequencies(static_cast<size_t>(params.dims / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] =
        std::pow(static_cast<double>(params.base), -2.0 * static_cast<double>(i) / params.dims);
    if (!params.frequency_factors.empty()) frequencies[i] /= params.frequency_factors[i];
  }
  return frequencies;
}

// Cosines and sines of every token, as the kernels take them.
class RopeTables {
 public:
  // Rebuilt only when something differs from the last call.
  void Prepare(const RopeParams& params, const int32_t* positions, int64_t n_tokens) {
    if (SameParams(params) &&
        std::equal(positions_.begin(), positions_.end(), positions, positions + n_tokens)) {
      return;
    }
    params_ = params;
    positions_.assign(positions, positions + n_tokens);
    cos_.resize(static_cast<size_t>(n_tokens * params.dims));
    sin_.resize(cos_.size());
    const std::vector<double> frequencies = Frequencies(params);
    for (int64_t t = 0; t < n_tokens; ++t) FillRow(frequencies, t);
  }
  const float* cos(int64_t token) const { return cos_.data() + token * params_.dims; }
  const float* sin(int64_t token) const { return sin_.data() + token * params_.dims; }

 private:
  bool SameParams(const RopeParams& params) const {
    return params.dims == params_.dims && params.base == params_.base &&
           params.style == params_.style && params.frequency_factors == params_.frequency_factors;
  }
  void FillRow(const std::vector<double>& frequencies, int64_t token) {
    float* cos_row = cos_.data() + token * params_.dims;
    float* sin_row = sin_.data() + token * params_.dims;
    for (size_t i = 0; i < frequencies.size(); ++i) {
      const double angle = positions_[static_cast<size_t>(token)] * frequencies[i];
      const float c = static_cast<float>(std::cos(angle));
      const float s = static_cast<float>(std::sin(angle));
      if (params_.style == RopeStyle::kInterleaved) {
        cos_row[2 * i] = cos_row[2 * i + 1] = c;
        sin_row[2 * i] = -s;
        sin_row[2 * i + 1] = s;
      } else {
        cos_row[i] = c;
        sin_row[i] = s;
      }
    }
  }

  RopeParams params_;
  std::vector<int32_t> positions_;
  std::vector<float> cos_, sin_;
};

}  // namespace

void Rope(ThreadPool& pool, const RopeParams& params, float* x, const int32_t* positions,
          int64_t n_tokens, int64_t n_heads, int64_t head_dim) {
  if (params.dims < 0 || params.dims % 2 != 0 || params.dims > head_dim) {
    Fail(ErrorCode::kInvalidArgument, "rope dimensions {} do not fit heads of {}", params.dims,
         head_dim);
  }
  if (!params.frequency_factors.empty() &&
      params.frequency_factors.size() != static_cast<size_t>(params.dims / 2)) {
    Fail(ErrorCode::kInvalidArgument, "{} rope frequency factors for {} dimensions",
         params.frequency_factors.size(), params.dims);
  }
  thread_local RopeTables tables;
  tables.Prepare(params, positions, n_tokens);
  const RopeTables& ready = tables;  // the caller's, not a worker's own
  const KernelTable& kernels = Kernels();
  const auto rotate =
      params.style == RopeStyle::kInterleaved ? kernels.rope_pairs : kernels.rope_halves;
  ForItems(pool, n_tokens, n_heads * head_dim, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < n_heads; ++h) {
        rotate(x + (t * n_heads + h) * head_dim, ready.cos(t), ready.sin(t), params.dims);
      }
    }
  });
}

}  // namespace pioneer
