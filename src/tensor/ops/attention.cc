// Why: cuts the attention of a step into parts of one sequence, one KV head and a few rows.
#include "tensor/ops/attention.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

// Queries (rows times heads of a group) that share a pass over the keys.
constexpr int kQueriesPerPart = 32;

void CheckShape(const AttentionShape& shape) {
  if (shape.n_heads <= 0 || shape.n_kv_heads <= 0 || shape.head_dim <= 0 ||
      shape.n_heads % shape.n_kv_heads != 0) {
    Fail(ErrorCode::kInvalidArgument,
         "attention with {} heads, {} key-value heads of {} dimensions: the heads must be a "
         "multiple of the key-value heads",
         shape.n_heads, shape.n_kv_heads, shape.head_dim);
  }
}

// Multiply-adds of the whole call: every query against every key and value it sees.
int64_t WorkOf(const AttentionShape& shape, std::span<const AttentionSequence> sequences) {
  int64_t pairs = 0;
  for (const AttentionSequence& s : sequences) pairs += s.n_rows * (s.position + s.n_rows);
  return pairs * shape.n_heads * shape.head_dim * 2;
}

std::vector<AttentionPart> PartsOf(const AttentionShape& shape, const float* q,
                                   std::span<const AttentionSequence> sequences, float* out) {
  const int64_t rows_per_part = std::max(1, kQueriesPerPart / (shape.n_heads / shape.n_kv_heads));
  std::vector<AttentionPart> parts;
  for (const AttentionSequence& sequence : sequences) {
    // The last rows see the most keys; longest parts first balance the threads.
    for (int64_t end = sequence.n_rows; end > 0; end -= rows_per_part) {
      for (int head = 0; head < shape.n_kv_heads; ++head) {
        parts.push_back(
            {&shape, &sequence, head, std::max<int64_t>(0, end - rows_per_part), end, q, out});
      }
    }
  }
  return parts;
}

}  // namespace

void StoreKv(const AttentionShape& shape, uint16_t* const* k_pages, uint16_t* const* v_pages,
             int64_t position, int64_t n_rows, const float* k, const float* v) {
  CheckShape(shape);
  const KernelTable& kernels = Kernels();
  const int dim = shape.head_dim;
  std::vector<uint16_t> key(static_cast<size_t>(dim));
  for (int64_t row = 0; row < n_rows; ++row) {
    const int64_t page = (position + row) / kKvPageTokens, slot = (position + row) % kKvPageTokens;
    for (int head = 0; head < shape.n_kv_heads; ++head) {
      const int64_t from = (row * shape.n_kv_heads + head) * dim;
      const int64_t to = static_cast<int64_t>(head) * kKvPageTokens * dim;
      uint16_t* k_out = k_pages[page] + to + slot;
      uint16_t* v_out = v_pages[page] + to + slot * dim;
      kernels.to_half(k + from, dim, key.data());
      for (int d = 0; d < dim; ++d) k_out[d * kKvPageTokens] = key[d];
      kernels.to_half(v + from, dim, v_out);
    }
  }
}

void Attention(ThreadPool& pool, const AttentionShape& shape, const float* q,
               std::span<const AttentionSequence> sequences, float* out) {
  CheckShape(shape);
  const std::vector<AttentionPart> parts = PartsOf(shape, q, sequences, out);
  const KernelTable& kernels = Kernels();
  const int group = shape.n_heads / shape.n_kv_heads;
  const auto attend = [&](int64_t begin, int64_t end) {
    thread_local std::vector<float> scratch;
    scratch.resize(static_cast<size_t>(
        AttentionScratchFloats(std::max(kQueriesPerPart, group), shape.head_dim)));
    for (int64_t i = begin; i < end; ++i) kernels.attend(parts[i], scratch.data());
  };
  const int64_t n = static_cast<int64_t>(parts.size());
  if (n == 0) return;
  ForItems(pool, n, WorkOf(shape, sequences) / n / 8, attend);
}

}  // namespace pioneer
