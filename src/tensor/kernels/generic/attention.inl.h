// Why: attention of one thread's queries, page by page with the online softmax (Milakov &
// Gimelshein 2018): the running maximum m, sum l and output are rescaled when m grows. A page's 32
// scores are two vectors, because K pages keep a dimension's tokens side by side.

struct QueryState {
  float* q;        // [n][head_dim], already scaled
  float* out;      // [n][padded], not yet divided by l
  float* weights;  // [n][kKvPageTokens]
  float* m;        // [n]
  float* l;        // [n]
  int head_dim, padded;
};

// Scores of R queries against a page, then the softmax step: weights, m, l; scales `out`.
template <int R>
PIONEER_INLINE void ScorePage(const QueryState& s, int first, const uint16_t* k, int n_valid) {
  F32 acc[R][2];
  PIONEER_UNROLL for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = Set1(0);
  const float* q = s.q + first * s.head_dim;
  for (int d = 0; d < s.head_dim; ++d) {
    const F32 k0 = LoadF16(k + d * kKvPageTokens), k1 = LoadF16(k + d * kKvPageTokens + 16);
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      const F32 qd = Set1(q[r * s.head_dim + d]);
      acc[r][0] = Fma(qd, k0, acc[r][0]);
      acc[r][1] = Fma(qd, k1, acc[r][1]);
    }
  }
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    const int i = first + r;
    const F32 s0 = FillFrom(acc[r][0], std::min(n_valid, 16), kLowest);
    const F32 s1 = FillFrom(acc[r][1], std::max(n_valid - 16, 0), kLowest);
    const float m = std::max(s.m[i], ReduceMax(Max(s0, s1)));
    const F32 w0 = Exp(Sub(s0, Set1(m))), w1 = Exp(Sub(s1, Set1(m)));
    Store(s.weights + i * kKvPageTokens, w0);
    Store(s.weights + i * kKvPageTokens + 16, w1);
    const float keep = s.m[i] == m ? 1.0f : std::exp(s.m[i] - m);
    s.l[i] = s.l[i] * keep + ReduceAdd(Add(w0, w1));
    s.m[i] = m;
    if (keep != 1.0f) {
      float* out = s.out + i * s.padded;
      for (int d = 0; d < s.padded; d += 16) Store(out + d, Mul(Load(out + d), Set1(keep)));
    }
  }
}

// out += weights . V for R queries and 16 kV dimensions from d on.
template <int R, int kV>
PIONEER_INLINE void AddValues(const QueryState& s, int first, const uint16_t* v, int n_valid,
                              int d) {
  const int lanes = std::min(16 * kV, s.head_dim - d);
  F32 acc[R][kV];
  float* out = s.out + first * s.padded + d;
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) acc[r][i] = Load(out + r * s.padded + 16 * i);
  }
  const float* weights = s.weights + first * kKvPageTokens;
  for (int j = 0; j < n_valid; ++j) {
    const uint16_t* at = v + j * s.head_dim + d;
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
      const F32 value = lanes == 16 * kV ? LoadF16(at + 16 * i) : LoadF16Partial(at, lanes);
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
  return 4 * queries <= kQueryTile ? 4 : 2 * queries <= kQueryTile ? 2 : 1;
}

template <int R>
void AttendPage(const QueryState& s, int first, const uint16_t* k, const uint16_t* v, int n_valid) {
  ScorePage<R>(s, first, k, n_valid);
  constexpr int kV = ValueVectors(R);
  int d = 0;
  for (; d + 16 * kV <= s.head_dim; d += 16 * kV) AddValues<R, kV>(s, first, v, n_valid, d);
  for (; d < s.head_dim; d += 16) AddValues<R, 1>(s, first, v, n_valid, d);
}

template <int R = kQueryTile>
PIONEER_INLINE void AttendRest(const QueryState& s, int first, int n, const uint16_t* k,
                               const uint16_t* v, int n_valid) {
  if constexpr (R > 0) {
    if (n == R) return AttendPage<R>(s, first, k, v, n_valid);
    AttendRest<R - 1>(s, first, n, k, v, n_valid);
  }
}

// Queries [first, end), which all see n_valid tokens of the page.
inline void AttendQueries(const QueryState& s, int first, int end, const uint16_t* k,
                          const uint16_t* v, int n_valid) {
  for (; first < end; first += kQueryTile) {
    AttendRest(s, first, std::min(kQueryTile, end - first), k, v, n_valid);
  }
}

inline QueryState StartQueries(const AttentionPart& part, int n, int group, float* scratch) {
  const AttentionShape& shape = *part.shape;
  const int dim = shape.head_dim, padded = (dim + 15) / 16 * 16;
  QueryState s;
  s.head_dim = dim;
  s.padded = padded;
  s.q = scratch;
  s.out = s.q + n * padded;
  s.weights = s.out + n * padded;
  s.m = s.weights + n * kKvPageTokens;
  s.l = s.m + n;
  for (int i = 0; i < n; ++i) {
    const int64_t row = part.sequence->first_row + part.row_begin + i / group;
    const float* q = part.q + (row * shape.n_heads + part.kv_head * group + i % group) * dim;
    for (int d = 0; d < dim; ++d) s.q[i * dim + d] = q[d] * shape.scale;
    s.m[i] = -std::numeric_limits<float>::infinity();
    s.l[i] = 0;
  }
  std::fill(s.out, s.out + n * padded, 0.0f);
  return s;
}

inline void FinishQueries(const AttentionPart& part, const QueryState& s, int n, int group) {
  const AttentionShape& shape = *part.shape;
  for (int i = 0; i < n; ++i) {
    const int64_t row = part.sequence->first_row + part.row_begin + i / group;
    float* out =
        part.out + (row * shape.n_heads + part.kv_head * group + i % group) * shape.head_dim;
    const float inverse = 1.0f / s.l[i];
    for (int d = 0; d < shape.head_dim; ++d) out[d] = s.out[i * s.padded + d] * inverse;
  }
}

// Pages in order. Rows before a page skip it; rows whose position lies in it go one by one, since
// each sees a different part; later rows go together.
inline void Attend(const AttentionPart& part, float* scratch) {
  const AttentionShape& shape = *part.shape;
  const AttentionSequence& sequence = *part.sequence;
  const int group = shape.n_heads / shape.n_kv_heads;
  const int rows = static_cast<int>(part.row_end - part.row_begin);
  const QueryState s = StartQueries(part, rows * group, group, scratch);
  const int64_t first_position = sequence.position + part.row_begin;
  const int64_t last_position = first_position + rows - 1;
  const int64_t head_offset = static_cast<int64_t>(part.kv_head) * kKvPageTokens * shape.head_dim;
  for (int64_t page = 0; page * kKvPageTokens <= last_position; ++page) {
    const uint16_t* k = sequence.k_pages[page] + head_offset;
    const uint16_t* v = sequence.v_pages[page] + head_offset;
    const int64_t base = page * kKvPageTokens;
    int row = static_cast<int>(std::max<int64_t>(0, base - first_position));
    for (; row < rows && first_position + row < base + kKvPageTokens - 1; ++row) {
      const int n_valid = static_cast<int>(first_position + row - base + 1);
      AttendQueries(s, row * group, (row + 1) * group, k, v, n_valid);
    }
    AttendQueries(s, row * group, rows * group, k, v, kKvPageTokens);
  }
  FinishQueries(part, s, rows * group, group);
}
