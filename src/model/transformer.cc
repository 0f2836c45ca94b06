#include "model/transformer.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "model/config.h"
#include "model/vocabulary.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/matmul.h"

namespace pioneer {
namespace {

ModelConfig ReadCheckedConfig(const GgufFile& file) {
  ModelConfig config = ReadModelConfig(file);
  CheckModelConfig(file, config);
  return config;
}

// Rows [begin, begin + n) of a batch.
Pass PassOf(ThreadPool& pool, Workspace& work, const StepBatch& batch, int64_t begin, int64_t n) {
  Pass pass{pool, work, begin, n, batch.tokens.data() + begin, batch.positions.data() + begin, {}};
  for (StepBatch::Sequence sequence : batch.sequences) {
    const int64_t first = std::max<int64_t>(sequence.first_row, begin);
    const int64_t last = std::min<int64_t>(sequence.first_row + sequence.n_rows, begin + n);
    if (first >= last) continue;
    sequence.position += static_cast<int>(first - sequence.first_row);
    sequence.first_row = static_cast<int>(first - begin);
    sequence.n_rows = static_cast<int>(last - first);
    pass.sequences.push_back(sequence);
  }
  return pass;
}

// Rows of the pass that begins at a row. Where rows look both ways, texts stay whole.
int64_t PassRows(const StepBatch& batch, int64_t begin, bool causal) {
  const int64_t rest = static_cast<int64_t>(batch.tokens.size()) - begin;
  if (causal || rest <= kMaxPassRows) return std::min(kMaxPassRows, rest);
  int64_t n = 0;
  for (const StepBatch::Sequence& sequence : batch.sequences) {
    const int64_t end = sequence.first_row + sequence.n_rows - begin;
    if (end <= 0) continue;
    if (n > 0 && end > kMaxPassRows) break;
    n = end;
  }
  return n;
}

}  // namespace

Transformer::Transformer(WeightLoader& load, bool causal)
    : config_(ReadCheckedConfig(load.file())),
      memory_(MemoryPlan::Uniform(config_.n_layers, config_.n_kv_heads, config_.head_dim)),
      embedding_(load.Table("token_embd.weight", config_.vocab_size, config_.d_model)),
      embedding_head_(LoadEmbeddingHead(load, config_, causal)),
      tokenizer_(MakeTokenizer(LoadVocabulary(load.file()))),
      chat_template_(load.file().String("tokenizer.chat_template", "")) {}

void Transformer::LoadOutput(WeightLoader& load, Norm norm) {
  output_norm_ = std::move(norm);
  output_ = load.Has("output.weight")
                ? load.Matrix("output.weight", config_.vocab_size, config_.d_model)
                : load.Prepare(embedding_);
}

void Transformer::Forward(ThreadPool& pool, const StepBatch& batch, Matrix& logits) {
  const auto n_rows = static_cast<int64_t>(batch.tokens.size());
  logits.Resize(static_cast<int64_t>(batch.output_rows.size()), config_.vocab_size);
  for (int64_t begin = 0, n = 0; begin < n_rows; begin += n) {
    n = PassRows(batch, begin, true);
    Pass pass = PassOf(pool, work_, batch, begin, n);
    RunPass(pass);

    const auto& rows = batch.output_rows;
    const auto first = std::lower_bound(rows.begin(), rows.end(), begin);
    const auto last = std::lower_bound(first, rows.end(), begin + n);
    if (first == last) continue;
    // The output product is as wide as the vocabulary: only the rows asked for take part.
    Matrix& picked = work_.change;
    picked.Resize(last - first, config_.d_model);
    for (int64_t i = 0; i < picked.rows(); ++i) {
      std::memcpy(picked.row(i), work_.x.row(first[i] - begin),
                  sizeof(float) * static_cast<size_t>(config_.d_model));
    }
    Output(pass, picked, picked.rows(), logits.row(first - rows.begin()));
  }
}

void Transformer::RunPass(Pass& pass) {
  for (const StepBatch::Sequence& sequence : pass.sequences) {
    if (sequence.position == 0 && sequence.kv != nullptr) sequence.kv->ClearState();
  }
  work_.x.Resize(pass.n, config_.d_model);
  work_.normed.Resize(pass.n, config_.d_model);
  Embed(pass);
  for (int i = 0; i < config_.n_layers; ++i) RunLayer(pass, i);
}

void Transformer::EmbedTexts(ThreadPool& pool, const StepBatch& batch, Matrix& out) {
  const auto n_rows = static_cast<int64_t>(batch.tokens.size());
  Matrix pooled(static_cast<int64_t>(batch.sequences.size()), config_.d_model);
  for (int64_t begin = 0, n = 0; begin < n_rows; begin += n) {
    n = PassRows(batch, begin, embedding_head_.info.causal);
    Pass pass = PassOf(pool, work_, batch, begin, n);
    RunPass(pass);
    if (output_norm_.exists()) output_norm_.Run(pool, work_.x.data(), n, work_.x.data());
    for (int64_t i = 0; i < pooled.rows(); ++i) {
      const StepBatch::Sequence& text = batch.sequences[static_cast<size_t>(i)];
      const int64_t first = std::max<int64_t>(text.first_row, begin);
      const int64_t last = std::min<int64_t>(text.first_row + text.n_rows, begin + n);
      if (first >= last) continue;
      embedding_head_.Pool(pool, work_.x.row(first - begin), last - first, first - text.first_row,
                           text.n_rows, pooled.row(i));
    }
  }
  embedding_head_.Finish(pool, pooled, out);
}

void Transformer::Embed(Pass& pass) {
  EmbedRows(embedding_, pass.tokens, pass.n, pass.work.x.data());
  if (embedding_scale_ == 1.0f) return;
  ScaleInPlace(pass.pool, pass.work.x.data(), embedding_scale_, pass.n * config_.d_model);
}

void Transformer::Output(Pass& pass, Matrix& x, int64_t n, float* logits) {
  output_norm_.Run(pass.pool, x.data(), n, x.data());
  MatMul(pass.pool, output_, x.data(), n, logits);
  const int64_t n_logits = n * config_.vocab_size;
  if (logit_scale_ != 1.0f) ScaleInPlace(pass.pool, logits, logit_scale_, n_logits);
  if (logit_softcap_ > 0.0f) SoftCap(pass.pool, logits, logit_softcap_, n_logits);
}

}  // namespace pioneer
