// Why: attention of the tokens of one step: causal over keys and values kept in pages, or in both
// directions over the step alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/thread_pool.h"

namespace pioneer {

// K and V of one layer lie in pages of kKvPageTokens tokens, the heads one after the other. Only
// these functions look inside a page. What a page is made of depends on the kernels in use (see
// KvPageLayout); it is never read by others than wrote it.
inline constexpr int kKvPageTokens = 32;

// What a page holds. Less memory and faster products, further from the exact result: float16 and
// float32 are multiplied in float32, bfloat16 in pairs where the machine can, the others as
// integers, with queries in 8 bits and weights in 7.
enum class KvType {
  kF16,
  kBf16,
  kQ8_0,  // 8 bits; 32 numbers of a head share a scale
  kQ4_0,  // 4 bits, likewise
  kF32,
};
inline constexpr int kKvTypes = 5;

const char* KvTypeName(KvType type);  // "f16", "bf16", "q8_0", "q4_0", "f32"
// Throws Error{kInvalidArgument} that lists the names.
KvType ParseKvType(const std::string& name);
// Changes whenever pages of this type would be read wrongly: for identities of files.
std::string KvPageLayout(KvType type);

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
  KvType k_type = KvType::kF16, v_type = KvType::kF16;

  int ValueDim() const { return value_dim > 0 ? value_dim : head_dim; }
};

// The rows of one sequence in a step: rows [first_row, first_row + n_rows) of q are its tokens at
// positions [position, position + n_rows). Their K and V must be stored already. Pages that lie
// before the window of all its rows are not read.
struct AttentionSequence {
  const std::byte* const* k_pages = nullptr;  // page p holds positions [p*kKvPageTokens, ...)
  const std::byte* const* v_pages = nullptr;
  int64_t first_row = 0;
  int64_t n_rows = 0;
  int64_t position = 0;
};

// Bytes of one head's K or V in a page; multiples of 64.
int64_t KeyHeadBytes(KvType type, int head_dim);
int64_t ValueHeadBytes(KvType type, int value_dim);
// Of one layer's K and of its V in one page.
inline int64_t KPageBytes(const AttentionShape& shape) {
  return shape.n_kv_heads * KeyHeadBytes(shape.k_type, shape.head_dim);
}
inline int64_t VPageBytes(const AttentionShape& shape) {
  return shape.n_kv_heads * ValueHeadBytes(shape.v_type, shape.ValueDim());
}

// Writes K and V rows of one sequence into its pages. k: [n_rows, n_kv_heads, head_dim] f32,
// v: [n_rows, n_kv_heads, value_dim]. Positions of a page are written in ascending order.
void StoreKv(ThreadPool& pool, const AttentionShape& shape, std::byte* const* k_pages,
             std::byte* const* v_pages, int64_t position, int64_t n_rows, const float* k,
             const float* v);

// out[row, h] = softmax(scale * q[row, h] . K[first(row)..pos(row)]) . V, first(row) = 0 or
// pos(row) - window + 1.  q: [rows, n_heads, head_dim]; out: [rows, n_heads, value_dim]. A row's
// result depends neither on the other rows of the call nor on the number of threads.
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
