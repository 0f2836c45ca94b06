#include "model/rope_config.h"

#include <cmath>

#include "base/error.h"

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

RopeParams ReadRopeParams(WeightLoader& load, const ModelConfig& config, RopeStyle style) {
  const GgufFile& file = load.file();
  RopeParams rope{config.rope_dims, style, RopeFrequencies(config.rope_base, config.rope_dims)};
  const std::vector<float> factors = load.OptionalVector("rope_freqs.weight", config.rope_dims / 2);
  for (size_t i = 0; i < factors.size(); ++i) {
    if (!(factors[i] > 0 && std::isfinite(factors[i]))) {
      Fail(ErrorCode::kCorruptFile, "{}: tensor \"rope_freqs.weight\" has the factor {}",
           file.name(), factors[i]);
    }
    rope.frequencies[i] /= factors[i];
  }
  const double linear = LinearFactor(file, config.architecture + ".rope.");
  for (double& frequency : rope.frequencies) frequency /= linear;
  return rope;
}

}  // namespace pioneer
