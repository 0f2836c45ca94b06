// Why: reads a model's sizes from a file's metadata, and refuses sizes that no model has before
// anything is computed from them.
#pragma once

#include <cstdint>
#include <string>

#include "model/gguf.h"
#include "model/model.h"

namespace pioneer {

inline constexpr int kMaxHeadDim = 1 << 13;

// What the metadata says, 0 where it says nothing; for any architecture, unchecked beyond the types
// and ranges of integers. Good for a list of models.
ModelConfig ReadModelConfig(const GgufFile& file);

// Throws Error{kCorruptFile} that names the key whose value contradicts another or is out of any
// sensible range.
void CheckModelConfig(const GgufFile& file, const ModelConfig& config);

// Writes the keys that ReadModelConfig reads, and the type of the file's matrices. The vocabulary
// is not among them.
void SetModelKeys(const ModelConfig& config, DType dtype, GgufWriter& writer);

}  // namespace pioneer
