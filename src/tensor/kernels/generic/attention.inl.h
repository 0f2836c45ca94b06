// Why: attention of one thread's queries, page by page with the online softmax (Milakov &
// Gimelshein 2018): the running maximum m, sum l and output are rescaled when m grows. A page's 32
// scores are two vectors, because K pages keep a dimension's tokens side by side.

struct QueryState {
  float* q;        // [n][head_dim], already scaled
  float* out;      // [n][padded], not yet divided by l
  float* weights;  // [n][kKvPageTokens]
  float* m;        // [n]
  float* l;        // [n][16], not yet summed
  int head_dim, value_dim, padded;
  float soft_cap;
};

// Tokens [from, to) of a page.
struct PageSpan {
  int from, to;
  bool operator==(const PageSpan&) const = default;
};

PIONEER_INLINE F32 LoadKv(const uint16_t* p) { return LoadF16(p); }
PIONEER_INLINE F32 LoadKv(const float* p) { return Load(p); }
PIONEER_INLINE F32 LoadKvPartial(const uint16_t* p, int n) { return LoadF16Partial(p, n); }
PIONEER_INLINE F32 LoadKvPartial(const float* p, int n) { return LoadPartial(p, n); }

// Lanes of tokens [first, first + 16) that the span does not hold become -infinity.
PIONEER_INLINE F32 MaskScores(F32 scores, const PageSpan& span, int first) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  scores = FillFrom(scores, std::clamp(span.to - first, 0, 16), kLowest);
  return span.from > first ? FillBefore(scores, std::min(span.from - first, 16), kLowest) : scores;
}

// What was summed under the old maximum is scaled to the new one. Seldom after the first pages.
inline void RaiseMaximum(const QueryState& s, int i, float m) {
  const F32 keep = Set1(std::exp(s.m[i] - m));
  float* out = s.out + i * s.padded;
  for (int d = 0; d < s.padded; d += 16) Store(out + d, Mul(Load(out + d), keep));
  Store(s.l + 16 * i, Mul(Load(s.l + 16 * i), keep));
  s.m[i] = m;
}

// The softmax step of query i: weights, m, l; scales `out`.
PIONEER_INLINE void AddScores(const QueryState& s, int i, F32 s0, F32 s1, const PageSpan& span) {
  if (s.soft_cap > 0) {
    s0 = Mul(Set1(s.soft_cap), Tanh(Mul(s0, Set1(1.0f / s.soft_cap))));
    s1 = Mul(Set1(s.soft_cap), Tanh(Mul(s1, Set1(1.0f / s.soft_cap))));
  }
  if (span.to - span.from < kKvPageTokens) {
    s0 = MaskScores(s0, span, 0);
    s1 = MaskScores(s1, span, 16);
  }
  const F32 highest = Max(s0, s1);
  if (AnyAbove(highest, s.m[i])) RaiseMaximum(s, i, ReduceMax(highest));
  const F32 m = Set1(s.m[i]);
  const F32 w0 = Exp(Sub(s0, m)), w1 = Exp(Sub(s1, m));
  Store(s.weights + i * kKvPageTokens, w0);
  Store(s.weights + i * kKvPageTokens + 16, w1);
  Store(s.l + 16 * i, Add(Load(s.l + 16 * i), Add(w0, w1)));
}

// Scores of R queries against a page.
template <int R, typename T>
PIONEER_INLINE void ScorePage(const QueryState& s, int first, const T* k, const PageSpan& span) {
  F32 acc[R][2];
  PIONEER_UNROLL for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = Set1(0);
  const float* q = s.q + first * s.head_dim;
  for (int d = 0; d < s.head_dim; ++d) {
    const F32 k0 = LoadKv(k + d * kKvPageTokens), k1 = LoadKv(k + d * kKvPageTokens + 16);
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      const F32 qd = Set1(q[r * s.head_dim + d]);
      acc[r][0] = Fma(qd, k0, acc[r][0]);
      acc[r][1] = Fma(qd, k1, acc[r][1]);
    }
  }
  PIONEER_UNROLL for (int r = 0; r < R; ++r) AddScores(s, first + r, acc[r][0], acc[r][1], span);
}

// out += weights . V for R queries and 16 kV dimensions from d on.
template <int R, int kV, typename T>
PIONEER_INLINE void AddValues(const QueryState& s, int first, const T* v, const PageSpan& span,
                              int d) {
  const int lanes = std::min(16 * kV, s.value_dim - d);
  F32 acc[R][kV];
  float* out = s.out + first * s.padded + d;
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) acc[r][i] = Load(out + r * s.padded + 16 * i);
  }
  const float* weights = s.weights + first * kKvPageTokens;
  for (int j = span.from; j < span.to; ++j) {
    const T* at = v + j * s.value_dim + d;
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
      const F32 value = lanes == 16 * kV ? LoadKv(at + 16 * i) : LoadKvPartial(at, lanes);
      PIONEER_UNROLL for (int r = 0; r < R; ++r) {
        acc[r][i] = Fma(Set1(weights[r * kKvPageTokens + j]), value, acc[r][i]);
      }
    }
  }
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) Store(out + r * s.padded + 16 * i, acc[r][i]);
  }
}

// Few queries take several vectors at once: one chain of sums alone would wait for itself.
constexpr int ValueVectors(int queries) {
  return 4 * queries <= kValueTile ? 4 : 2 * queries <= kValueTile ? 2 : 1;
}

template <int R, typename T>
void AttendPage(const QueryState& s, int first, const T* k, const T* v, const PageSpan& span) {
  ScorePage<R>(s, first, k, span);
  constexpr int kV = ValueVectors(R);
  int d = 0;
  for (; d + 16 * kV <= s.value_dim; d += 16 * kV) AddValues<R, kV>(s, first, v, span, d);
  for (; d < s.value_dim; d += 16) AddValues<R, 1>(s, first, v, span, d);
}

template <int R = kQueryTile, typename T>
PIONEER_INLINE void AttendRest(const QueryState& s, int first, int n, const T* k, const T* v,
                               const PageSpan& span) {
  if constexpr (R > 0) {
    if (n == R) return AttendPage<R>(s, first, k, v, span);
    AttendRest<R - 1>(s, first, n, k, v, span);
  }
}

// Queries [first, end), which all see the same tokens of the page.
template <typename T>
inline void AttendQueries(const QueryState& s, int first, int end, const T* k, const T* v,
                          const PageSpan& span) {
  for (; first < end; first += kQueryTile) {
    AttendRest(s, first, std::min(kQueryTile, end - first), k, v, span);
  }
}

// A sink is a score that was seen before all others and brought no value.
template <typename T>
inline QueryState StartQueries(const AttentionPart<T>& part, int n, float* scratch) {
  const AttentionShape& shape = *part.shape;
  const int heads = part.head_end - part.head_begin, dim = shape.head_dim;
  QueryState s;
  s.head_dim = dim;
  s.value_dim = shape.ValueDim();
  s.padded = (s.value_dim + 15) / 16 * 16;
  s.soft_cap = shape.soft_cap;
  s.q = scratch;
  s.out = s.q + n * dim;
  s.weights = s.out + n * s.padded;
  s.m = s.weights + n * kKvPageTokens;
  s.l = s.m + n;
  for (int i = 0; i < n; ++i) {
    const int64_t row = part.row_begin + i / heads;
    const int head = part.head_begin + i % heads;
    const float* q = part.q + (row * shape.n_heads + head) * dim;
    for (int d = 0; d < dim; ++d) s.q[i * dim + d] = q[d] * shape.scale;
    s.m[i] = shape.sinks ? shape.sinks[head] : -std::numeric_limits<float>::infinity();
    std::fill_n(s.l + 16 * i, 16, 0.0f);
    s.l[16 * i] = shape.sinks ? 1.0f : 0.0f;
  }
  std::fill(s.out, s.out + n * s.padded, 0.0f);
  return s;
}

template <typename T>
inline void FinishQueries(const AttentionPart<T>& part, const QueryState& s, int n) {
  const AttentionShape& shape = *part.shape;
  const int heads = part.head_end - part.head_begin;
  for (int i = 0; i < n; ++i) {
    const int64_t row = part.row_begin + i / heads;
    float* out = part.out + (row * shape.n_heads + part.head_begin + i % heads) * s.value_dim;
    const float inverse = 1.0f / ReduceAdd(Load(s.l + 16 * i));
    for (int d = 0; d < s.value_dim; ++d) out[d] = s.out[i * s.padded + d] * inverse;
  }
}

// What a row sees of a page that begins at position `base`; nothing when to <= from.
template <typename T>
PIONEER_INLINE PageSpan SpanOf(const AttentionPart<T>& part, int64_t row, int64_t base) {
  const int64_t position = part.position + row;
  const int64_t end = part.n_tokens > 0 ? part.n_tokens : position + 1;
  const int64_t begin =
      part.n_tokens == 0 && part.shape->window > 0 ? position + 1 - part.shape->window : 0;
  return {static_cast<int>(std::clamp<int64_t>(begin - base, 0, kKvPageTokens)),
          static_cast<int>(std::clamp<int64_t>(end - base, 0, kKvPageTokens))};
}

// Pages in order. In each, neighbouring rows that see the same tokens of it go together.
template <typename T>
inline void AttendPart(const AttentionPart<T>& part, float* scratch) {
  const AttentionShape& shape = *part.shape;
  const int heads = part.head_end - part.head_begin;
  const int kv_head = part.head_begin / (shape.n_heads / shape.n_kv_heads);
  const int rows = static_cast<int>(part.row_end - part.row_begin);
  const QueryState s = StartQueries(part, rows * heads, scratch);
  const int64_t first = part.position + part.row_begin;
  const int64_t end = part.n_tokens > 0 ? part.n_tokens : first + rows;
  const bool windowed = part.n_tokens == 0 && shape.window > 0;
  const int64_t begin = windowed ? std::max<int64_t>(0, first + 1 - shape.window) : 0;
  for (int64_t page = begin / kKvPageTokens; page * kKvPageTokens < end; ++page) {
    const T* k = part.k_pages[page] + int64_t{kv_head} * kKvPageTokens * s.head_dim;
    const T* v = part.v_pages[page] + int64_t{kv_head} * kKvPageTokens * s.value_dim;
    for (int row = 0; row < rows;) {
      const PageSpan span = SpanOf(part, part.row_begin + row, page * kKvPageTokens);
      int last = row + 1;
      while (last < rows && SpanOf(part, part.row_begin + last, page * kKvPageTokens) == span) {
        ++last;
      }
      if (span.from < span.to) AttendQueries(s, row * heads, last * heads, k, v, span);
      row = last;
    }
  }
  FinishQueries(part, s, rows * heads);
}
