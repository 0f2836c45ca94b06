// Why: attention of the tokens of one step: causal over keys and values kept in pages, or in both
// directions over the step alone.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace pioneer {

// K and V of one layer lie in pages of kKvPageTokens tokens. A V page is float16
// [n_kv_heads][kKvPageTokens][value_dim]; a K page is [n_kv_heads][head_dim][kKvPageTokens], so
// that the scores of a page need no sum across lanes. Only these functions look inside a page.
inline constexpr int kKvPageTokens = 32;

struct AttentionShape {
  int n_heads = 0;  // a multiple of n_kv_heads
  int n_kv_heads = 0;
  int head_dim = 0;              // of a query and a key
  float scale = 0;               // usually 1/sqrt(head_dim)
  int value_dim = 0;             // of a value and a result; 0: head_dim
  int window = 0;                // a row sees its own and the window - 1 positions before; 0: all
  float soft_cap = 0;            // a score s becomes soft_cap * tanh(s / soft_cap); 0: stays s
  const float* sinks = nullptr;  // [n_heads] a score that takes part in the softmax and has no
                                 // value (gpt-oss), or null

  int ValueDim() const { return value_dim > 0 ? value_dim : head_dim; }
};

// The rows of one sequence in a step: rows [first_row, first_row + n_rows) of q are its tokens at
// positions [position, position + n_rows). Their K and V must be stored already. Pages that lie
// before the window of all its rows are not read.
struct AttentionSequence {
  const uint16_t* const* k_pages = nullptr;  // page p holds positions [p*kKvPageTokens, ...)
  const uint16_t* const* v_pages = nullptr;
  int64_t first_row = 0;
  int64_t n_rows = 0;
  int64_t position = 0;
};

// Float16 values of one layer's K and of its V in one page.
inline int64_t KPageHalves(const AttentionShape& shape) {
  return int64_t{kKvPageTokens} * shape.n_kv_heads * shape.head_dim;
}
inline int64_t VPageHalves(const AttentionShape& shape) {
  return int64_t{kKvPageTokens} * shape.n_kv_heads * shape.ValueDim();
}

// Writes K and V rows of one sequence into its pages. k: [n_rows, n_kv_heads, head_dim] f32,
// v: [n_rows, n_kv_heads, value_dim].
void StoreKv(const AttentionShape& shape, uint16_t* const* k_pages, uint16_t* const* v_pages,
             int64_t position, int64_t n_rows, const float* k, const float* v);

// out[row, h] = softmax(scale * q[row, h] . K[first(row)..pos(row)]) . V, first(row) = 0 or
// pos(row) - window + 1.  q: [rows, n_heads, head_dim]; out: [rows, n_heads, value_dim]. A row's
// result does not depend on which other sequences are in the call.
void Attention(ThreadPool& pool, const AttentionShape& shape, const float* q,
               std::span<const AttentionSequence> sequences, float* out);

// Rows [first_row, first_row + n_rows) of a step are one text.
struct RowRange {
  int64_t first_row = 0, n_rows = 0;
};

// Attention in both directions, as encoders have it: every row sees all rows of its text, in
// float32 and without pages. k: [rows, n_kv_heads, head_dim], v: [rows, n_kv_heads, value_dim].
// Windows do not apply.
void FullAttention(ThreadPool& pool, const AttentionShape& shape, const float* q, const float* k,
                   const float* v, std::span<const RowRange> texts, float* out);

}  // namespace pioneer
