// Why: an adapter leaves a run in the two forms that other programs read: GGUF as llama.cpp has it,
// and the folder of Hugging Face's PEFT. Formats: model/adapter.h.
#pragma once

#include <string>

#include "base/file.h"
#include "model/adapter_file.h"
#include "model/model.h"
#include "tune/adapter_layout.h"

namespace pioneer::tune {

// What an adapter was made of; goes into its files.
struct AdapterOrigin {
  std::string lineage;   // the hash
  std::string manifest;  // JSON: what the hash is of
};

// The adapter as the engine takes it. `values` [layout.size()] must outlive the result.
AdapterFile ViewAdapter(const AdapterLayout& layout, const float* values, const std::string& name);

// A file, whole or not at all.
void WriteGgufAdapter(const fs::path& path, const ModelConfig& model, const AdapterLayout& layout,
                      const float* values, const AdapterOrigin& origin);
// adapter_model.safetensors and adapter_config.json in `folder`, which is created.
void WritePeftAdapter(const fs::path& folder, const ModelConfig& model, const AdapterLayout& layout,
                      const float* values, const AdapterOrigin& origin);

}  // namespace pioneer::tune
