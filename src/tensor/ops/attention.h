// Why: causal attention of the tokens of one step over keys and values kept in pages.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace pioneer {

// K and V of one layer lie in pages of kKvPageTokens tokens. A V page is float16
// [n_kv_heads][kKvPageTokens][head_dim]; a K page is [n_kv_heads][head_dim][kKvPageTokens], so that
// the scores of a page need no sum across lanes. Only StoreKv and Attention look inside a page.
inline constexpr int kKvPageTokens = 32;

struct AttentionShape {
  int n_heads = 0;  // a multiple of n_kv_heads
  int n_kv_heads = 0;
  int head_dim = 0;
  float scale = 0;  // usually 1/sqrt(head_dim)
};

// The rows of one sequence in a step: rows [first_row, first_row + n_rows) of q are its tokens at
// positions [position, position + n_rows). Their K and V must be stored already.
struct AttentionSequence {
  const uint16_t* const* k_pages = nullptr;  // page p holds positions [p*kKvPageTokens, ...)
  const uint16_t* const* v_pages = nullptr;
  int64_t first_row = 0;
  int64_t n_rows = 0;
  int64_t position = 0;
};

// Writes K and V rows of one sequence into its pages. k, v: [n_rows, n_kv_heads, head_dim] f32.
void StoreKv(const AttentionShape& shape, uint16_t* const* k_pages, uint16_t* const* v_pages,
             int64_t position, int64_t n_rows, const float* k, const float* v);

// out[row, h] = softmax(scale * q[row, h] . K[0..pos(row)]) . V.  q, out: [rows, n_heads,
// head_dim]. A row's result does not depend on which other sequences are in the call.
void Attention(ThreadPool& pool, const AttentionShape& shape, const float* q,
               std::span<const AttentionSequence> sequences, float* out);

}  // namespace pioneer
