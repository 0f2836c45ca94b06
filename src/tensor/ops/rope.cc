// Why: the angles of a step are the same in every layer, for queries and for keys, so their cosines
// and sines are kept from call to call.
#include "tensor/ops/rope.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

// Cosines and sines of every token, as the kernels take them.
class RopeTables {
 public:
  bool IsFor(const RopeParams& params, const int32_t* positions, int64_t n_tokens) const {
    return params.style == params_.style && params.magnitude == params_.magnitude &&
           params.frequencies == params_.frequencies &&
           std::equal(positions_.begin(), positions_.end(), positions, positions + n_tokens);
  }
  void Fill(const RopeParams& params, const int32_t* positions, int64_t n_tokens) {
    params_ = params;
    positions_.assign(positions, positions + n_tokens);
    cos_.resize(static_cast<size_t>(n_tokens * params.dims));
    sin_.resize(cos_.size());
    for (int64_t t = 0; t < n_tokens; ++t) FillRow(t);
  }
  const float* cos(int64_t token) const { return cos_.data() + token * params_.dims; }
  const float* sin(int64_t token) const { return sin_.data() + token * params_.dims; }

 private:
  void FillRow(int64_t token) {
    float* cos_row = cos_.data() + token * params_.dims;
    float* sin_row = sin_.data() + token * params_.dims;
    for (size_t i = 0; i < params_.frequencies.size(); ++i) {
      // In double: angles grow with the position.
      const double angle = positions_[static_cast<size_t>(token)] * params_.frequencies[i];
      const float c = static_cast<float>(std::cos(angle)) * params_.magnitude;
      const float s = static_cast<float>(std::sin(angle)) * params_.magnitude;
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

// Models have up to two kinds of layers with different angles, which take turns.
class RopeCache {
 public:
  const RopeTables& Get(const RopeParams& params, const int32_t* positions, int64_t n_tokens) {
    for (const RopeTables& tables : tables_) {
      if (tables.IsFor(params, positions, n_tokens)) return tables;
    }
    RopeTables& oldest = tables_[next_++ % tables_.size()];
    oldest.Fill(params, positions, n_tokens);
    return oldest;
  }

 private:
  std::array<RopeTables, 2> tables_;
  size_t next_ = 0;
};

void CheckParams(const RopeParams& params, int64_t head_dim) {
  if (params.dims < 0 || params.dims % 2 != 0 || params.dims > head_dim) {
    Fail(ErrorCode::kInvalidArgument, "rope dimensions {} do not fit heads of {}", params.dims,
         head_dim);
  }
  if (params.frequencies.size() != static_cast<size_t>(params.dims / 2)) {
    Fail(ErrorCode::kInvalidArgument, "{} rope frequencies for {} dimensions",
         params.frequencies.size(), params.dims);
  }
}

}  // namespace

std::vector<double> RopeFrequencies(double base, int dims) {
  std::vector<double> frequencies(static_cast<size_t>(dims / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = std::pow(base, -2.0 * static_cast<double>(i) / dims);
  }
  return frequencies;
}

void Rope(ThreadPool& pool, const RopeParams& params, float* x, const int32_t* positions,
          int64_t n_tokens, int64_t n_heads, int64_t head_dim) {
  CheckParams(params, head_dim);
  thread_local RopeCache cache;
  const RopeTables& tables = cache.Get(params, positions, n_tokens);
  const KernelTable& kernels = Kernels();
  const auto rotate =
      params.style == RopeStyle::kInterleaved ? kernels.rope_pairs : kernels.rope_halves;
  ForItems(pool, n_tokens, n_heads * head_dim, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < n_heads; ++h) {
        rotate(x + (t * n_heads + h) * head_dim, tables.cos(t), tables.sin(t), params.dims);
      }
    }
  });
}

}  // namespace pioneer
