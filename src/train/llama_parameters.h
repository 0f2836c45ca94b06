// Why: the trainable numbers of a llama model in one flat array, so that the optimizer, gradient
// sums, checkpoints and export see a single vector with named parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/ops/train_buffer.h"

namespace pioneer {

struct LlamaShape {
  int64_t vocab_size = 0;
  int64_t d_model = 256;
  int64_t n_layers = 4;
  int64_t n_heads = 4;  // a multiple of n_kv_heads
  int64_t n_kv_heads = 2;
  int64_t head_dim = 64;  // even
  int64_t d_ff = 512;
  int64_t context = 512;
  float rope_base = 10000.0f;
  float rms_eps = 1e-5f;
  bool tied = true;    // the output matrix is the embedding
  bool causal = true;  // false: each row sees the whole text; for models that embed

  int64_t qkv_width() const { return (n_heads + 2 * n_kv_heads) * head_dim; }
  int64_t attention_width() const { return n_heads * head_dim; }
};

// Weights that multiply every token: the layers' matrices and the output matrix.
int64_t MultipliedWeights(const LlamaShape& shape);

// Throws Error{kInvalidArgument} naming the size that is wrong.
void CheckShape(const LlamaShape& shape);

// One tensor of the model: GGUF's name and its place. Matrices are [rows, cols], rows = outputs.
struct ParameterPart {
  std::string name;
  int64_t offset = 0, rows = 1, cols = 0;
  bool is_matrix = false;  // matrices decay and may be quantized; norms do neither
  int64_t size() const { return rows * cols; }
};

// Offsets into the flat array. Query, key and value rows lie in a row, as do gate and up, so that
// each group is one product.
struct LayerOffsets {
  int64_t attn_norm = 0, qkv = 0, attn_output = 0, ffn_norm = 0, gate_up = 0, ffn_down = 0;
};

class ParameterLayout {
 public:
  explicit ParameterLayout(const LlamaShape& shape);

  const LlamaShape& shape() const { return shape_; }
  const std::vector<ParameterPart>& parts() const { return parts_; }
  int64_t size() const { return size_; }

  const std::vector<LayerOffsets>& layers() const { return layers_; }
  int64_t embedding() const { return embedding_; }
  int64_t output_norm() const { return output_norm_; }
  int64_t output() const { return output_; }  // == embedding() when tied

 private:
  int64_t Add(std::string name, int64_t rows, int64_t cols, bool is_matrix);

  LlamaShape shape_;
  std::vector<ParameterPart> parts_;
  std::vector<LayerOffsets> layers_;
  int64_t size_ = 0, embedding_ = 0, output_norm_ = 0, output_ = 0;
};

// Matrices: normal with deviation 0.02, the two that write into the residual stream (attn_output,
// ffn_down) scaled down by sqrt(2 n_layers) (GPT-2's rule); norms: 1. Depends on the seed only.
TrainBuffer<float> InitialParameters(const ParameterLayout& layout, uint64_t seed);

// The name of the first tensor of `values` [layout.size()] that holds a NaN or infinity; "" when
// all are finite.
std::string FirstNotFinite(const ParameterLayout& layout, const float* values);

}  // namespace pioneer
