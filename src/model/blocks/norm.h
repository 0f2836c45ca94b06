// Why: the norms between blocks: root mean square or layer norm, with what weights there are.
#pragma once

#include <string>
#include <vector>

#include "model/blocks/pass.h"
#include "model/weight_loader.h"

namespace pioneer {

enum class NormKind { kNone, kRms, kLayer };

struct Norm {
  NormKind kind = NormKind::kNone;
  int64_t n = 0;  // numbers that are normed together
  float eps = 0;
  std::vector<float> weight, bias;  // [n], or empty

  bool exists() const { return kind != NormKind::kNone; }
  // y = norm(x), both [n_rows, n], row by row; y may be x. The norm must exist.
  void Run(ThreadPool& pool, const float* x, int64_t n_rows, float* y) const;
};

// NAME.weight, which must be there.
Norm LoadRmsNorm(WeightLoader& load, const std::string& name, int64_t n, float eps);
// NAME.weight, and NAME.bias where the file has it.
Norm LoadLayerNorm(WeightLoader& load, const std::string& name, int64_t n, float eps);

}  // namespace pioneer
