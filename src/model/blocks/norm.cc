#include "model/blocks/norm.h"

#include "tensor/ops/norm.h"

namespace pioneer {
namespace {

const float* OrNull(const std::vector<float>& values) {
  return values.empty() ? nullptr : values.data();
}

}  // namespace

void Norm::Run(ThreadPool& pool, const float* x, int64_t n_rows, float* y) const {
  if (kind == NormKind::kLayer) {
    LayerNorm(pool, x, OrNull(weight), OrNull(bias), eps, n_rows, n, y);
  } else {
    RmsNorm(pool, x, OrNull(weight), eps, n_rows, n, y);
  }
}

Norm LoadRmsNorm(WeightLoader& load, const std::string& name, int64_t n, float eps) {
  return {NormKind::kRms, n, eps, load.Vector(name + ".weight", n), {}};
}

Norm LoadLayerNorm(WeightLoader& load, const std::string& name, int64_t n, float eps) {
  return {NormKind::kLayer, n, eps, load.Vector(name + ".weight", n),
          load.OptionalVector(name + ".bias", n)};
}

}  // namespace pioneer
