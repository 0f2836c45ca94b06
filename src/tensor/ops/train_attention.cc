#include "tensor/ops/train_attention.h"

#include <algorithm>
#include <cmath>

namespace pioneer {
namespace {

template <typename T>
void Reserve(const TrainAttentionShape& shape, TrainAttentionScratch<T>& scratch) {
  const size_t block = static_cast<size_t>(std::min(kQueryBlock, shape.n_tokens) * shape.n_tokens);
  if (scratch.scores.size() >= block) return;
  scratch.scores.resize(block);
  scratch.d_probabilities.resize(block);
  scratch.probabilities.resize(block);
  scratch.d_scores.resize(block);
  scratch.delta.resize(kQueryBlock);
}

// Where the head's queries, keys and values lie in a row of qkv.
struct HeadColumns {
  HeadColumns(const TrainAttentionShape& shape, int64_t head)
      : query(head * shape.head_dim),
        key((shape.n_heads + head / (shape.n_heads / shape.n_kv_heads)) * shape.head_dim),
        value(key + shape.n_kv_heads * shape.head_dim) {}
  int64_t query, key, value;
};

// Rows [first, first + n_rows) and head_dim columns from `column` of a matrix of `width` columns.
template <typename T>
MatrixView<T> Part(T* matrix, int64_t width, int64_t column, int64_t first, int64_t n_rows,
                   int64_t head_dim) {
  return {matrix + first * width + column, n_rows, head_dim, width, 1};
}

// A block computes the keys that any of its queries sees: of a long causal sequence about half of
// all pairs are never computed. Its scores stay in the second-level cache.
template <typename T>
struct QueryBlock {
  QueryBlock(const TrainAttentionShape& shape, const T* qkv, int64_t head, int64_t first)
      : columns(shape, head),
        first(first),
        n_rows(std::min(kQueryBlock, shape.n_tokens - first)),
        first_key(shape.keys.empty() ? 0 : shape.keys[first].begin),
        n_keys((shape.keys.empty() ? first + n_rows : shape.keys[first + n_rows - 1].end) -
               first_key),
        queries(Part(qkv, shape.qkv_width(), columns.query, first, n_rows, shape.head_dim)),
        keys(Part(qkv, shape.qkv_width(), columns.key, first_key, n_keys, shape.head_dim)),
        values(Part(qkv, shape.qkv_width(), columns.value, first_key, n_keys, shape.head_dim)) {}

  HeadColumns columns;
  int64_t first, n_rows, first_key, n_keys;
  MatrixView<const T> queries, keys, values;
};

// Counted from the block's first key.
template <typename T>
const KeyRange* SeenKeys(const TrainAttentionShape& shape, const QueryBlock<T>& block,
                         std::vector<KeyRange>& out) {
  out.clear();
  for (int64_t r = block.first; r < block.first + block.n_rows; ++r) {
    const KeyRange seen = shape.keys.empty() ? KeyRange{0, r + 1} : shape.keys[r];
    out.push_back({seen.begin - block.first_key, seen.end - block.first_key});
  }
  return out.data();
}

template <typename T>
void ForwardBlock(const TrainAttentionShape& shape, const T* qkv, int64_t head, int64_t first,
                  T* out, float* log_sum, TrainAttentionScratch<T>& scratch) {
  const QueryBlock<T> block(shape, qkv, head, first);
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim));
  const auto scores = View(scratch.scores.data(), block.n_rows, block.n_keys);
  TrainMatMul<T, float>(block.queries, block.keys.Transposed(), scores);
  BestTrainKernels().For<T>().masked_softmax(
      scores.data, scale, SeenKeys(shape, block, scratch.keys), block.n_rows, block.n_keys,
      scratch.probabilities.data(), log_sum + head * shape.n_tokens + first);
  const auto p = View<const T>(scratch.probabilities.data(), block.n_rows, block.n_keys);
  TrainMatMul<T, T>(
      p, block.values,
      Part(out, shape.out_width(), block.columns.query, first, block.n_rows, shape.head_dim));
}

template <typename T>
void BackwardBlock(const TrainAttentionShape& shape, const T* qkv, int64_t head, int64_t first,
                   const T* out, const float* log_sum, const T* d_out, float* d_qkv,
                   TrainAttentionScratch<T>& scratch) {
  const QueryBlock<T> block(shape, qkv, head, first);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim));
  const auto part = [&](auto* matrix, int64_t width, int64_t column, int64_t row, int64_t n_rows) {
    return Part(matrix, width, column, row, n_rows, shape.head_dim);
  };
  const auto out_part = part(out, shape.out_width(), block.columns.query, first, block.n_rows);
  const MatrixView<const T> d_out_part =
      part(d_out, shape.out_width(), block.columns.query, first, block.n_rows);
  kernels.row_dots(out_part.data, d_out_part.data, block.n_rows, shape.head_dim, shape.out_width(),
                   scratch.delta.data());

  const auto scores = View(scratch.scores.data(), block.n_rows, block.n_keys);
  const auto dp = View(scratch.d_probabilities.data(), block.n_rows, block.n_keys);
  TrainMatMul<T, float>(block.queries, block.keys.Transposed(), scores);
  TrainMatMul<T, float>(d_out_part, block.values.Transposed(), dp);
  kernels.masked_softmax_backward(scores.data, dp.data, log_sum + head * shape.n_tokens + first,
                                  scratch.delta.data(), scale, SeenKeys(shape, block, scratch.keys),
                                  block.n_rows, block.n_keys, scratch.probabilities.data(),
                                  scratch.d_scores.data());

  const auto p = View<const T>(scratch.probabilities.data(), block.n_rows, block.n_keys);
  const auto ds = View<const T>(scratch.d_scores.data(), block.n_rows, block.n_keys);
  const int64_t width = shape.qkv_width();
  TrainMatMul<T, float>(ds, block.keys,
                        part(d_qkv, width, block.columns.query, first, block.n_rows));
  TrainMatMul<T, float>(ds.Transposed(), block.queries,
                        part(d_qkv, width, block.columns.key, block.first_key, block.n_keys),
                        GemmMode::kAccumulate);
  TrainMatMul<T, float>(p.Transposed(), d_out_part,
                        part(d_qkv, width, block.columns.value, block.first_key, block.n_keys),
                        GemmMode::kAccumulate);
}

}  // namespace

template <typename T>
void TrainAttention(const TrainAttentionShape& shape, const T* qkv, T* out, float* log_sum,
                    TrainAttentionScratch<T>& scratch) {
  Reserve(shape, scratch);
  for (int64_t head = 0; head < shape.n_heads; ++head) {
    for (int64_t first = 0; first < shape.n_tokens; first += kQueryBlock) {
      ForwardBlock(shape, qkv, head, first, out, log_sum, scratch);
    }
  }
}

template <typename T>
void TrainAttentionBackward(const TrainAttentionShape& shape, const T* qkv, const T* out,
                            const float* log_sum, const T* d_out, float* d_qkv,
                            TrainAttentionScratch<T>& scratch) {
  Reserve(shape, scratch);
  std::fill_n(d_qkv, shape.n_tokens * shape.qkv_width(), 0.0f);
  for (int64_t head = 0; head < shape.n_heads; ++head) {
    for (int64_t first = 0; first < shape.n_tokens; first += kQueryBlock) {
      BackwardBlock(shape, qkv, head, first, out, log_sum, d_out, d_qkv, scratch);
    }
  }
}

template void TrainAttention<float>(const TrainAttentionShape&, const float*, float*, float*,
                                    TrainAttentionScratch<float>&);
template void TrainAttention<Bf16>(const TrainAttentionShape&, const Bf16*, Bf16*, float*,
                                   TrainAttentionScratch<Bf16>&);
template void TrainAttentionBackward<float>(const TrainAttentionShape&, const float*, const float*,
                                            const float*, const float*, float*,
                                            TrainAttentionScratch<float>&);
template void TrainAttentionBackward<Bf16>(const TrainAttentionShape&, const Bf16*, const Bf16*,
                                           const float*, const Bf16*, float*,
                                           TrainAttentionScratch<Bf16>&);

}  // namespace pioneer
