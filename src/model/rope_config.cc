#include "model/rope_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

// The pair that turns `turns` times within the context: base^(-2i / dims) context = 2 pi turns.
double PairOfTurns(double turns, int dims, double base, double context) {
  return dims * std::log(context / (turns * 2 * std::numbers::pi)) / (2 * std::log(base));
}

// Pairs that turn often keep their frequency, those that turn seldom are slowed down, and those
// between are mixed.
void StretchByYarn(const RopeScaling& scaling, double base, RopeParams& rope) {
  const double context = scaling.original_context;
  const double low =
      std::max(0.0, std::floor(PairOfTurns(scaling.beta_fast, rope.dims, base, context)));
  const double high = std::min(rope.dims - 1.0,
                               std::ceil(PairOfTurns(scaling.beta_slow, rope.dims, base, context)));
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    const double slowed =
        std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    rope.frequencies[i] *= 1 - slowed + slowed / scaling.factor;
  }
}

}  // namespace

double RopeScaling::Magnitude(double multiplier) const {
  return factor <= 1 ? 1.0 : 0.1 * multiplier * std::log(factor) + 1.0;
}

RopeScaling ReadRopeScaling(const ArchitectureKeys& keys, const ModelConfig& config) {
  RopeScaling scaling;
  const std::string type = keys.file().String(keys.Name("rope.scaling.type"), "linear");
  if (type != "none" && type != "linear" && type != "yarn" && type != "longrope") {
    Fail(ErrorCode::kUnsupported,
         "{}: RoPE scaling \"{}\" is not supported (linear, yarn and longrope are)",
         keys.file().name(), type.substr(0, 64));
  }
  const float old_factor = keys.Float("rope.scale_linear", 0.0f, 0.0f, 1e6f);
  const float factor = keys.Float("rope.scaling.factor", old_factor, 0.0f, 1e6f);
  if (factor != 0 && factor < 1e-3f) keys.Refuse("rope.scaling.factor", "is out of range");
  if (type != "none" && factor != 0) scaling.factor = factor;  // 0: not set
  scaling.yarn = type == "yarn";
  const int original = keys.Int("rope.scaling.original_context_length");
  scaling.original_context = original > 0 ? original : config.context_length;
  scaling.beta_fast = keys.Float("rope.scaling.yarn_beta_fast", 32.0f, 1e-3f, 1e6f);
  scaling.beta_slow = keys.Float("rope.scaling.yarn_beta_slow", 1.0f, 1e-3f, 1e6f);
  scaling.log_multiplier = keys.Float("rope.scaling.yarn_log_multiplier", 0.0f, 0.0f, 1e3f);
  scaling.attention_factor = keys.Float("rope.scaling.attn_factor", 1.0f, 0.0f, 1e3f);
  return scaling;
}

RopeParams PlainRope(int dims, double base, RopeStyle style) {
  return {dims, style, RopeFrequencies(base, dims), 1.0f};
}

void DivideFrequencies(WeightLoader& load, const std::string& name, RopeParams& rope) {
  const std::vector<float> factors = load.Vector(name, rope.dims / 2);
  const bool has_values = !load.is_recording();
  for (size_t i = 0; i < factors.size() && has_values; ++i) {
    if (!(factors[i] > 0 && std::isfinite(factors[i]))) {
      Fail(ErrorCode::kCorruptFile, "{}: tensor \"{}\" has the factor {}", load.file().name(), name,
           factors[i]);
    }
    rope.frequencies[i] /= factors[i];
  }
}

RopeParams ReadRopeParams(WeightLoader& load, const ModelConfig& config, RopeStyle style) {
  const RopeScaling scaling = ReadRopeScaling(ArchitectureKeys(load.file()), config);
  RopeParams rope = PlainRope(config.rope_dims, config.rope_base, style);
  if (load.Has("rope_freqs.weight")) {
    DivideFrequencies(load, "rope_freqs.weight", rope);
  } else if (load.Has("rope_factors_long.weight")) {
    RopeParams short_rope = rope;
    DivideFrequencies(load, "rope_factors_long.weight", rope);
    DivideFrequencies(load, "rope_factors_short.weight", short_rope);
    if (config.context_length <= scaling.original_context) rope = std::move(short_rope);
  }
  if (scaling.yarn) {
    StretchByYarn(scaling, config.rope_base, rope);
    rope.magnitude = static_cast<float>(scaling.Magnitude(1.0));
    if (scaling.log_multiplier != 0) {
      rope.magnitude /= static_cast<float>(scaling.Magnitude(scaling.log_multiplier));
    }
  } else {
    for (double& frequency : rope.frequencies) frequency /= scaling.factor;
  }
  rope.magnitude *= static_cast<float>(scaling.attention_factor);
  return rope;
}

}  // namespace pioneer
