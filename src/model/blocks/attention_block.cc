#include "model/blocks/attention_block.h"

#include <cmath>

#include "base/error.h"
#include "model/architecture_keys.h"
#include "model/config.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {

AttentionShape ReadShape(const WeightLoader& load, const ModelConfig& config) {
  const ArchitectureKeys keys(load.file());
  AttentionShape shape;
  shape.value_dim = keys.Int("attention.value_length", config.head_dim);
  if (shape.value_dim < 1 || shape.value_dim > kMaxHeadDim) {
    keys.Refuse("attention.value_length", "is out of range");
  }
  shape.n_heads = config.n_heads;
  shape.n_kv_heads = config.n_kv_heads;
  shape.head_dim = config.head_dim;
  shape.scale = 1.0f / std::sqrt(static_cast<float>(config.head_dim));
  return shape;
}

AttentionBlock LoadAttention(WeightLoader& load, int layer, int64_t d_model,
                             const AttentionShape& shape) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  const int64_t d_q = int64_t{shape.n_heads} * shape.head_dim;
  const int64_t d_k = int64_t{shape.n_kv_heads} * shape.head_dim;
  const int64_t d_v = int64_t{shape.n_kv_heads} * shape.ValueDim();
  AttentionBlock block;
  block.shape = shape;
  block.layer = layer;
  if (load.Has(prefix + "attn_qkv.weight")) {
    auto parts = LoadStackedLinear(load, prefix + "attn_qkv", {d_q, d_k, d_v}, d_model);
    block.q = std::move(parts[0]);
    block.k = std::move(parts[1]);
    block.v = std::move(parts[2]);
  } else {
    block.q = LoadLinear(load, prefix + "attn_q", d_q, d_model);
    block.k = LoadLinear(load, prefix + "attn_k", d_k, d_model);
    block.v = LoadLinear(load, prefix + "attn_v", d_v, d_model);
  }
  block.out =
      LoadLinear(load, prefix + "attn_output", d_model, int64_t{shape.n_heads} * shape.ValueDim());
  return block;
}

void RunHeadNorm(ThreadPool& pool, const Norm& norm, int64_t n, Matrix& heads) {
  if (norm.exists()) norm.Run(pool, heads.data(), n * heads.cols() / norm.n, heads.data());
}

void AttentionBlock::Run(Pass& pass, const Matrix& x, Matrix& change) const {
  Project(pass, x);
  Store(pass);
  Attend(pass);
  PutOut(pass, change);
}

void AttentionBlock::RunBothWays(Pass& pass, const Matrix& x, Matrix& change) const {
  auto& work = pass.work.attention;
  Project(pass, x);
  std::vector<RowRange> texts;
  for (const StepBatch::Sequence& s : pass.sequences) texts.push_back({s.first_row, s.n_rows});
  work.attended.Resize(pass.n, int64_t{shape.n_heads} * shape.ValueDim());
  FullAttention(pass.pool, shape, work.q.data(), work.k.data(), work.v.data(), texts,
                work.attended.data());
  PutOut(pass, change);
}

void AttentionBlock::Project(Pass& pass, const Matrix& x) const {
  auto& work = pass.work.attention;
  RunLinear(pass, {{&q, &work.q}, {&k, &work.k}, {&v, &work.v}}, x);
  NormAndRotate(pass);
}

void AttentionBlock::NormAndRotate(Pass& pass) const {
  auto& work = pass.work.attention;
  RunHeadNorm(pass.pool, q_norm, pass.n, work.q);
  RunHeadNorm(pass.pool, k_norm, pass.n, work.k);
  if (rope.dims == 0) return;
  Rope(pass.pool, rope, work.q.data(), pass.positions, pass.n, shape.n_heads, shape.head_dim);
  Rope(pass.pool, rope, work.k.data(), pass.positions, pass.n, shape.n_kv_heads, shape.head_dim);
  if (temperature_scale != 0) ScaleQueries(pass);
}

void AttentionBlock::ScaleQueries(Pass& pass) const {
  Matrix& queries = pass.work.attention.q;
  for (int64_t row = 0; row < pass.n; ++row) {
    const float step = std::floor(static_cast<float>(pass.positions[row] / temperature_length));
    const float factor = std::log(step + 1.0f) * temperature_scale + 1.0f;
    ScaleInPlace(pass.pool, queries.row(row), factor, queries.cols());
  }
}

void AttentionBlock::Store(Pass& pass) const {
  auto& work = pass.work.attention;
  for (const StepBatch::Sequence& s : pass.sequences) {
    StoreKv(pass.pool, StoredShape(s), s.kv->k_pages(layer), s.kv->v_pages(layer), s.position,
            s.n_rows, work.k.row(s.first_row), work.v.row(s.first_row));
  }
}

void AttentionBlock::Attend(Pass& pass) const {
  auto& work = pass.work.attention;
  work.attended.Resize(pass.n, int64_t{shape.n_heads} * shape.ValueDim());
  std::vector<AttentionSequence> sequences;
  sequences.reserve(pass.sequences.size());
  for (const StepBatch::Sequence& s : pass.sequences) {
    sequences.push_back(
        {s.kv->k_pages(layer), s.kv->v_pages(layer), s.first_row, s.n_rows, s.position});
  }
  if (sequences.empty()) return;
  Attention(pass.pool, StoredShape(pass.sequences.front()), work.q.data(), sequences,
            work.attended.data());
}

AttentionShape AttentionBlock::StoredShape(const StepBatch::Sequence& sequence) const {
  AttentionShape stored = shape;
  stored.k_type = sequence.kv->types().k;
  stored.v_type = sequence.kv->types().v;
  stored.sinks = sinks.empty() ? nullptr : sinks.data();
  return stored;
}

void AttentionBlock::PutOut(Pass& pass, Matrix& change) const {
  RunLinear(pass, {{&out, &change}}, pass.work.attention.attended);
}

}  // namespace pioneer
