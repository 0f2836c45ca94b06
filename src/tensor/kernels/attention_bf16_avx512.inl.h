// Why: keys and values in bfloat16 where the machine multiplies pairs of them at once, twice as
// fast as float32. Queries and weights are rounded to bfloat16 too; sums are float32. K pages are
// [dims / 2][tokens][2], V pages [tokens / 2][dims][2]. Machines with AVX-512 and without this
// instruction take the pages of all others.

PIONEER_INLINE F32 DotPairs(F32 acc, U8 pairs, const uint16_t* x) {
  asm("vdpbf16ps %2%{1to16%}, %1, %0"
      : "+v"(acc)
      : "v"(pairs), "m"(*reinterpret_cast<const uint16_t(*)[2]>(x)));
  return acc;
}

// To nearest even; NaN may become anything (its row's sum of weights is NaN all the same).
PIONEER_INLINE void StoreBf16(uint16_t* out, F32 v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7FFF));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

constexpr int EvenDims(int dim) { return (dim + 1) / 2 * 2; }

inline int64_t PairQueryBytes(int dim) { return int64_t{(dim + 1) / 2} * 4; }

inline void PutPairQuery(const float* q, float scale, int dim, std::byte* at) {
  auto* out = reinterpret_cast<uint16_t*>(at);
  for (int d = 0; d < dim; ++d) out[d] = FloatToBf16(q[d] * scale);
  if (dim % 2 != 0) out[dim] = 0;
}

template <int R>
inline void ScorePairs(const QueryState& s, int first, const std::byte* k) {
  const int dim = EvenDims(s.shape->head_dim);
  const auto* q = reinterpret_cast<const uint16_t*>(s.q) + int64_t{first} * dim;
  F32 acc[R][2];
  PIONEER_UNROLL for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = Set1(0);
  for (int d = 0; d < dim; d += 2, k += 4 * kKvPageTokens) {
    const U8 k0 = LoadBytes(k), k1 = LoadBytes(k + 64);
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      acc[r][0] = DotPairs(acc[r][0], k0, q + r * dim + d);
      acc[r][1] = DotPairs(acc[r][1], k1, q + r * dim + d);
    }
  }
  float* scores = s.weights + first * kKvPageTokens;
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    Store(scores + r * kKvPageTokens, acc[r][0]);
    Store(scores + r * kKvPageTokens + 16, acc[r][1]);
  }
}

// Two vectors of dimensions. Tokens that are not seen have no weight; see PutPairValue.
template <int R>
PIONEER_INLINE void AddPairs(const QueryState& s, int first, const std::byte* v,
                             const PageSpan& span, int d) {
  F32 acc[R][2];
  float* sums = s.sums(first) + d;
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    acc[r][0] = Load(sums + r * s.stride);
    acc[r][1] = Load(sums + r * s.stride + 16);
  }
  const auto* weights = reinterpret_cast<const uint16_t*>(s.rounded);
  for (int j = span.from / 2 * 2; j < span.to; j += 2) {
    const std::byte* at = v + (int64_t{j} * s.width + 2 * d) * 2;
    const U8 v0 = LoadBytes(at), v1 = LoadBytes(at + 64);
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      acc[r][0] = DotPairs(acc[r][0], v0, weights + r * kKvPageTokens + j);
      acc[r][1] = DotPairs(acc[r][1], v1, weights + r * kKvPageTokens + j);
    }
  }
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    Store(sums + r * s.stride, acc[r][0]);
    Store(sums + r * s.stride + 16, acc[r][1]);
  }
}

template <int R = kQueryTile>
inline void ScorePairTile(const QueryState& s, int first, int n, const std::byte* k) {
  if constexpr (R > 0) {
    if (n == R) return ScorePairs<R>(s, first, k);
    ScorePairTile<R - 1>(s, first, n, k);
  }
}

template <int R = kQueryTile>
inline void AddPairTile(const QueryState& s, int first, int n, const std::byte* v,
                        const PageSpan& span) {
  if constexpr (R > 0) {
    if (n < R) return AddPairTile<R - 1>(s, first, n, v, span);
    for (int d = 0; d < s.width; d += 32) AddPairs<R>(s, first, v, span, d);
  }
}

inline void AddPairValues(const QueryState& s, int first, int n, const std::byte* v,
                          const PageSpan& span) {
  auto* rounded = reinterpret_cast<uint16_t*>(s.rounded);
  for (int r = 0; r < n; ++r) {
    const float* weights = s.weights + (first + r) * kKvPageTokens;
    StoreBf16(rounded + r * kKvPageTokens, Load(weights));
    StoreBf16(rounded + r * kKvPageTokens + 16, Load(weights + 16));
  }
  AddPairTile(s, first, n, v, span);
}

inline void PutPairKey(const float* k, int dim, int slot, std::byte* page) {
  auto* out = reinterpret_cast<uint16_t*>(page) + 2 * slot;
  for (int d = 0; d < EvenDims(dim); ++d) {
    out[d / 2 * 2 * kKvPageTokens + d % 2] = d < dim ? FloatToBf16(k[d]) : 0;
  }
}

// The token after an even one is there yet, or shall count nothing: no weight makes nothing of NaN.
inline void PutPairValue(const float* v, int dim, int slot, std::byte* page) {
  const int width = AttentionWidth(dim);
  auto* out = reinterpret_cast<uint16_t*>(page) + int64_t{slot / 2} * width * 2;
  for (int d = 0; d < width; ++d) {
    out[2 * d + slot % 2] = d < dim ? FloatToBf16(v[d]) : 0;
    if (slot % 2 == 0) out[2 * d + 1] = 0;
  }
}

inline KeyKernel Bf16Keys() {
  if (!HasBf16Dot()) return FloatKeys<Bf16Lanes>();
  return {PairQueryBytes, PutPairQuery, ScorePairTile<>, PutPairKey};
}
inline ValueKernel Bf16Values() {
  if (!HasBf16Dot()) return FloatValues<Bf16Lanes>();
  return {AddPairValues, PutPairValue};
}
