// Why: makes a smaller (or wider) copy of a model file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "tensor/dtype.h"

namespace pioneer {

struct QuantizeProgress {
  std::string tensor;                       // that is being written
  int64_t bytes_done = 0, bytes_total = 0;  // of the file that is read
};

struct QuantizeResult {
  int n_converted = 0;                  // tensors whose type changed
  int n_copied = 0;                     // tensors kept as they were
  int64_t bytes_in = 0, bytes_out = 0;  // sizes of the files
  // A sentence for each tensor that could not have the wanted type.
  std::vector<std::string> fallbacks;
};

// The type that a matrix of rows of n elements gets: `target` where n is a multiple of its block,
// else Q8_0, else F16.
DType WeightTypeFor(DType target, int64_t n);

// general.file_type of a file whose matrices are of this type.
uint32_t FileTypeOf(DType dtype);

// Writes `in` to `out` (which is whole or absent at any moment) with every matrix as
// WeightTypeFor(target, row length): token_embd and output too, so that a file is of one type.
// Vectors (norms, biases, RoPE factors) become F32. Metadata is copied; general.file_type and
// general.quantization_version are set. Memory: a few MB, whatever the file's size. `progress` may
// be empty; it is called from the calling thread.
// Throws Error{kInvalidArgument} when both paths are the same file, kCorruptFile for weights that
// are not finite (the message names the tensor), kCancelled.
QuantizeResult QuantizeFile(const fs::path& in, const fs::path& out, DType target, ThreadPool& pool,
                            const std::function<void(const QuantizeProgress&)>& progress = {},
                            const CancelToken& cancel = {});

}  // namespace pioneer
