#include "model/transformer.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
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
  Pass pass{pool, work, begin, n, batch.tokens.data() + begin, batch.positions.data() + begin,
            {},   {}};
  pass.observer = batch.observer;
  for (StepBatch::Sequence sequence : batch.sequences) {
    const int64_t first = std::max<int64_t>(sequence.first_row, begin);
    const int64_t last = std::min<int64_t>(sequence.first_row + sequence.n_rows, begin + n);
    if (first >= last) continue;
    sequence.position += static_cast<int>(first - sequence.first_row);
    sequence.first_row = static_cast<int>(first - begin);
    sequence.n_rows = static_cast<int>(last - first);
    pass.sequences.push_back(sequence);
    if (sequence.adapters == nullptr) continue;
    pass.adapters.resize(static_cast<size_t>(n));
    std::fill_n(pass.adapters.begin() + sequence.first_row, sequence.n_rows, sequence.adapters);
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
      adapter_sites_(load.sites()),
      embedding_head_(LoadEmbeddingHead(load, config_, causal)),
      tokenizer_(std::async(std::launch::async,
                            [&file = load.file()] { return MakeTokenizer(LoadVocabulary(file)); })),
      chat_template_(load.file().String("tokenizer.chat_template", "")) {
  memory_.types = load.kv_types;
}

void Transformer::LoadOutput(WeightLoader& load, Norm norm) {
  output_norm_ = std::move(norm);
  output_ = load.Has("output.weight")
                ? load.Matrix("output.weight", config_.vocab_size, config_.d_model)
                : load.Prepare(embedding_, "output.weight");
}

void Transformer::Forward(ThreadPool& pool, const StepBatch& batch, Matrix& logits) {
  const auto n_rows = static_cast<int64_t>(batch.tokens.size());
  logits.Resize(static_cast<int64_t>(batch.output_rows.size()), config_.vocab_size);
  for (int64_t begin = 0, n = 0; begin < n_rows; begin += n) {
    n = PassRows(batch, begin, true);
    Pass pass = PassOf(pool, work_, batch, begin, n);
    RunPass(pass);

    const auto& wanted = batch.output_rows;
    const auto first = std::lower_bound(wanted.begin(), wanted.end(), begin);
    const auto last = std::lower_bound(first, wanted.end(), begin + n);
    std::vector<int32_t> rows(first, last);
    for (int32_t& row : rows) row -= static_cast<int32_t>(begin);
    if (!rows.empty()) Output(pass, rows, logits.row(first - wanted.begin()));
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
  std::vector<const AdapterMix*> adapters;
  for (const auto& text : batch.sequences) adapters.push_back(text.adapters);
  embedding_head_.Finish(pool, pooled, adapters, out);
}

void Transformer::Embed(Pass& pass) {
  ReadEmbedding(pass.pool, pass.tokens, pass.n, pass.work.x.data());
  AddEmbeddingAdapters(pass.pool, pass.adapters, pass.tokens, pass.n, pass.work.x.data(),
                       config_.d_model);
  if (embedding_scale_ == 1.0f) return;
  ScaleInPlace(pass.pool, pass.work.x.data(), embedding_scale_, pass.n * config_.d_model);
}

// A row that is read brings the pages around it into memory (16 with Linux's defaults): after some
// thousand tokens the whole table, of which hardly anything is needed again. A small one may stay.
void Transformer::ReadEmbedding(ThreadPool& pool, const int32_t* tokens, int64_t n, float* out) {
  constexpr size_t kMayStay = 32 << 20;
  constexpr int64_t kMostRows = 64;
  if (embedding_.bytes() <= kMayStay) return EmbedRows(pool, embedding_, tokens, n, out);
  for (int64_t begin = 0; begin < n;) {
    const int64_t rows = std::min(n - begin, kMostRows - rows_read_);
    EmbedRows(pool, embedding_, tokens + begin, rows, out + begin * config_.d_model);
    begin += rows;
    rows_read_ += rows;
    if (rows_read_ < kMostRows) return;
    MappedFile::GiveBack(embedding_.data, embedding_.bytes());
    rows_read_ = 0;
  }
}

// The output product is as wide as the vocabulary: only the rows asked for take part.
void Transformer::Output(Pass& pass, std::span<const int32_t> rows, float* logits) {
  const auto n = static_cast<int64_t>(rows.size());
  Matrix& x = work_.change;
  x.Resize(n, config_.d_model);
  std::vector<const AdapterMix*> adapters;
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(x.row(i), work_.x.row(rows[i]), sizeof(float) * config_.d_model);
    if (!pass.adapters.empty()) adapters.push_back(pass.adapters[rows[i]]);
  }
  output_norm_.Run(pass.pool, x.data(), n, x.data());
  MatMul(pass.pool, output_.weight, x.data(), n, logits);
  AddAdapters(pass.pool, adapters, output_.site, x.data(), n, config_.d_model, logits,
              config_.vocab_size);
  const int64_t n_logits = n * config_.vocab_size;
  if (logit_scale_ != 1.0f) ScaleInPlace(pass.pool, logits, logit_scale_, n_logits);
  if (logit_softcap_ > 0.0f) SoftCap(pass.pool, logits, logit_softcap_, n_logits);
}

}  // namespace pioneer
