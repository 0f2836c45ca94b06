// Why: training can begin with the weights of a model that is there, instead of random ones: one's
// own, to be trained further, or a downloaded one, to be taught other text.
#pragma once

#include <string>

#include "base/file.h"
#include "tensor/ops/train_buffer.h"
#include "train/llama_parameters.h"

namespace pioneer {

// The sizes of a GGUF model, its vocabulary's too. Throws Error{kNotFound, kCorruptFile}, and
// kUnsupported for a model that the trainer would make another of: other architectures than llama,
// mixtures of experts, stretched rotary positions.
LlamaShape ReadShape(const fs::path& gguf);

// Its weights as float32, from any type. Throws as ReadShape() does, and Error{kInvalidArgument}
// when its sizes are not the layout's.
TrainBuffer<float> ReadParameters(const fs::path& gguf, const ParameterLayout& layout);

// What a lineage (lineage.h) calls these weights: that of the run that made them, or the file's
// "sha256:...".
std::string WeightsOrigin(const fs::path& gguf);

}  // namespace pioneer
