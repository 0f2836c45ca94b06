// Why: makes a smaller (or wider) copy of a model file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "model/imatrix.h"
#include "model/quantize_preset.h"

namespace pioneer {

struct QuantizeProgress {
  std::string tensor;                       // that is being written
  int64_t bytes_done = 0, bytes_total = 0;  // of the file that is read
};

struct QuantizeResult {
  int n_converted = 0;                  // tensors whose type changed
  int n_copied = 0;                     // tensors kept as they were
  int n_weighted = 0;                   // converted by an importance matrix
  int64_t bytes_in = 0, bytes_out = 0;  // sizes of the files
  // A sentence for each tensor that could not have the wanted type.
  std::vector<std::string> fallbacks;
};

struct QuantizePlan {
  QuantizePreset preset;
  bool pure = false;                             // the preset's type for every matrix
  const ImportanceMatrix* importance = nullptr;  // must outlive the call
};

// Writes `in` to `out` (which is whole or absent at any moment). Each matrix gets the type that the
// plan says, or what WeightTypeFor makes of it; vectors (norms, biases, RoPE factors) become F32,
// other tensors that are not IsQuantizable keep their type. A tensor that has its type already is
// copied. Metadata is copied; general.file_type and general.quantization_version are set. Memory: a
// few MB, whatever the file's size. `progress` may be empty; it is called from the calling thread.
// Throws Error{kInvalidArgument} when both paths are the same file or the importance matrix is of
// another model, kCorruptFile for weights that are not finite (the message names the tensor),
// kCancelled.
QuantizeResult QuantizeFile(const fs::path& in, const fs::path& out, const QuantizePlan& plan,
                            ThreadPool& pool,
                            const std::function<void(const QuantizeProgress&)>& progress = {},
                            const CancelToken& cancel = {});

}  // namespace pioneer
