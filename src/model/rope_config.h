// Why: files say in several ways how the rotation is stretched to longer contexts.
#pragma once

#include "model/architecture_keys.h"
#include "model/model.h"
#include "model/weight_loader.h"
#include "tensor/ops/rope.h"

namespace pioneer {

// What ARCH.rope.scaling.* say.
struct RopeScaling {
  double factor = 1.0;  // positions are divided by it
  bool yarn = false;    // only slow rotations are (Peng et al. 2023, arxiv.org/abs/2309.00071)
  double beta_fast = 32.0, beta_slow = 1.0;  // turns within the original context
  int original_context = 0;                  // that the model was first trained for
  double log_multiplier = 0.0;               // DeepSeek's mscale_all_dim, as the file has it
  double attention_factor = 1.0;             // more of the magnitude

  // get_mscale of the paper's code: how much larger scores become with the factor.
  double Magnitude(double multiplier) const;
};

// Throws Error{kUnsupported} for kinds of scaling that are not known, kCorruptFile for values that
// make no sense.
RopeScaling ReadRopeScaling(const ArchitectureKeys& keys, const ModelConfig& config);

// Plain rotation with this base.
RopeParams PlainRope(int dims, double base, RopeStyle style);

// From ARCH.rope.dimension_count, .freq_base, the scaling (linear, YaRN) and the tensors
// rope_freqs.weight (Llama 3.1's factors) or rope_factors_{long,short}.weight (LongRoPE, Ding et
// al. 2024, arxiv.org/abs/2402.13753: the long ones when the model's context is longer than the
// original).
RopeParams ReadRopeParams(WeightLoader& load, const ModelConfig& config, RopeStyle style);

// NAME as divisors of the frequencies of `rope`. Throws Error{kCorruptFile} for a factor that makes
// no sense.
void DivideFrequencies(WeightLoader& load, const std::string& name, RopeParams& rope);

}  // namespace pioneer
