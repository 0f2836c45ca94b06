// Why: a published folder becomes one GGUF file, for other programs and for a smaller type.
#pragma once

#include <functional>
#include <optional>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "model/quantize_preset.h"

namespace pioneer {

struct ImportProgress {
  const char* step = "";  // "reading", "converting"
  uint64_t bytes_done = 0, bytes_total = 0;
};

// Writes `out` (whole or absent at any moment). Without a type the weights keep theirs; with one
// they are first written as they are beside `out`, then quantized. Memory: a few MB and the
// vocabulary. Throws what DescribeHuggingFaceFolder and QuantizeFile throw.
void ImportModel(const fs::path& folder, const fs::path& out,
                 const std::optional<QuantizePreset>& type, ThreadPool& pool,
                 const std::function<void(const ImportProgress&)>& on_progress = {},
                 const CancelToken& cancel = {});

}  // namespace pioneer
