// Why: files say in several ways how the rotation is stretched to longer contexts.
#pragma once

#include "model/model.h"
#include "model/weight_loader.h"
#include "tensor/ops/rope.h"

namespace pioneer {

// From ARCH.rope.dimension_count, .freq_base, .scaling.type and .factor (or the older
// .scale_linear) and the tensor rope_freqs.weight (Llama 3.1's factors). Throws Error{kUnsupported}
// for kinds of scaling that need more (YaRN, LongRoPE), kCorruptFile for a factor that makes no
// sense.
RopeParams ReadRopeParams(WeightLoader& load, const ModelConfig& config, RopeStyle style);

}  // namespace pioneer
