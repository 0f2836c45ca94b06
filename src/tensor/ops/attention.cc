// Why: cuts the attention of a step into parts of one sequence, some heads of one KV head and a few
// rows.
#include "tensor/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

// Queries (rows times heads) that share a pass over the keys. Heads beyond kHeadsPerPart go to
// other threads, even when all of them share one KV head.
constexpr int kQueriesPerPart = 32;
constexpr int kHeadsPerPart = 8;

void CheckShape(const AttentionShape& shape) {
  if (shape.n_heads <= 0 || shape.n_kv_heads <= 0 || shape.head_dim <= 0 || shape.value_dim < 0 ||
      shape.n_heads % shape.n_kv_heads != 0) {
    Fail(ErrorCode::kInvalidArgument,
         "attention with {} heads, {} key-value heads of {} and {} dimensions: the heads must be a "
         "multiple of the key-value heads",
         shape.n_heads, shape.n_kv_heads, shape.head_dim, shape.ValueDim());
  }
  if (shape.window < 0 || !(shape.soft_cap >= 0)) {
    Fail(ErrorCode::kInvalidArgument, "attention with a window of {} and a soft cap of {}",
         shape.window, shape.soft_cap);
  }
}

// Positions that rows at [position, position + n) see, all together.
int64_t PairsOf(const AttentionShape& shape, const AttentionSequence& s) {
  const int64_t most = s.position + s.n_rows;
  return s.n_rows * (shape.window > 0 ? std::min<int64_t>(most, shape.window) : most);
}

// The rows of one sequence, cut; `whole` says what is common to all parts.
template <typename T>
void CutSequence(const AttentionPart<T>& whole, std::vector<AttentionPart<T>>& parts) {
  const int group = whole.shape->n_heads / whole.shape->n_kv_heads;
  const int heads = std::min(group, kHeadsPerPart);
  const int64_t rows_per_part = std::max(1, kQueriesPerPart / heads);
  // The last rows see the most keys; longest parts first balance the threads.
  for (int64_t end = whole.row_end; end > whole.row_begin; end -= rows_per_part) {
    for (int head = 0; head < whole.shape->n_heads; head += std::min(heads, group - head % group)) {
      AttentionPart<T> part = whole;
      part.head_begin = head;
      part.head_end = head + std::min(heads, group - head % group);
      part.row_begin = std::max(whole.row_begin, end - rows_per_part);
      part.row_end = end;
      parts.push_back(part);
    }
  }
}

// `pairs`: of a query and a key, for one head.
template <typename T>
void RunParts(ThreadPool& pool, const AttentionShape& shape, int64_t pairs,
              const std::vector<AttentionPart<T>>& parts,
              void (*attend)(const AttentionPart<T>&, float*)) {
  const auto run = [&](int64_t begin, int64_t end) {
    thread_local std::vector<float> scratch;
    scratch.resize(static_cast<size_t>(
        AttentionScratchFloats(kQueriesPerPart, shape.head_dim, shape.ValueDim())));
    for (int64_t i = begin; i < end; ++i) attend(parts[i], scratch.data());
  };
  const int64_t n = static_cast<int64_t>(parts.size());
  if (n == 0) return;
  const int64_t work = pairs * shape.n_heads * (shape.head_dim + shape.ValueDim());
  ForItems(pool, n, work / n / 8, run);
}

// Rows [0, n_valid) of k and v, which lie `stride` rows apart in memory, as one float32 page.
void PackPage(const AttentionShape& shape, const float* k, const float* v, int n_valid,
              float* k_page, float* v_page) {
  const int dim = shape.head_dim, value_dim = shape.ValueDim();
  for (int head = 0; head < shape.n_kv_heads; ++head) {
    for (int slot = 0; slot < kKvPageTokens; ++slot) {
      const int from = std::min(slot, n_valid - 1);  // unused slots hold some number
      const float* key = k + (int64_t{from} * shape.n_kv_heads + head) * dim;
      for (int d = 0; d < dim; ++d) k_page[d * kKvPageTokens + slot] = key[d];
      std::memcpy(v_page + int64_t{slot} * value_dim,
                  v + (int64_t{from} * shape.n_kv_heads + head) * value_dim,
                  sizeof(float) * static_cast<size_t>(value_dim));
    }
    k_page += int64_t{kKvPageTokens} * dim;
    v_page += int64_t{kKvPageTokens} * value_dim;
  }
}

// Float32 pages of the texts of one call. The memory is kept from call to call.
class FloatPages {
 public:
  void Pack(ThreadPool& pool, const AttentionShape& shape, const float* k, const float* v,
            std::span<const RowRange> texts) {
    pages_.clear();
    for (const RowRange& text : texts) {
      for (int64_t row = 0; row < text.n_rows; row += kKvPageTokens) {
        pages_.push_back(
            {text.first_row + row, std::min<int64_t>(text.n_rows - row, kKvPageTokens)});
      }
    }
    const int64_t k_size = KPageHalves(shape), v_size = VPageHalves(shape);
    const auto n_pages = static_cast<int64_t>(pages_.size());
    storage_.resize(static_cast<size_t>(n_pages * (k_size + v_size)));
    k_.resize(pages_.size());
    v_.resize(pages_.size());
    for (int64_t p = 0; p < n_pages; ++p) {
      k_[p] = storage_.data() + p * (k_size + v_size);
      v_[p] = k_[p] + k_size;
    }
    ForItems(pool, n_pages, k_size + v_size, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const int64_t row = pages_[p].first_row * shape.n_kv_heads;
        PackPage(shape, k + row * shape.head_dim, v + row * shape.ValueDim(),
                 static_cast<int>(pages_[p].n_rows), k_[p], v_[p]);
      }
    });
  }
  const float* const* k(int64_t page) const { return k_.data() + page; }
  const float* const* v(int64_t page) const { return v_.data() + page; }

 private:
  std::vector<RowRange> pages_;
  std::vector<float> storage_;
  std::vector<float*> k_, v_;
};

}  // namespace

void StoreKv(const AttentionShape& shape, uint16_t* const* k_pages, uint16_t* const* v_pages,
             int64_t position, int64_t n_rows, const float* k, const float* v) {
  CheckShape(shape);
  const KernelTable& kernels = Kernels();
  const int dim = shape.head_dim, value_dim = shape.ValueDim();
  std::vector<uint16_t> key(static_cast<size_t>(dim));
  for (int64_t row = 0; row < n_rows; ++row) {
    const int64_t page = (position + row) / kKvPageTokens, slot = (position + row) % kKvPageTokens;
    for (int head = 0; head < shape.n_kv_heads; ++head) {
      const int64_t from = row * shape.n_kv_heads + head, to = int64_t{head} * kKvPageTokens;
      uint16_t* k_out = k_pages[page] + to * dim + slot;
      kernels.to_half(k + from * dim, dim, key.data());
      for (int d = 0; d < dim; ++d) k_out[d * kKvPageTokens] = key[d];
      kernels.to_half(v + from * value_dim, value_dim, v_pages[page] + (to + slot) * value_dim);
    }
  }
}

void Attention(ThreadPool& pool, const AttentionShape& shape, const float* q,
               std::span<const AttentionSequence> sequences, float* out) {
  CheckShape(shape);
  std::vector<AttentionPart<uint16_t>> parts;
  int64_t pairs = 0;
  for (const AttentionSequence& s : sequences) {
    AttentionPart<uint16_t> whole{&shape, s.k_pages, s.v_pages};
    whole.q = q + s.first_row * shape.n_heads * shape.head_dim;
    whole.out = out + s.first_row * shape.n_heads * shape.ValueDim();
    whole.position = s.position;
    whole.row_end = s.n_rows;
    CutSequence(whole, parts);
    pairs += PairsOf(shape, s);
  }
  RunParts(pool, shape, pairs, parts, Kernels().attend);
}

void FullAttention(ThreadPool& pool, const AttentionShape& shape, const float* q, const float* k,
                   const float* v, std::span<const RowRange> texts, float* out) {
  CheckShape(shape);
  thread_local FloatPages thread_pages;
  FloatPages& pages = thread_pages;  // the caller's, not a worker's own
  pages.Pack(pool, shape, k, v, texts);
  std::vector<AttentionPart<float>> parts;
  int64_t pairs = 0, page = 0;
  for (const RowRange& text : texts) {
    AttentionPart<float> whole{&shape, pages.k(page), pages.v(page)};
    whole.q = q + text.first_row * shape.n_heads * shape.head_dim;
    whole.out = out + text.first_row * shape.n_heads * shape.ValueDim();
    whole.row_end = text.n_rows;
    whole.n_tokens = text.n_rows;
    CutSequence(whole, parts);
    pairs += text.n_rows * text.n_rows;
    page += (text.n_rows + kKvPageTokens - 1) / kKvPageTokens;
  }
  RunParts(pool, shape, pairs, parts, Kernels().attend_all);
}

}  // namespace pioneer
