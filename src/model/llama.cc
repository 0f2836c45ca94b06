#include "model/llama.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/config.h"
#include "model/rope_config.h"
#include "model/vocabulary.h"
#include "model/weight_loader.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/norm.h"
#include "tensor/ops/rope.h"

namespace pioneer {
namespace {

// Rows of a step that go through the layers together; more are done in turns, so that the
// activations' memory is bounded whatever the step's size.
constexpr int64_t kMaxRows = 512;

struct Layer {
  std::vector<float> attention_norm;          // [d_model]
  Weight q, k, v;                             // [heads * head_dim, d_model]
  std::vector<float> q_bias, k_bias, v_bias;  // or empty
  Weight attention_out;                       // [d_model, n_heads * head_dim]
  std::vector<float> feed_forward_norm;       // [d_model]
  Weight gate, up;                            // [d_ff, d_model]
  Weight down;                                // [d_model, d_ff]
};

// Everything that is computed between two weights. n = rows of the slice, at most kMaxRows.
struct Activations {
  Matrix x;         // [n, d_model] the residual stream
  Matrix normed;    // [n, d_model] input of a block
  Matrix q;         // [n, n_heads, head_dim]
  Matrix k, v;      // [n, n_kv_heads, head_dim]
  Matrix attended;  // [n, n_heads, head_dim]
  Matrix gate, up;  // [n, d_ff]
  Matrix change;    // [n, d_model] what a block adds to the stream

  void Allocate(const ModelConfig& c) {
    const int64_t q_width = int64_t{c.n_heads} * c.head_dim;
    const int64_t kv_width = int64_t{c.n_kv_heads} * c.head_dim;
    for (Matrix* stream : {&x, &normed, &change}) stream->Resize(kMaxRows, c.d_model);
    for (Matrix* heads : {&q, &attended}) heads->Resize(kMaxRows, q_width);
    for (Matrix* heads : {&k, &v}) heads->Resize(kMaxRows, kv_width);
    for (Matrix* hidden : {&gate, &up}) hidden->Resize(kMaxRows, c.d_ff);
  }
};

// Rows [begin, begin + n) of a step.
struct Slice {
  int64_t begin = 0, n = 0;
  const int32_t* tokens = nullptr;
  const int32_t* positions = nullptr;
  std::vector<StepBatch::Sequence> sequences;  // first_row counts from `begin`
};

Slice SliceOf(const StepBatch& batch, int64_t begin, int64_t n) {
  Slice slice{begin, n, batch.tokens.data() + begin, batch.positions.data() + begin, {}};
  for (StepBatch::Sequence sequence : batch.sequences) {
    const int64_t first = std::max<int64_t>(sequence.first_row, begin);
    const int64_t last = std::min<int64_t>(sequence.first_row + sequence.n_rows, begin + n);
    if (first >= last) continue;
    sequence.position += static_cast<int>(first - sequence.first_row);
    sequence.first_row = static_cast<int>(first - begin);
    sequence.n_rows = static_cast<int>(last - first);
    slice.sequences.push_back(sequence);
  }
  return slice;
}

void AddBias(ThreadPool& pool, const std::vector<float>& bias, int64_t n, Matrix& y) {
  if (bias.empty()) return;
  for (int64_t row = 0; row < n; ++row) AddInPlace(pool, y.row(row), bias.data(), y.cols());
}

class LlamaModel : public Model {
 public:
  LlamaModel(std::shared_ptr<const GgufFile> file, RopeStyle rope_style);

  const ModelConfig& config() const override { return config_; }
  const Tokenizer& tokenizer() const override { return *tokenizer_; }
  const std::string& chat_template() const override { return chat_template_; }
  void Forward(ThreadPool& pool, const StepBatch& batch, Matrix& logits) override;

 private:
  Layer LoadLayer(const WeightLoader& load, int index) const;
  void RunLayer(ThreadPool& pool, int index, const Slice& slice);
  void Attend(ThreadPool& pool, int index, const Slice& slice);
  void Output(ThreadPool& pool, const StepBatch& batch, const Slice& slice, Matrix& logits);

  ModelConfig config_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::string chat_template_;
  RopeParams rope_;
  AttentionShape attention_;
  Tensor embedding_;  // [vocab_size, d_model]
  std::vector<Layer> layers_;
  std::vector<float> output_norm_;  // [d_model]
  Weight output_;                   // [vocab_size, d_model], may be the embedding
  Activations activations_;
};

ModelConfig ReadCheckedConfig(const GgufFile& file) {
  ModelConfig config = ReadModelConfig(file);
  CheckModelConfig(file, config);
  if (file.Int(config.architecture + ".expert_count", 0) > 0) {
    Fail(ErrorCode::kUnsupported, "{}: mixtures of experts are not supported", file.name());
  }
  return config;
}

LlamaModel::LlamaModel(std::shared_ptr<const GgufFile> file, RopeStyle rope_style)
    : config_(ReadCheckedConfig(*file)) {
  const WeightLoader load(*file);
  embedding_ = load.Matrix("token_embd.weight", config_.vocab_size, config_.d_model);
  for (int i = 0; i < config_.n_layers; ++i) layers_.push_back(LoadLayer(load, i));
  output_norm_ = load.Vector("output_norm.weight", config_.d_model);
  output_ = Weight(load.Has("output.weight")
                       ? load.Matrix("output.weight", config_.vocab_size, config_.d_model)
                       : embedding_);
  rope_ = ReadRopeParams(*file, config_, rope_style);
  attention_ = {config_.n_heads, config_.n_kv_heads, config_.head_dim,
                1.0f / std::sqrt(static_cast<float>(config_.head_dim))};
  tokenizer_ = MakeTokenizer(LoadVocabulary(*file));
  chat_template_ = file->String("tokenizer.chat_template", "");
  activations_.Allocate(config_);
}

Layer LlamaModel::LoadLayer(const WeightLoader& load, int index) const {
  const std::string prefix = fmt::format("blk.{}.", index);
  const int64_t d_model = config_.d_model, d_ff = config_.d_ff;
  const int64_t d_q = int64_t{config_.n_heads} * config_.head_dim;
  const int64_t d_kv = int64_t{config_.n_kv_heads} * config_.head_dim;
  Layer layer;
  layer.attention_norm = load.Vector(prefix + "attn_norm.weight", d_model);
  layer.q = Weight(load.Matrix(prefix + "attn_q.weight", d_q, d_model));
  layer.k = Weight(load.Matrix(prefix + "attn_k.weight", d_kv, d_model));
  layer.v = Weight(load.Matrix(prefix + "attn_v.weight", d_kv, d_model));
  layer.q_bias = load.OptionalVector(prefix + "attn_q.bias", d_q);
  layer.k_bias = load.OptionalVector(prefix + "attn_k.bias", d_kv);
  layer.v_bias = load.OptionalVector(prefix + "attn_v.bias", d_kv);
  layer.attention_out = Weight(load.Matrix(prefix + "attn_output.weight", d_model, d_q));
  layer.feed_forward_norm = load.Vector(prefix + "ffn_norm.weight", d_model);
  layer.gate = Weight(load.Matrix(prefix + "ffn_gate.weight", d_ff, d_model));
  layer.up = Weight(load.Matrix(prefix + "ffn_up.weight", d_ff, d_model));
  layer.down = Weight(load.Matrix(prefix + "ffn_down.weight", d_model, d_ff));
  return layer;
}

void LlamaModel::Forward(ThreadPool& pool, const StepBatch& batch, Matrix& logits) {
  const auto n_rows = static_cast<int64_t>(batch.tokens.size());
  logits.Resize(static_cast<int64_t>(batch.output_rows.size()), config_.vocab_size);
  for (int64_t begin = 0; begin < n_rows; begin += kMaxRows) {
    const Slice slice = SliceOf(batch, begin, std::min(kMaxRows, n_rows - begin));
    EmbedRows(embedding_, slice.tokens, slice.n, activations_.x.data());
    for (int i = 0; i < config_.n_layers; ++i) RunLayer(pool, i, slice);
    Output(pool, batch, slice, logits);
  }
}

// x += Attention(norm(x)); x += W_down (silu(W_gate norm(x)) * W_up norm(x)).
void LlamaModel::RunLayer(ThreadPool& pool, int index, const Slice& slice) {
  const Layer& w = layers_[index];
  const ModelConfig& c = config_;
  const int64_t n = slice.n;
  Activations& a = activations_;
  float* const x = a.x.data();
  float* const normed = a.normed.data();
  float* const change = a.change.data();

  RmsNorm(pool, x, w.attention_norm.data(), c.rms_eps, n, c.d_model, normed);
  MatMul(pool, w.q, normed, n, a.q.data());
  MatMul(pool, w.k, normed, n, a.k.data());
  MatMul(pool, w.v, normed, n, a.v.data());
  AddBias(pool, w.q_bias, n, a.q);
  AddBias(pool, w.k_bias, n, a.k);
  AddBias(pool, w.v_bias, n, a.v);
  Rope(pool, rope_, a.q.data(), slice.positions, n, c.n_heads, c.head_dim);
  Rope(pool, rope_, a.k.data(), slice.positions, n, c.n_kv_heads, c.head_dim);
  Attend(pool, index, slice);
  MatMul(pool, w.attention_out, a.attended.data(), n, change);
  AddInPlace(pool, x, change, n * c.d_model);

  RmsNorm(pool, x, w.feed_forward_norm.data(), c.rms_eps, n, c.d_model, normed);
  MatMul(pool, w.gate, normed, n, a.gate.data());
  MatMul(pool, w.up, normed, n, a.up.data());
  SiluMul(pool, a.gate.data(), a.up.data(), n * c.d_ff, a.gate.data());
  MatMul(pool, w.down, a.gate.data(), n, change);
  AddInPlace(pool, x, change, n * c.d_model);
}

// Stores the slice's keys and values in the pages, then every row looks at its sequence so far.
void LlamaModel::Attend(ThreadPool& pool, int index, const Slice& slice) {
  Activations& a = activations_;
  std::vector<AttentionSequence> sequences;
  sequences.reserve(slice.sequences.size());
  for (const StepBatch::Sequence& s : slice.sequences) {
    uint16_t* const* k_pages = s.kv->k_pages(index);
    uint16_t* const* v_pages = s.kv->v_pages(index);
    StoreKv(attention_, k_pages, v_pages, s.position, s.n_rows, a.k.row(s.first_row),
            a.v.row(s.first_row));
    sequences.push_back({k_pages, v_pages, s.first_row, s.n_rows, s.position});
  }
  Attention(pool, attention_, a.q.data(), sequences, a.attended.data());
}

// The output product is as wide as the vocabulary, so only the rows that are asked for take part.
void LlamaModel::Output(ThreadPool& pool, const StepBatch& batch, const Slice& slice,
                        Matrix& logits) {
  const auto& rows = batch.output_rows;
  const auto first = std::lower_bound(rows.begin(), rows.end(), slice.begin);
  const auto last = std::lower_bound(first, rows.end(), slice.begin + slice.n);
  const int64_t n = last - first;
  if (n == 0) return;
  Matrix& picked = activations_.change;
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(picked.row(i), activations_.x.row(first[i] - slice.begin),
                sizeof(float) * static_cast<size_t>(config_.d_model));
  }
  RmsNorm(pool, picked.data(), output_norm_.data(), config_.rms_eps, n, config_.d_model,
          picked.data());
  MatMul(pool, output_, picked.data(), n, logits.row(first - rows.begin()));
}

}  // namespace

std::unique_ptr<Model> LoadLlama(std::shared_ptr<const GgufFile> file) {
  return std::make_unique<LlamaModel>(std::move(file), RopeStyle::kInterleaved);
}

std::unique_ptr<Model> LoadQwen2(std::shared_ptr<const GgufFile> file) {
  return std::make_unique<LlamaModel>(std::move(file), RopeStyle::kHalves);
}

}  // namespace pioneer
