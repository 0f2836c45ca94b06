#include "model/rope_config.h"

#include <cmath>

#include "base/error.h"
#include "model/weight_loader.h"

namespace pioneer {
namespace {

// Linear scaling divides positions, which is the same as dividing all frequencies.
double LinearFactor(const GgufFile& file, const std::string& prefix) {
  const double old_factor = file.Float(prefix + "scale_linear", 1.0);
  const std::string type =
      file.String(prefix + "scaling.type", file.Has(prefix + "scale_linear") ? "linear" : "none");
  if (type == "none") return 1.0;
  if (type != "linear") {
    Fail(ErrorCode::kUnsupported, "{}: RoPE scaling \"{}\" is not supported (\"linear\" is)",
         file.name(), type);
  }
  const double factor = file.Float(prefix + "scaling.factor", old_factor);
  if (factor == 0) return 1.0;  // "not set"
  if (!(factor > 1e-3 && factor < 1e6)) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}scaling.factor\" is {}, which is out of range",
         file.name(), prefix, factor);
  }
  return factor;
}

}  // namespace

RopeParams ReadRopeParams(const GgufFile& file, const ModelConfig& config, RopeStyle style) {
  RopeParams rope{config.rope_dims, config.rope_base, style, {}};
  rope.frequency_factors =
      WeightLoader(file).OptionalVector("rope_freqs.weight", config.rope_dims / 2);
  for (const float factor : rope.frequency_factors) {
    if (!(factor > 0 && std::isfinite(factor))) {
      Fail(ErrorCode::kCorruptFile, "{}: tensor \"rope_freqs.weight\" has the factor {}",
           file.name(), factor);
    }
  }
  const double linear = LinearFactor(file, config.architecture + ".rope.");
  if (linear == 1.0) return rope;
  rope.frequency_factors.resize(config.rope_dims / 2, 1.0f);
  for (float& factor : rope.frequency_factors) factor *= static_cast<float>(linear);
  return rope;
}

}  // namespace pioneer
