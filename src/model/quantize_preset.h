// Why: the names under which people ask for quantized files ("Q4_K_M"), and which type each tensor
// of such a file gets. The mixes are llama.cpp's, so that a name means the same file size and
// quality everywhere: tensors that hurt most get more bits.
// Source: llama_tensor_get_type in https://github.com/ggml-org/llama.cpp, src/llama-quant.cpp
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/gguf.h"
#include "tensor/dtype.h"

namespace pioneer {

struct QuantizePreset {
  std::string_view name;
  DType dtype;         // of most matrices
  uint32_t file_type;  // general.file_type
};

std::span<const QuantizePreset> QuantizePresets();
// Case-insensitive; "Q3_K", "Q4_K" and "Q5_K" mean their "_M".
std::optional<QuantizePreset> FindQuantizePreset(std::string_view name);

// general.file_type of a file whose matrices are of this type.
uint32_t FileTypeOf(DType dtype);

// The type that a matrix of rows of n elements gets: `target` where n is a multiple of its block;
// else a 32-element type of at least as many bits (Q4_0, IQ4_NL, Q5_0, Q5_1, Q8_0); else F16.
DType WeightTypeFor(DType target, int64_t n);

// Whether a quantized file holds this tensor in a block type. Vectors, norms, routers of experts,
// positions and small convolutions stay as they are: they cost little and hurt much.
bool IsQuantizable(const Tensor& tensor);

// Chooses a preset's types for the tensors of one file.
class TypeChooser {
 public:
  // pure: the preset's type for every matrix, no mix.
  TypeChooser(const GgufFile& file, const QuantizePreset& preset, bool has_importance, bool pure);
  // Before the fall back of WeightTypeFor. For tensors that are IsQuantizable.
  DType Choose(const Tensor& tensor) const;

 private:
  QuantizePreset preset_;
  bool has_importance_, pure_;
  bool tied_ = true;  // token_embd is the output too
  int n_layers_ = 0, n_experts_ = 0;
  int64_t queries_per_key_ = 1;
  std::map<std::string, int> value_order_;  // of attn_v and its like: which of them, by layer
  int n_values_ = 0;
};

}  // namespace pioneer
