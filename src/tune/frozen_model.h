// Why: tuning reads a model's weights as they lie in its file, quantized, and never changes them.
// They are taken apart into the named parts that a forward and a backward pass need; matrices are
// made float32 or bfloat16 only while they are multiplied by (matrix_source.h).
//
// Architectures: llama (SmolLM, Llama 1-3, Mistral, the models of `pioneer train`), qwen2 and
// qwen3, dense ones.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "model/gguf.h"
#include "model/model.h"
#include "tensor/ops/rope.h"
#include "tensor/tensor.h"

namespace pioneer::tune {

// The matrices of a layer, in the order in which a step meets them.
enum class MatrixKind { kQuery, kKey, kValue, kAttentionOutput, kGate, kUp, kDown };
inline constexpr int kMatrixKinds = 7;

struct FrozenLayer {
  std::vector<float> attention_norm, feed_forward_norm;  // [d_model]
  std::vector<float> query_norm, key_norm;               // [head_dim], or empty
  std::array<Tensor, kMatrixKinds> matrices;             // [n_out, n_in], as in the file
  std::array<std::vector<float>, kMatrixKinds> biases;   // [n_out], or empty

  const Tensor& matrix(MatrixKind kind) const { return matrices[static_cast<size_t>(kind)]; }
  const std::vector<float>& bias(MatrixKind kind) const {
    return biases[static_cast<size_t>(kind)];
  }
};

// Immutable after OpenFrozenModel; any thread may read.
struct FrozenModel {
  std::shared_ptr<const GgufFile> file;
  ModelConfig config;
  RopeParams rope;
  Tensor embedding;                // [vocab_size, d_model]
  Tensor output;                   // the same where the file has no output matrix of its own
  std::vector<float> output_norm;  // [d_model]
  std::vector<FrozenLayer> layers;

  int64_t query_width() const { return int64_t{config.n_heads} * config.head_dim; }
  int64_t key_width() const { return int64_t{config.n_kv_heads} * config.head_dim; }
  int64_t qkv_width() const { return query_width() + 2 * key_width(); }
};

// Throws Error{kNotFound, kCorruptFile}, and kUnsupported for a model that has parts which tuning
// does not know: their gradients would be wrong. The message names the part.
FrozenModel OpenFrozenModel(const fs::path& path);

}  // namespace pioneer::tune
