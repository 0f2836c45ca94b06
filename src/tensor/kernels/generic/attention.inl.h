// Why: attention of one thread's queries, page by page with the online softmax (Milakov &
// Gimelshein 2018). What a page holds is the business of the key and value kernels; between them
// stand scores, which become weights here. Chunks of kChunkTokens are summed by themselves and then
// joined in order, so that other threads may have done some of them.
//
// Scores count in powers of two: log2(e) is part of the scale.

struct QueryState {
  const AttentionShape* shape;
  std::byte* q;         // [n] of the keys' query_bytes
  int64_t query_bytes;  // of one
  float* records;       // [n] of RecordFloats(): weighted values, 16 lanes of weights, the maximum
  float* weights;       // [n][kKvPageTokens]; scores at first
  float* rounded;       // room for what the values' type makes of kQueryTile rows of weights
  int width;            // value_dim, rounded up
  int stride;           // of records

  float* sums(int i) const { return records + int64_t{i} * stride; }
  float& m(int i) const { return sums(i)[width + 16]; }
};

// Tokens [from, to) of a page.
struct PageSpan {
  int from, to;
  bool operator==(const PageSpan&) const = default;
  bool whole() const { return to - from == kKvPageTokens; }
};

// What a type of keys does.
struct KeyKernel {
  int64_t (*query_bytes)(int dim);
  void (*put_query)(const float* q, float scale, int dim, std::byte* out);
  // weights = scores of queries [first, first + n) and all tokens of a page; n <= kQueryTile.
  void (*score)(const QueryState& s, int first, int n, const std::byte* k);
  void (*put)(const float* k, int dim, int slot, std::byte* page);
};

// What a type of values does.
struct ValueKernel {
  // sums += weights . V for queries [first, first + n); n <= kQueryTile.
  void (*add)(const QueryState& s, int first, int n, const std::byte* v, const PageSpan& span);
  void (*put)(const float* v, int dim, int slot, std::byte* page);
};

// Lanes of tokens [first, first + 16) that the span does not hold become `fill`.
PIONEER_INLINE F32 Within(F32 v, const PageSpan& span, int first, float fill) {
  v = FillFrom(v, std::clamp(span.to - first, 0, 16), fill);
  return span.from > first ? FillBefore(v, std::min(span.from - first, 16), fill) : v;
}

// 2^x for x below 100: relative error below 2e-7, 0 below -126. Minimax of degree 5 on [-1/2, 1/2].
PIONEER_INLINE F32 Exp2(F32 x) {
  const F32 bounded = Max(Set1(-126.0f), x);
  const I32 n = Round(bounded);
  const F32 r = Sub(bounded, ToF32(n));
  F32 p = Set1(1.3276472e-3f);
  p = Fma(p, r, Set1(9.6755410e-3f));
  p = Fma(p, r, Set1(5.5507131e-2f));
  p = Fma(p, r, Set1(0.24022120f));
  p = Fma(p, r, Set1(0.69314694f));
  p = Fma(p, r, Set1(1.00000012f));
  return ZeroBelow(Mul(p, Exp2Int(n)), x, -126.0f);
}

// Weights are summed relative to a maximum that may be this much below the true one: raising it is
// seldom after the first page.
constexpr float kSlack = 8;

[[gnu::noinline]] inline void RaiseMaximum(const QueryState& s, int i, float m) {
  const F32 keep = Set1(std::exp2(s.m(i) - m));
  float* sums = s.sums(i);
  for (int d = 0; d < s.width + 16; d += 16) Store(sums + d, Mul(Load(sums + d), keep));
  s.m(i) = m;
}

// Scores of queries [first, first + n) become weights.
inline void WeighScores(const QueryState& s, int first, int n, const PageSpan& span) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  constexpr float kLog2E = 1.44269504f;
  const float cap = s.shape->soft_cap, inverse_cap = 1.0f / cap;
  float* weights = s.weights + first * kKvPageTokens;
  float* lanes = s.sums(first) + s.width;
  for (int i = first; i < first + n; ++i, weights += kKvPageTokens, lanes += s.stride) {
    F32 s0 = Load(weights), s1 = Load(weights + 16);
    if (cap > 0) {
      s0 = Mul(Set1(cap * kLog2E), Tanh(Mul(s0, Set1(inverse_cap))));
      s1 = Mul(Set1(cap * kLog2E), Tanh(Mul(s1, Set1(inverse_cap))));
    }
    if (!span.whole()) {
      s0 = Within(s0, span, 0, kLowest);
      s1 = Within(s1, span, 16, kLowest);
    }
    const F32 highest = Max(s0, s1);
    if (AnyAbove(highest, lanes[16] + kSlack)) RaiseMaximum(s, i, ReduceMax(highest));
    const F32 m = Set1(lanes[16]);
    const F32 w0 = Exp2(Sub(s0, m)), w1 = Exp2(Sub(s1, m));
    Store(weights, w0);
    Store(weights + 16, w1);
    Store(lanes, Add(Load(lanes), Add(w0, w1)));
  }
}

// A page for queries [first, end), which all see the same tokens of it.
inline void AttendQueries(const QueryState& s, int first, int end, const KeyKernel& keys,
                          const std::byte* k, const ValueKernel& values, const std::byte* v,
                          const PageSpan& span) {
  for (; first < end; first += kQueryTile) {
    const int n = std::min(kQueryTile, end - first);
    keys.score(s, first, n, k);
    WeighScores(s, first, n, span);
    values.add(s, first, n, v, span);
  }
}

// What a row sees of a page that begins at position `base`; nothing when to <= from.
PIONEER_INLINE PageSpan SpanOf(const AttentionPart& part, int64_t row, int64_t base) {
  const int64_t position = part.position + row;
  const int64_t end = part.n_tokens > 0 ? part.n_tokens : position + 1;
  const int64_t begin =
      part.n_tokens == 0 && part.shape->window > 0 ? position + 1 - part.shape->window : 0;
  return {static_cast<int>(std::clamp<int64_t>(begin - base, 0, kKvPageTokens)),
          static_cast<int>(std::clamp<int64_t>(end - base, 0, kKvPageTokens))};
}

inline const KeyKernel& KeysOf(KvType type);
inline const ValueKernel& ValuesOf(KvType type);

// What is there before the first token: nothing, or a sink, a score that brought no value.
inline void StartRecord(const AttentionShape& shape, int head, int width, float* record) {
  constexpr float kLog2E = 1.44269504f;
  std::fill_n(record, width + 16, 0.0f);
  record[width + 16] = -std::numeric_limits<float>::infinity();
  if (shape.sinks == nullptr || head < 0) return;
  record[width] = 1.0f;
  record[width + 16] = shape.sinks[head] * kLog2E;
}

// total and chunk under the higher maximum of both.
inline void JoinRecord(int width, const float* chunk, float* total) {
  float& m = total[width + 16];
  const float highest = std::max(m, chunk[width + 16]);
  const float base = std::isinf(highest) && highest < 0 ? 0.0f : highest;
  const F32 keep = Set1(std::exp2(m - base)), add = Set1(std::exp2(chunk[width + 16] - base));
  for (int d = 0; d < width + 16; d += 16) {
    Store(total + d, Fma(Load(chunk + d), add, Mul(Load(total + d), keep)));
  }
  m = highest;
}

// The queries of a part, in the order of rows, then heads.
class PartQueries {
 public:
  explicit PartQueries(const AttentionPart& part)
      : part_(part),
        heads_(part.head_end - part.head_begin),
        rows_(static_cast<int>(part.row_end - part.row_begin)) {}
  int n() const { return rows_ * heads_; }
  int rows() const { return rows_; }
  int heads() const { return heads_; }
  int Head(int i) const { return part_.head_begin + i % heads_; }
  // Of query i in q and out, counted in heads.
  int64_t Place(int i) const {
    return (part_.row_begin + i / heads_) * part_.shape->n_heads + Head(i);
  }
  void PutOut(int i, int width, const float* record) const {
    const int dim = part_.shape->ValueDim();
    float* out = part_.out + Place(i) * dim;
    const F32 inverse = Set1(1.0f / ReduceAdd(Load(record + width)));
    for (int d = 0; d < dim; d += 16) {
      StorePartial(out + d, Mul(Load(record + d), inverse), std::min(16, dim - d));
    }
  }

 private:
  const AttentionPart& part_;
  int heads_, rows_;
};

// Memory of one thread, given out in cache lines.
class Scratch {
 public:
  explicit Scratch(float* begin) : at_(begin) {}
  float* Take(int64_t n_floats) {
    float* const taken = at_;
    at_ += (n_floats + 15) / 16 * 16;
    return taken;
  }

 private:
  float* at_;
};

inline QueryState StartQueries(const AttentionPart& part, const PartQueries& queries,
                               const KeyKernel& keys, Scratch& scratch) {
  constexpr float kLog2E = 1.44269504f;
  const AttentionShape& shape = *part.shape;
  QueryState s;
  s.shape = &shape;
  s.query_bytes = keys.query_bytes(shape.head_dim);
  s.width = AttentionWidth(shape.ValueDim());
  s.stride = static_cast<int>(AttentionRecordFloats(shape.ValueDim()));
  s.q = reinterpret_cast<std::byte*>(scratch.Take(queries.n() * s.query_bytes / 4));
  s.weights = scratch.Take(int64_t{queries.n()} * kKvPageTokens);
  s.rounded = scratch.Take(int64_t{kQueryTile} * (s.width + 32));
  s.records = nullptr;
  const float scale = shape.soft_cap > 0 ? shape.scale : shape.scale * kLog2E;
  for (int i = 0; i < queries.n(); ++i) {
    const float* q = part.q + queries.Place(i) * shape.head_dim;
    keys.put_query(q, scale, shape.head_dim, s.q + i * s.query_bytes);
  }
  return s;
}

// The pages of one chunk, in order. In each, neighbouring rows that see the same tokens of it go
// together.
class ChunkPass {
 public:
  ChunkPass(const AttentionPart& part, const PartQueries& queries)
      : part_(part),
        queries_(queries),
        keys_(&KeysOf(part.shape->k_type)),
        values_(&ValuesOf(part.shape->v_type)) {
    const AttentionShape& shape = *part.shape;
    const int kv_head = part.head_begin / (shape.n_heads / shape.n_kv_heads);
    k_bytes_ = KeyHeadBytes(shape.k_type, shape.head_dim);
    v_bytes_ = ValueHeadBytes(shape.v_type, shape.ValueDim());
    k_at_ = kv_head * k_bytes_;
    v_at_ = kv_head * v_bytes_;
  }
  const KeyKernel& keys() const { return *keys_; }

  void Run(const QueryState& s, int64_t first_page, int64_t end_page) const {
    for (int64_t page = first_page; page < end_page; ++page) {
      const std::byte* k = part_.k_pages[page] + k_at_;
      const std::byte* v = part_.v_pages[page] + v_at_;
      if (page + 1 < end_page) {
        Prefetch(part_.k_pages[page + 1] + k_at_, k_bytes_);
        Prefetch(part_.v_pages[page + 1] + v_at_, v_bytes_);
      }
      RunPage(s, page * kKvPageTokens, k, v);
    }
  }

 private:
  // The machine looks ahead within one head's share of a page only.
  static PIONEER_INLINE void Prefetch(const std::byte* at, int64_t n_bytes) {
    for (int64_t i = 0; i < n_bytes; i += 64) __builtin_prefetch(at + i, 0, 2);
  }

  void RunPage(const QueryState& s, int64_t base, const std::byte* k, const std::byte* v) const {
    for (int row = 0; row < queries_.rows();) {
      const PageSpan span = SpanOf(part_, part_.row_begin + row, base);
      int last = row + 1;
      while (last < queries_.rows() && SpanOf(part_, part_.row_begin + last, base) == span) ++last;
      if (span.from < span.to) {
        AttendQueries(s, row * queries_.heads(), last * queries_.heads(), *keys_, k, *values_, v,
                      span);
      }
      row = last;
    }
  }

  const AttentionPart& part_;
  const PartQueries& queries_;
  const KeyKernel* keys_;
  const ValueKernel* values_;
  int64_t k_bytes_ = 0, v_bytes_ = 0;  // of a head in a page
  int64_t k_at_ = 0, v_at_ = 0;        // of this head
};

// Chunks of a part into its records, or, where it has none, all of them into `out`.
inline void AttendPart(const AttentionPart& part, float* memory) {
  Scratch scratch(memory);
  const PartQueries queries(part);
  const ChunkPass pass(part, queries);
  QueryState s = StartQueries(part, queries, pass.keys(), scratch);
  const int64_t size = int64_t{queries.n()} * s.stride;
  float* const own = part.records == nullptr ? scratch.Take(size) : nullptr;
  float* const total = part.records == nullptr ? scratch.Take(size) : nullptr;
  for (int i = 0; total != nullptr && i < queries.n(); ++i) {
    StartRecord(*part.shape, queries.Head(i), s.width, total + i * s.stride);
  }
  for (int64_t chunk = part.chunk_begin; chunk < part.chunk_end; ++chunk) {
    s.records = own != nullptr ? own : part.records + (chunk - part.records_chunk) * size;
    for (int i = 0; i < queries.n(); ++i) StartRecord(*part.shape, -1, s.width, s.sums(i));
    pass.Run(s, std::max(part.first_page, chunk * kChunkPages),
             std::min(part.end_page, (chunk + 1) * kChunkPages));
    for (int i = 0; total != nullptr && i < queries.n(); ++i) {
      JoinRecord(s.width, s.sums(i), total + i * s.stride);
    }
  }
  for (int i = 0; total != nullptr && i < queries.n(); ++i) {
    queries.PutOut(i, s.width, total + i * s.stride);
  }
}

// The records of all chunks of a part, joined into `out`.
inline void JoinPart(const AttentionPart& part, float* total) {
  const PartQueries queries(part);
  const int width = AttentionWidth(part.shape->ValueDim());
  const int64_t stride = AttentionRecordFloats(part.shape->ValueDim());
  for (int i = 0; i < queries.n(); ++i) {
    StartRecord(*part.shape, queries.Head(i), width, total);
    for (int64_t chunk = part.chunk_begin; chunk < part.chunk_end; ++chunk) {
      const int64_t at = (chunk - part.records_chunk) * queries.n() + i;
      JoinRecord(width, part.records + at * stride, total);
    }
    queries.PutOut(i, width, total);
  }
}

inline void PutKey(KvType type, const float* k, int dim, int slot, std::byte* page) {
  KeysOf(type).put(k, dim, slot, page);
}
inline void PutValue(KvType type, const float* v, int dim, int slot, std::byte* page) {
  ValuesOf(type).put(v, dim, slot, page);
}

// (order matters: each builds on those above)
#include "tensor/kernels/generic/attention_float.inl.h"
//
#include "tensor/kernels/generic/attention_bytes.inl.h"
//
#if defined(PIONEER_BF16_DOT)
#include "tensor/kernels/attention_bf16_avx512.inl.h"
#endif
//
#include "tensor/kernels/generic/attention_types.inl.h"
