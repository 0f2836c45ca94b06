// Why: the AVX2 half of the kernels: a vector of 16 lanes is two registers, so that every sum has
// the same order as with AVX-512. Included inside a target region.

constexpr int kMaxTile = 4;
constexpr int kDirectTile = 2;
constexpr int kQueryTile = 2;
constexpr int kValueTile = 4;
constexpr int kWideZeroPoint = 0;

struct F32 {
  __m256 lo, hi;
};
struct I32 {
  __m256i lo, hi;
};
using U8 = I32;

// All ones in the first n of 8 lanes.
PIONEER_INLINE __m256i FirstLanes8(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

PIONEER_INLINE F32 Set1(float v) { return {_mm256_set1_ps(v), _mm256_set1_ps(v)}; }
PIONEER_INLINE F32 Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
// Where all lanes are there, as in all but the last turn of a loop, moves are whole ones: a masked
// store takes AMD's cores (Zen 1 to 3) a dozen cycles and more.
PIONEER_INLINE F32 LoadPartial(const float* p, int n) {
  if (n >= 16) return Load(p);
  return {_mm256_maskload_ps(p, FirstLanes8(n)), _mm256_maskload_ps(p + 8, FirstLanes8(n - 8))};
}
PIONEER_INLINE void Store(float* p, F32 v) {
  _mm256_storeu_ps(p, v.lo);
  _mm256_storeu_ps(p + 8, v.hi);
}
PIONEER_INLINE void StorePartial(float* p, F32 v, int n) {
  if (n >= 16) return Store(p, v);
  _mm256_maskstore_ps(p, FirstLanes8(n), v.lo);
  _mm256_maskstore_ps(p + 8, FirstLanes8(n - 8), v.hi);
}
PIONEER_INLINE F32 LoadF16(const void* p) {
  const auto* halves = static_cast<const __m128i*>(p);
  return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
}
PIONEER_INLINE F32 LoadF16Partial(const void* p, int n) {
  alignas(32) uint16_t halves[16] = {};
  std::memcpy(halves, p, static_cast<size_t>(n) * sizeof(uint16_t));
  return LoadF16(halves);
}
PIONEER_INLINE void StoreF16(void* p, F32 v) {
  auto* halves = static_cast<__m128i*>(p);
  _mm_storeu_si128(halves, _mm256_cvtps_ph(v.lo, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(halves + 1, _mm256_cvtps_ph(v.hi, _MM_FROUND_TO_NEAREST_INT));
}
PIONEER_INLINE F32 LoadBf16(const void* p) {
  const auto* halves = static_cast<const __m128i*>(p);
  const __m256i lo = _mm256_cvtepu16_epi32(_mm_loadu_si128(halves));
  const __m256i hi = _mm256_cvtepu16_epi32(_mm_loadu_si128(halves + 1));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(lo, 16)),
          _mm256_castsi256_ps(_mm256_slli_epi32(hi, 16))};
}

PIONEER_INLINE F32 Add(F32 a, F32 b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
PIONEER_INLINE F32 Sub(F32 a, F32 b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
PIONEER_INLINE F32 Mul(F32 a, F32 b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
PIONEER_INLINE F32 Div(F32 a, F32 b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
PIONEER_INLINE F32 Fma(F32 a, F32 b, F32 c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
PIONEER_INLINE F32 Fnma(F32 a, F32 b, F32 c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
PIONEER_INLINE F32 Min(F32 a, F32 b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
PIONEER_INLINE F32 Max(F32 a, F32 b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
PIONEER_INLINE bool AnyAbove(F32 v, float limit) {
  const __m256 bar = _mm256_set1_ps(limit);
  return _mm256_movemask_ps(_mm256_or_ps(_mm256_cmp_ps(v.lo, bar, _CMP_GT_OQ),
                                         _mm256_cmp_ps(v.hi, bar, _CMP_GT_OQ))) != 0;
}
PIONEER_INLINE F32 FillFrom(F32 v, int n, float fill) {
  const __m256 other = _mm256_set1_ps(fill);
  return {_mm256_blendv_ps(other, v.lo, _mm256_castsi256_ps(FirstLanes8(n))),
          _mm256_blendv_ps(other, v.hi, _mm256_castsi256_ps(FirstLanes8(n - 8)))};
}
PIONEER_INLINE F32 FillBefore(F32 v, int n, float fill) {
  const __m256 other = _mm256_set1_ps(fill);
  return {_mm256_blendv_ps(v.lo, other, _mm256_castsi256_ps(FirstLanes8(n))),
          _mm256_blendv_ps(v.hi, other, _mm256_castsi256_ps(FirstLanes8(n - 8)))};
}
PIONEER_INLINE F32 ZeroBelow(F32 v, F32 x, float limit) {
  const __m256 least = _mm256_set1_ps(limit);
  return {_mm256_and_ps(v.lo, _mm256_cmp_ps(x.lo, least, _CMP_NLT_UQ)),
          _mm256_and_ps(v.hi, _mm256_cmp_ps(x.hi, least, _CMP_NLT_UQ))};
}
PIONEER_INLINE F32 SwapPairs(F32 v) {
  return {_mm256_permute_ps(v.lo, 0xB1), _mm256_permute_ps(v.hi, 0xB1)};
}

PIONEER_INLINE I32 SetI32(int v) { return {_mm256_set1_epi32(v), _mm256_set1_epi32(v)}; }
PIONEER_INLINE I32 AddI32(I32 a, I32 b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
PIONEER_INLINE I32 MaxI32(I32 a, I32 b) {
  return {_mm256_max_epi32(a.lo, b.lo), _mm256_max_epi32(a.hi, b.hi)};
}
PIONEER_INLINE I32 MagnitudeBits(F32 v) {
  const __m256i mask = _mm256_set1_epi32(0x7FFFFFFF);
  return {_mm256_and_si256(_mm256_castps_si256(v.lo), mask),
          _mm256_and_si256(_mm256_castps_si256(v.hi), mask)};
}
PIONEER_INLINE I32 Round(F32 v) { return {_mm256_cvtps_epi32(v.lo), _mm256_cvtps_epi32(v.hi)}; }
PIONEER_INLINE F32 ToF32(I32 v) { return {_mm256_cvtepi32_ps(v.lo), _mm256_cvtepi32_ps(v.hi)}; }
PIONEER_INLINE F32 Exp2Int(I32 n) {
  const __m256i bias = _mm256_set1_epi32(127);
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n.lo, bias), 23)),
          _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n.hi, bias), 23))};
}
PIONEER_INLINE F32 BytesToF32(__m128i bytes) {
  return ToF32(I32{_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8))});
}
PIONEER_INLINE F32 LoadU8(const void* p) {
  return BytesToF32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
PIONEER_INLINE F32 LoadLow4(const void* p) {
  const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return BytesToF32(_mm_and_si128(bytes, _mm_set1_epi8(15)));
}
PIONEER_INLINE F32 LoadHigh4(const void* p) {
  const __m128i bytes = _mm_srli_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)), 4);
  return BytesToF32(_mm_and_si128(bytes, _mm_set1_epi8(15)));
}
PIONEER_INLINE F32 LoadI8(const void* p) {
  const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return ToF32(I32{_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8))});
}
// Lanes within [-128, 127].
PIONEER_INLINE void StoreI8(void* p, I32 v) {
  const __m256i shorts = _mm256_permute4x64_epi64(_mm256_packs_epi32(v.lo, v.hi), 0xD8);
  const __m128i bytes =
      _mm_packs_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
  _mm_storeu_si128(static_cast<__m128i*>(p), bytes);
}

PIONEER_INLINE __m256 LowHalf(F32 v) { return v.lo; }
PIONEER_INLINE __m256 HighHalf(F32 v) { return v.hi; }
PIONEER_INLINE __m256i LowHalf(I32 v) { return v.lo; }
PIONEER_INLINE __m256i HighHalf(I32 v) { return v.hi; }

PIONEER_INLINE U8 LoadBytes(const void* p) {
  const auto* bytes = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(bytes), _mm256_loadu_si256(bytes + 1)};
}
PIONEER_INLINE void StoreBytes(void* p, U8 v) {
  auto* bytes = static_cast<__m256i*>(p);
  _mm256_storeu_si256(bytes, v.lo);
  _mm256_storeu_si256(bytes + 1, v.hi);
}
PIONEER_INLINE U8 Or(U8 a, U8 b) {
  return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)};
}
PIONEER_INLINE U8 And(U8 a, __m256i mask) {
  return {_mm256_and_si256(a.lo, mask), _mm256_and_si256(a.hi, mask)};
}
template <int kFrom, int kWidth, int kTo>
PIONEER_INLINE U8 MoveBits(U8 v) {
  constexpr int kLeft = kTo > kFrom ? kTo - kFrom : 0, kRight = kFrom > kTo ? kFrom - kTo : 0;
  if constexpr (kLeft > 0) v = {_mm256_slli_epi16(v.lo, kLeft), _mm256_slli_epi16(v.hi, kLeft)};
  if constexpr (kRight > 0) v = {_mm256_srli_epi16(v.lo, kRight), _mm256_srli_epi16(v.hi, kRight)};
  return And(v, _mm256_set1_epi8(((1 << kWidth) - 1) << kTo));
}
PIONEER_INLINE U8 Lookup(const uint8_t* table, U8 v) {
  const __m256i entries =
      _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
  return {_mm256_shuffle_epi8(entries, v.lo), _mm256_shuffle_epi8(entries, v.hi)};
}

// 8 lanes of Dot. vpmaddubsw adds pairs in 16 bits with saturation: exact for codes up to 63
// (63 * 127 * 2 = 16002) but not for 255. Wide codes are therefore made signed again and
// multiplied as |w| * (x with w's sign), at most 128 * 127 * 2 = 32512.
template <bool kWide>
PIONEER_INLINE __m256i DotHalf(__m256i acc, __m256i w, __m256i x) {
  if constexpr (kWide) {
    w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    x = _mm256_sign_epi8(x, w);
    w = _mm256_abs_epi8(w);
  }
  const __m256i pairs = _mm256_maddubs_epi16(w, x);
  return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
template <bool kWide>
PIONEER_INLINE I32 Dot(I32 acc, U8 w, const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, sizeof four);
  const __m256i broadcast = _mm256_set1_epi32(four);
  return {DotHalf<kWide>(acc.lo, w.lo, broadcast), DotHalf<kWide>(acc.hi, w.hi, broadcast)};
}
