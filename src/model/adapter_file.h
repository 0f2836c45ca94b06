// Why: adapters come in several kinds of files; this is what all of them say.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/file.h"
#include "model/model.h"
#include "tensor/tensor.h"

namespace pioneer {

// One tensor's change: scale * b a.
struct AdapterTensor {
  Tensor a;  // [rank, n_in] or [n, rank, n_in]; of token_embd.weight [vocab_size, rank]
  Tensor b;  // [n_out, rank] or [n, n_out, rank]
  float scale = 1.0f;
};

struct AdapterFile {
  std::string name;                              // for messages
  std::map<std::string, AdapterTensor> tensors;  // by the model's name of the tensor
};

// Both throw what LoadAdapter() throws. The tensors keep what they need alive.
AdapterFile ReadGgufAdapter(const fs::path& path, const ModelConfig& model);
// PEFT's: a folder with adapter_config.json and adapter_model.safetensors.
AdapterFile ReadAdapterFolder(const fs::path& folder, const ModelConfig& model);

// The file's changes at the model's matrices. Throws Error{kUnsupported} for those of another
// model.
std::shared_ptr<const Adapter> BindAdapter(const AdapterFile& file, const Model& model);

// The folder of PEFT's that a path means (itself, or that of the .safetensors file in it), or "".
fs::path AdapterFolderOf(const fs::path& path);

}  // namespace pioneer
