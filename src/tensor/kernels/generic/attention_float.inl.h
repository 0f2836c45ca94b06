// Why: keys and values of 16 or 32 bits, multiplied in float32. A page's 32 scores are two vectors,
// because K pages keep a dimension's tokens side by side.

// How 16 numbers of a type are read.
struct F16Lanes {
  using T = uint16_t;
  static PIONEER_INLINE F32 Read(const T* p) { return LoadF16(p); }
  static PIONEER_INLINE F32 ReadPartial(const T* p, int n) { return LoadF16Partial(p, n); }
};
struct Bf16Lanes {
  using T = uint16_t;
  static PIONEER_INLINE F32 Read(const T* p) { return LoadBf16(p); }
  static PIONEER_INLINE F32 ReadPartial(const T* p, int n) {
    T lanes[16] = {};
    std::memcpy(lanes, p, static_cast<size_t>(n) * sizeof(T));
    return LoadBf16(lanes);
  }
};
struct F32Lanes {
  using T = float;
  static PIONEER_INLINE F32 Read(const T* p) { return Load(p); }
  static PIONEER_INLINE F32 ReadPartial(const T* p, int n) { return LoadPartial(p, n); }
};

inline int64_t FloatQueryBytes(int dim) { return int64_t{dim} * 4; }

inline void PutFloatQuery(const float* q, float scale, int dim, std::byte* out) {
  auto* scaled = reinterpret_cast<float*>(out);
  for (int d = 0; d < dim; d += 16) {
    const int n = std::min(16, dim - d);
    StorePartial(scaled + d, Mul(LoadPartial(q + d, n), Set1(scale)), n);
  }
}

template <typename Lanes, int R>
inline void ScoreFloats(const QueryState& s, int first, const std::byte* page) {
  const int dim = s.shape->head_dim;
  const auto* k = reinterpret_cast<const typename Lanes::T*>(page);
  const float* q = reinterpret_cast<const float*>(s.q) + int64_t{first} * dim;
  F32 acc[R][2];
  PIONEER_UNROLL for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = Set1(0);
  for (int d = 0; d < dim; ++d) {
    const F32 k0 = Lanes::Read(k + d * kKvPageTokens);
    const F32 k1 = Lanes::Read(k + d * kKvPageTokens + 16);
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      const F32 qd = Set1(q[r * dim + d]);
      acc[r][0] = Fma(qd, k0, acc[r][0]);
      acc[r][1] = Fma(qd, k1, acc[r][1]);
    }
  }
  float* scores = s.weights + first * kKvPageTokens;
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    Store(scores + r * kKvPageTokens, acc[r][0]);
    Store(scores + r * kKvPageTokens + 16, acc[r][1]);
  }
}

// Of kV vectors of dimensions from d on; of `lanes` dimensions where kPartial.
template <typename Lanes, int R, int kV, bool kPartial>
PIONEER_INLINE void AddFloats(const QueryState& s, int first, const typename Lanes::T* v,
                              const PageSpan& span, int d, int lanes) {
  const int dim = s.shape->ValueDim();
  F32 acc[R][kV];
  float* sums = s.sums(first) + d;
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) acc[r][i] = Load(sums + r * s.stride + 16 * i);
  }
  const float* weights = s.weights + first * kKvPageTokens;
  for (int j = span.from; j < span.to; ++j) {
    const typename Lanes::T* at = v + j * dim + d;
    F32 value[kV];
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) {
      value[i] = kPartial ? Lanes::ReadPartial(at, lanes) : Lanes::Read(at + 16 * i);
    }
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      const F32 weight = Set1(weights[r * kKvPageTokens + j]);
      PIONEER_UNROLL for (int i = 0; i < kV; ++i) acc[r][i] = Fma(weight, value[i], acc[r][i]);
    }
  }
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    PIONEER_UNROLL for (int i = 0; i < kV; ++i) Store(sums + r * s.stride + 16 * i, acc[r][i]);
  }
}

// Few queries take several vectors at once: one chain of sums alone would wait for itself.
constexpr int ValueVectors(int queries) {
  return 4 * queries <= kValueTile ? 4 : 2 * queries <= kValueTile ? 2 : 1;
}

template <typename Lanes, int R>
inline void AddFloatPage(const QueryState& s, int first, const std::byte* page,
                         const PageSpan& span) {
  const auto* v = reinterpret_cast<const typename Lanes::T*>(page);
  constexpr int kV = ValueVectors(R);
  const int dim = s.shape->ValueDim();
  int d = 0;
  for (; d + 16 * kV <= dim; d += 16 * kV) {
    AddFloats<Lanes, R, kV, false>(s, first, v, span, d, 16);
  }
  for (; d + 16 <= dim; d += 16) AddFloats<Lanes, R, 1, false>(s, first, v, span, d, 16);
  if (d < dim) AddFloats<Lanes, R, 1, true>(s, first, v, span, d, dim - d);
}

template <typename Lanes, int R = kQueryTile>
inline void ScoreFloatTile(const QueryState& s, int first, int n, const std::byte* k) {
  if constexpr (R > 0) {
    if (n == R) return ScoreFloats<Lanes, R>(s, first, k);
    ScoreFloatTile<Lanes, R - 1>(s, first, n, k);
  }
}

template <typename Lanes, int R = kQueryTile>
inline void AddFloatTile(const QueryState& s, int first, int n, const std::byte* v,
                         const PageSpan& span) {
  if constexpr (R > 0) {
    if (n == R) return AddFloatPage<Lanes, R>(s, first, v, span);
    AddFloatTile<Lanes, R - 1>(s, first, n, v, span);
  }
}

// One number in the page's type.
inline void PutNumber(F16Lanes, float x, uint16_t* out) { *out = FloatToHalf(x); }
inline void PutNumber(Bf16Lanes, float x, uint16_t* out) { *out = FloatToBf16(x); }
inline void PutNumber(F32Lanes, float x, float* out) { *out = x; }

template <typename Lanes>
inline void PutKeyNumbers(const float* k, int dim, int slot, std::byte* page) {
  auto* out = reinterpret_cast<typename Lanes::T*>(page) + slot;
  for (int d = 0; d < dim; ++d) PutNumber(Lanes(), k[d], out + d * kKvPageTokens);
}
template <typename Lanes>
inline void PutValueNumbers(const float* v, int dim, int slot, std::byte* page) {
  auto* out = reinterpret_cast<typename Lanes::T*>(page) + int64_t{slot} * dim;
  for (int d = 0; d < dim; ++d) PutNumber(Lanes(), v[d], out + d);
}

template <typename Lanes>
constexpr KeyKernel FloatKeys() {
  return {FloatQueryBytes, PutFloatQuery, ScoreFloatTile<Lanes>, PutKeyNumbers<Lanes>};
}
template <typename Lanes>
constexpr ValueKernel FloatValues() {
  return {AddFloatTile<Lanes>, PutValueNumbers<Lanes>};
}
