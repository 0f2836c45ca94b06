// Why: cuts the attention of a step into parts of one sequence, some heads of one KV head and a few
// rows; and large parts, where there are few, along the keys.
#include "tensor/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

// Queries (rows times heads) that share a pass over the keys. Heads beyond kHeadsPerPart go to
// other threads, even when all of them share one KV head.
constexpr int kQueriesPerPart = 48;
constexpr int kHeadsPerPart = 8;
// Pieces for each thread that make the last ones short enough.
constexpr int kPiecesPerThread = 6;

constexpr const char* kTypeNames[kKvTypes] = {"f16", "bf16", "q8_0", "q4_0", "f32"};

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

int64_t RoundUp(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Pages and chunks that the rows of a part see.
void PutKeys(AttentionPart& part) {
  const int64_t first_row = part.position + part.row_begin;
  const bool windowed = part.n_tokens == 0 && part.shape->window > 0;
  const int64_t first = windowed ? std::max<int64_t>(0, first_row + 1 - part.shape->window) : 0;
  const int64_t end = part.n_tokens > 0 ? part.n_tokens : part.position + part.row_end;
  part.first_page = first / kKvPageTokens;
  part.end_page = (end - 1) / kKvPageTokens + 1;
  part.chunk_begin = part.first_page / kChunkPages;
  part.chunk_end = (part.end_page - 1) / kChunkPages + 1;
}

// All attention of a call.
class Work {
 public:
  explicit Work(const AttentionShape& shape) : shape_(shape) {}

  // The rows of one sequence, cut; `whole` says what is common to all parts.
  void AddSequence(const AttentionPart& whole) {
    const int group = shape_.n_heads / shape_.n_kv_heads;
    const int heads = std::min(group, kHeadsPerPart);
    const int64_t rows_per_part = std::max(1, kQueriesPerPart / heads);
    for (int64_t end = whole.row_end; end > whole.row_begin; end -= rows_per_part) {
      for (int head = 0; head < shape_.n_heads; head += std::min(heads, group - head % group)) {
        AttentionPart part = whole;
        part.head_begin = head;
        part.head_end = head + std::min(heads, group - head % group);
        part.row_begin = std::max(whole.row_begin, end - rows_per_part);
        part.row_end = end;
        PutKeys(part);
        parts_.push_back(part);
      }
    }
  }

  void Run(ThreadPool& pool) {
    if (parts_.empty()) return;
    int64_t total = 0;
    for (const AttentionPart& part : parts_) total += CostOf(part);
    if (pool.size() == 1 || total < 2 * kMinParallelWork) return RunAll();
    CutAlongKeys(total / (pool.size() * kPiecesPerThread) + 1);
    // Longest first: the last ones to be taken balance the threads.
    std::stable_sort(pieces_.begin(), pieces_.end(),
                     [this](const auto& a, const auto& b) { return CostOf(a) > CostOf(b); });
    pool.ParallelFor(std::ssize(pieces_), 1, [this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Kernels().attend(pieces_[i], ScratchOf(pieces_[i]));
    });
    ForItems(pool, std::ssize(cut_), JoinCost(), [this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Kernels().join_attended(cut_[i], ScratchOf(cut_[i]));
    });
  }

 private:
  // In element operations of ForItems.
  int64_t CostOf(const AttentionPart& part) const {
    const int64_t pages = std::min(part.end_page, part.chunk_end * kChunkPages) -
                          std::max(part.first_page, part.chunk_begin * kChunkPages);
    const int64_t numbers = int64_t{kKvPageTokens} * (shape_.head_dim + shape_.ValueDim());
    return pages * part.n_queries() * numbers / 8 + 1;
  }
  int64_t JoinCost() const {
    if (cut_.empty()) return 0;
    const AttentionPart& one = cut_.front();
    return (one.chunk_end - one.chunk_begin) * one.n_queries() *
           AttentionRecordFloats(shape_.ValueDim());
  }
  float* ScratchOf(const AttentionPart& part) const {
    thread_local std::vector<float> scratch;
    const auto needed = static_cast<size_t>(
        AttentionScratchFloats(part.n_queries(), shape_.head_dim, shape_.ValueDim()) + 16);
    if (scratch.size() < needed) scratch.resize(needed);
    // Begins at a cache line.
    const auto at = reinterpret_cast<uintptr_t>(scratch.data());
    return scratch.data() + (RoundUp(static_cast<int64_t>(at), 64) - static_cast<int64_t>(at)) / 4;
  }

  void RunAll() const {
    for (const AttentionPart& part : parts_) Kernels().attend(part, ScratchOf(part));
  }

  // Parts that cost more than `most` become pieces of whole chunks.
  void CutAlongKeys(int64_t most) {
    const auto wanted = [&](const AttentionPart& part) {
      return std::min(part.chunk_end - part.chunk_begin, (CostOf(part) - 1) / most + 1);
    };
    const auto records = [&](const AttentionPart& part) {
      return (part.chunk_end - part.chunk_begin) * part.n_queries() *
             AttentionRecordFloats(shape_.ValueDim());
    };
    int64_t n_floats = 0;
    for (const AttentionPart& part : parts_) n_floats += wanted(part) > 1 ? records(part) : 0;
    thread_local std::vector<float> memory;
    if (std::ssize(memory) < n_floats) memory.resize(static_cast<size_t>(n_floats));
    float* at = memory.data();
    for (AttentionPart part : parts_) {
      const int64_t n_pieces = wanted(part), n_chunks = part.chunk_end - part.chunk_begin;
      if (n_pieces > 1) {
        part.records = at;
        part.records_chunk = part.chunk_begin;
        at += records(part);
        cut_.push_back(part);
      }
      const int64_t first = part.chunk_begin;
      for (int64_t i = 0; i < n_pieces; ++i) {
        part.chunk_begin = first + n_chunks * i / n_pieces;
        part.chunk_end = first + n_chunks * (i + 1) / n_pieces;
        pieces_.push_back(part);
      }
    }
  }

  const AttentionShape& shape_;
  std::vector<AttentionPart> parts_;
  std::vector<AttentionPart> pieces_;  // the parts, and those that were cut
  std::vector<AttentionPart> cut_;     // whole, to be joined
};

// Float32 pages of the texts of one call. The memory is kept from call to call.
class FloatPages {
 public:
  void Put(ThreadPool& pool, const AttentionShape& shape, const float* k, const float* v,
           std::span<const RowRange> texts) {
    const int64_t k_size = KPageBytes(shape), v_size = VPageBytes(shape);
    int64_t n_pages = 0;
    for (const RowRange& text : texts) n_pages += PagesOf(text);
    storage_.resize(static_cast<size_t>(n_pages * (k_size + v_size)));
    k_.resize(static_cast<size_t>(n_pages));
    v_.resize(static_cast<size_t>(n_pages));
    for (int64_t p = 0; p < n_pages; ++p) {
      k_[p] = storage_.data() + p * (k_size + v_size);
      v_[p] = k_[p] + k_size;
    }
    int64_t page = 0;
    for (const RowRange& text : texts) {
      const int64_t row = text.first_row * shape.n_kv_heads;
      StoreKv(pool, shape, k_.data() + page, v_.data() + page, 0, text.n_rows,
              k + row * shape.head_dim, v + row * shape.ValueDim());
      page += PagesOf(text);
    }
  }
  static int64_t PagesOf(const RowRange& text) {
    return (text.n_rows + kKvPageTokens - 1) / kKvPageTokens;
  }
  const std::byte* const* k(int64_t page) const { return k_.data() + page; }
  const std::byte* const* v(int64_t page) const { return v_.data() + page; }

 private:
  std::vector<std::byte> storage_;
  std::vector<std::byte*> k_, v_;
};

}  // namespace

const char* KvTypeName(KvType type) { return kTypeNames[static_cast<int>(type)]; }

KvType ParseKvType(const std::string& name) {
  for (int i = 0; i < kKvTypes; ++i) {
    if (name == kTypeNames[i]) return static_cast<KvType>(i);
  }
  Fail(ErrorCode::kInvalidArgument,
       "keys and values cannot be kept as \"{}\"; there are f16, bf16, q8_0, q4_0 and f32", name);
}

std::string KvPageLayout(KvType type) {
  const bool pairs = type == KvType::kBf16 && Kernels().bf16_pairs;
  return std::string(KvTypeName(type)) + (pairs ? " pairs" : "");
}

int64_t KeyHeadBytes(KvType type, int head_dim) {
  const int64_t scales = RoundUp(head_dim, 32) / 32 * kKvPageTokens * 2;
  switch (type) {
    case KvType::kF32:
      return int64_t{head_dim} * kKvPageTokens * 4;
    case KvType::kQ8_0:
      return scales + RoundUp(head_dim, 8) * kKvPageTokens;
    case KvType::kQ4_0:
      return scales + RoundUp(head_dim, 8) * kKvPageTokens / 2;
    case KvType::kBf16:
      return RoundUp(head_dim, 2) * kKvPageTokens * 2;
    default:
      return int64_t{head_dim} * kKvPageTokens * 2;
  }
}

int64_t ValueHeadBytes(KvType type, int value_dim) {
  const int64_t width = RoundUp(value_dim, 32);
  switch (type) {
    case KvType::kQ8_0:
      return (width + width / 32 * 2) * kKvPageTokens;
    case KvType::kQ4_0:
      return (width / 2 + width / 32 * 2) * kKvPageTokens;
    case KvType::kBf16:
      return width * kKvPageTokens * 2;
    default:
      return KeyHeadBytes(type, value_dim);
  }
}

void StoreKv(ThreadPool& pool, const AttentionShape& shape, std::byte* const* k_pages,
             std::byte* const* v_pages, int64_t position, int64_t n_rows, const float* k,
             const float* v) {
  CheckShape(shape);
  const int dim = shape.head_dim, value_dim = shape.ValueDim();
  const int64_t k_size = KeyHeadBytes(shape.k_type, dim);
  const int64_t v_size = ValueHeadBytes(shape.v_type, value_dim);
  // By page, because neighbours may share bytes.
  const int64_t first_page = position / kKvPageTokens;
  const int64_t n_pages = (position + n_rows + kKvPageTokens - 1) / kKvPageTokens - first_page;
  const int64_t page_work = kKvPageTokens * int64_t{shape.n_kv_heads} * (dim + value_dim) * 2;
  ForItems(pool, n_pages, page_work, [&](int64_t begin, int64_t end) {
    const KernelTable& kernels = Kernels();
    const int64_t first = std::max(position, (first_page + begin) * kKvPageTokens);
    const int64_t last = std::min(position + n_rows, (first_page + end) * kKvPageTokens);
    for (int64_t at = first; at < last; ++at) {
      const int64_t page = at / kKvPageTokens, row = at - position;
      const int slot = static_cast<int>(at % kKvPageTokens);
      for (int head = 0; head < shape.n_kv_heads; ++head) {
        const int64_t from = row * shape.n_kv_heads + head;
        kernels.put_key(shape.k_type, k + from * dim, dim, slot, k_pages[page] + head * k_size);
        kernels.put_value(shape.v_type, v + from * value_dim, value_dim, slot,
                          v_pages[page] + head * v_size);
      }
    }
  });
}

void Attention(ThreadPool& pool, const AttentionShape& shape, const float* q,
               std::span<const AttentionSequence> sequences, float* out) {
  CheckShape(shape);
  Work work(shape);
  for (const AttentionSequence& s : sequences) {
    AttentionPart whole{&shape, s.k_pages, s.v_pages};
    whole.q = q + s.first_row * shape.n_heads * shape.head_dim;
    whole.out = out + s.first_row * shape.n_heads * shape.ValueDim();
    whole.position = s.position;
    whole.row_end = s.n_rows;
    work.AddSequence(whole);
  }
  work.Run(pool);
}

void FullAttention(ThreadPool& pool, const AttentionShape& shape, const float* q, const float* k,
                   const float* v, std::span<const RowRange> texts, float* out) {
  CheckShape(shape);
  AttentionShape exact = shape;
  exact.k_type = exact.v_type = KvType::kF32;
  thread_local FloatPages thread_pages;
  FloatPages& pages = thread_pages;  // the caller's, not a worker's own
  pages.Put(pool, exact, k, v, texts);
  Work work(exact);
  int64_t page = 0;
  for (const RowRange& text : texts) {
    AttentionPart whole{&exact, pages.k(page), pages.v(page)};
    whole.q = q + text.first_row * shape.n_heads * shape.head_dim;
    whole.out = out + text.first_row * shape.n_heads * shape.ValueDim();
    whole.row_end = text.n_rows;
    whole.n_tokens = text.n_rows;
    work.AddSequence(whole);
    page += FloatPages::PagesOf(text);
  }
  work.Run(pool);
}

}  // namespace pioneer
