// Why: an adapter becomes part of its model: W + scale * B A, for programs that take no adapters,
// and because the sum costs nothing when it runs.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "model/quantize_preset.h"

namespace pioneer::tune {

struct MergeOptions {
  fs::path model, adapter;               // GGUF; GGUF or a folder of PEFT's
  fs::path out;                          // whole or absent at any moment
  std::optional<QuantizePreset> preset;  // absent: every matrix keeps its type
};

struct MergeResult {
  int n_changed = 0;  // matrices
  int64_t bytes = 0;  // of the file
};

// on_progress(name of the tensor) may be empty. Throws what ReadGgufAdapter and ReadAdapterFolder
// throw, kUnsupported for an adapter of another model, kInvalidArgument when `out` is one of the
// others, kCancelled.
MergeResult MergeAdapter(const MergeOptions& options, ThreadPool& pool,
                         const std::function<void(const std::string&)>& on_progress = {},
                         const CancelToken& cancel = {});

}  // namespace pioneer::tune
