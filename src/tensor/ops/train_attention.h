// Why: grouped-query attention of one whole training sequence, or of several texts that lie in a
// row and do not see each other, and its gradient. Scores exist only for one block of queries at a
// time; the backward pass computes them again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/kernels/train_kernels.h"
#include "tensor/ops/train_buffer.h"
#include "tensor/ops/train_matmul.h"

namespace pioneer {

// Queries handled together. Texts that do not cross a multiple of this cost no more than one
// sequence of so many tokens, and make products of few shapes.
constexpr int64_t kQueryBlock = 128;

struct TrainAttentionShape {
  int64_t n_tokens = 0;
  int64_t n_heads = 0;  // a multiple of n_kv_heads
  int64_t n_kv_heads = 0;
  int64_t head_dim = 0;
  // The keys of each query [n_tokens]; begins and ends both ascend. Empty: the query's own and
  // those before it.
  std::span<const KeyRange> keys;

  int64_t qkv_width() const { return (n_heads + 2 * n_kv_heads) * head_dim; }
  int64_t out_width() const { return n_heads * head_dim; }
};

// Scratch memory of one thread; grows to the largest call and is reused.
template <typename T>
struct TrainAttentionScratch {
  TrainBuffer<float> scores, d_probabilities, delta;
  TrainBuffer<T> probabilities, d_scores;
  std::vector<KeyRange> keys;  // of a block
};

// qkv: [n_tokens, qkv_width], queries of all heads, then keys, then values, already rotated.
// out: [n_tokens, out_width]; log_sum: [n_heads, n_tokens], kept for the backward pass.
// scale = 1 / sqrt(head_dim). T is float or Bf16. Runs on the calling thread.
template <typename T>
void TrainAttention(const TrainAttentionShape& shape, const T* qkv, T* out, float* log_sum,
                    TrainAttentionScratch<T>& scratch);

// d_qkv: [n_tokens, qkv_width], overwritten, float32, before the rotation is undone.
template <typename T>
void TrainAttentionBackward(const TrainAttentionShape& shape, const T* qkv, const T* out,
                            const float* log_sum, const T* d_out, float* d_qkv,
                            TrainAttentionScratch<T>& scratch);

}  // namespace pioneer
