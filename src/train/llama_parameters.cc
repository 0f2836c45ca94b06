#include "train/llama_parameters.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "tensor/kernels/train_kernels.h"

namespace pioneer {
namespace {

void CheckSize(const char* name, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return;
  Fail(ErrorCode::kInvalidArgument, "the model's {} is {}; it must be from {} to {}", name, value,
       min, max);
}

}  // namespace

int64_t MultipliedWeights(const LlamaShape& shape) {
  const int64_t layer = shape.d_model * (shape.qkv_width() + shape.attention_width()) +
                        3 * shape.d_model * shape.d_ff;
  return shape.n_layers * layer + shape.vocab_size * shape.d_model;
}

void CheckShape(const LlamaShape& shape) {
  CheckSize("vocab_size", shape.vocab_size, 2, 1 << 20);
  CheckSize("d_model", shape.d_model, 8, 1 << 15);
  CheckSize("n_layers", shape.n_layers, 1, 1024);
  CheckSize("n_heads", shape.n_heads, 1, 1024);
  CheckSize("n_kv_heads", shape.n_kv_heads, 1, shape.n_heads);
  CheckSize("head_dim", shape.head_dim, 2, 1024);
  CheckSize("d_ff", shape.d_ff, 8, 1 << 17);
  CheckSize("context", shape.context, 2, 1 << 17);
  if (shape.n_heads % shape.n_kv_heads != 0) {
    Fail(ErrorCode::kInvalidArgument,
         "the model's n_heads ({}) must be a multiple of n_kv_heads ({})", shape.n_heads,
         shape.n_kv_heads);
  }
  if (shape.head_dim % 2 != 0) {
    Fail(ErrorCode::kInvalidArgument, "the model's head_dim ({}) must be even", shape.head_dim);
  }
}

ParameterLayout::ParameterLayout(const LlamaShape& shape) : shape_(shape) {
  CheckShape(shape);
  const int64_t d = shape.d_model;
  const int64_t kv_width = shape.n_kv_heads * shape.head_dim;
  embedding_ = Add("token_embd.weight", shape.vocab_size, d, true);
  for (int64_t l = 0; l < shape.n_layers; ++l) {
    const std::string block = fmt::format("blk.{}.", l);
    LayerOffsets at;
    at.attn_norm = Add(block + "attn_norm.weight", 1, d, false);
    at.qkv = Add(block + "attn_q.weight", shape.attention_width(), d, true);
    Add(block + "attn_k.weight", kv_width, d, true);
    Add(block + "attn_v.weight", kv_width, d, true);
    at.attn_output = Add(block + "attn_output.weight", d, shape.attention_width(), true);
    at.ffn_norm = Add(block + "ffn_norm.weight", 1, d, false);
    at.gate_up = Add(block + "ffn_gate.weight", shape.d_ff, d, true);
    Add(block + "ffn_up.weight", shape.d_ff, d, true);
    at.ffn_down = Add(block + "ffn_down.weight", d, shape.d_ff, true);
    layers_.push_back(at);
  }
  output_norm_ = Add("output_norm.weight", 1, d, false);
  output_ = shape.tied ? embedding_ : Add("output.weight", shape.vocab_size, d, true);
}

int64_t ParameterLayout::Add(std::string name, int64_t rows, int64_t cols, bool is_matrix) {
  const int64_t offset = size_;
  parts_.push_back({std::move(name), offset, rows, cols, is_matrix});
  size_ += rows * cols;
  return offset;
}

TrainBuffer<float> InitialParameters(const ParameterLayout& layout, uint64_t seed) {
  TrainBuffer<float> values(static_cast<size_t>(layout.size()));
  Random random(seed);
  const float residual_scale = 1.0f / std::sqrt(2.0f * static_cast<float>(layout.shape().n_layers));
  for (const ParameterPart& part : layout.parts()) {
    float* out = values.data() + part.offset;
    if (!part.is_matrix) {
      std::fill_n(out, part.size(), 1.0f);
      continue;
    }
    const bool residual =
        part.name.ends_with("attn_output.weight") || part.name.ends_with("ffn_down.weight");
    const float deviation = 0.02f * (residual ? residual_scale : 1.0f);
    std::generate_n(out, part.size(),
                    [&] { return deviation * static_cast<float>(random.Normal()); });
  }
  return values;
}

std::string FirstNotFinite(const ParameterLayout& layout, const float* values) {
  for (const ParameterPart& part : layout.parts()) {
    const double squares = BestTrainKernels().sum_squares(values + part.offset, part.size());
    if (!std::isfinite(squares)) return part.name;
  }
  return "";
}

}  // namespace pioneer
