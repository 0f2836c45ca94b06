// Why: the AVX-512 half of the kernels: a vector is 16 lanes. Included inside a target region.

constexpr int kMaxTile = 12;
constexpr int kDirectTile = 6;
constexpr int kQueryTile = 8;
constexpr int kValueTile = 16;
constexpr int kWideZeroPoint = 128;

using F32 = __m512;
using I32 = __m512i;
using U8 = __m512i;

PIONEER_INLINE __mmask16 FirstLanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }

PIONEER_INLINE F32 Set1(float v) { return _mm512_set1_ps(v); }
PIONEER_INLINE F32 Load(const float* p) { return _mm512_loadu_ps(p); }
PIONEER_INLINE F32 LoadPartial(const float* p, int n) {
  return _mm512_maskz_loadu_ps(FirstLanes(n), p);
}
PIONEER_INLINE void Store(float* p, F32 v) { _mm512_storeu_ps(p, v); }
PIONEER_INLINE void StorePartial(float* p, F32 v, int n) {
  _mm512_mask_storeu_ps(p, FirstLanes(n), v);
}
PIONEER_INLINE F32 LoadF16(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
PIONEER_INLINE F32 LoadF16Partial(const void* p, int n) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(FirstLanes(n), p));
}
PIONEER_INLINE void StoreF16(void* p, F32 v) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
PIONEER_INLINE F32 LoadBf16(const void* p) {
  const __m256i halves = _mm256_loadu_si256(static_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

PIONEER_INLINE F32 Add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
PIONEER_INLINE F32 Sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
PIONEER_INLINE F32 Mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
PIONEER_INLINE F32 Div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
PIONEER_INLINE F32 Fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
PIONEER_INLINE F32 Fnma(F32 a, F32 b, F32 c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a * b
// b where either is NaN.
PIONEER_INLINE F32 Min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
PIONEER_INLINE F32 Max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
PIONEER_INLINE bool AnyAbove(F32 v, float limit) {
  return _mm512_cmp_ps_mask(v, Set1(limit), _CMP_GT_OQ) != 0;
}
// Lanes from n on become `fill`.
PIONEER_INLINE F32 FillFrom(F32 v, int n, float fill) {
  return _mm512_mask_blend_ps(FirstLanes(n), Set1(fill), v);
}
// Lanes before n become `fill`.
PIONEER_INLINE F32 FillBefore(F32 v, int n, float fill) {
  return _mm512_mask_blend_ps(FirstLanes(n), v, Set1(fill));
}
// v where x >= limit, else 0 (NaN in x keeps v).
PIONEER_INLINE F32 ZeroBelow(F32 v, F32 x, float limit) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, Set1(limit), _CMP_NLT_UQ), v);
}
PIONEER_INLINE F32 SwapPairs(F32 v) { return _mm512_permute_ps(v, 0xB1); }

PIONEER_INLINE I32 SetI32(int v) { return _mm512_set1_epi32(v); }
PIONEER_INLINE I32 AddI32(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
PIONEER_INLINE I32 MaxI32(I32 a, I32 b) { return _mm512_max_epi32(a, b); }
PIONEER_INLINE I32 MagnitudeBits(F32 v) {
  return _mm512_and_si512(_mm512_castps_si512(v), SetI32(0x7FFFFFFF));
}
PIONEER_INLINE I32 Round(F32 v) { return _mm512_cvtps_epi32(v); }
PIONEER_INLINE F32 ToF32(I32 v) { return _mm512_cvtepi32_ps(v); }
// 2^n for -126 <= n <= 127.
PIONEER_INLINE F32 Exp2Int(I32 n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, SetI32(127)), 23));
}
PIONEER_INLINE F32 LoadU8(const void* p) {
  return ToF32(_mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
PIONEER_INLINE F32 LoadI8(const void* p) {
  return ToF32(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
// The low (high) nibbles of 16 bytes.
PIONEER_INLINE F32 LoadLow4(const void* p) {
  const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return ToF32(_mm512_cvtepu8_epi32(_mm_and_si128(bytes, _mm_set1_epi8(15))));
}
PIONEER_INLINE F32 LoadHigh4(const void* p) {
  const __m128i bytes = _mm_srli_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)), 4);
  return ToF32(_mm512_cvtepu8_epi32(_mm_and_si128(bytes, _mm_set1_epi8(15))));
}
PIONEER_INLINE void StoreI8(void* p, I32 v) {
  _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
}

PIONEER_INLINE __m256 LowHalf(F32 v) { return _mm512_castps512_ps256(v); }
PIONEER_INLINE __m256 HighHalf(F32 v) { return _mm512_extractf32x8_ps(v, 1); }
PIONEER_INLINE __m256i LowHalf(I32 v) { return _mm512_castsi512_si256(v); }
PIONEER_INLINE __m256i HighHalf(I32 v) { return _mm512_extracti32x8_epi32(v, 1); }

PIONEER_INLINE U8 LoadBytes(const void* p) { return _mm512_loadu_si512(p); }
PIONEER_INLINE void StoreBytes(void* p, U8 v) { _mm512_storeu_si512(p, v); }
PIONEER_INLINE U8 Or(U8 a, U8 b) { return _mm512_or_si512(a, b); }
// Bits [kFrom, kFrom + kWidth) of each byte, moved to bit kTo; the rest zero.
template <int kFrom, int kWidth, int kTo>
PIONEER_INLINE U8 MoveBits(U8 v) {
  constexpr int kLeft = kTo > kFrom ? kTo - kFrom : 0, kRight = kFrom > kTo ? kFrom - kTo : 0;
  if constexpr (kLeft > 0) v = _mm512_slli_epi16(v, kLeft);
  if constexpr (kRight > 0) v = _mm512_srli_epi16(v, kRight);
  return _mm512_and_si512(v, _mm512_set1_epi8(((1 << kWidth) - 1) << kTo));
}
// Each byte (below 16) becomes that entry of the table.
PIONEER_INLINE U8 Lookup(const uint8_t* table, U8 v) {
  const __m128i entries = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(entries), v);
}

// Lane i: acc += sum over j of w[i][j] * x[j]. kWide: w holds value + 128 in 8 bits; then the
// zero point is the sums' business.
template <bool kWide>
PIONEER_INLINE I32 Dot(I32 acc, U8 w, const int8_t* x) {
  // Not the intrinsic: GCC 12 copies and spills its accumulators.
  asm("vpdpbusd %2%{1to16%}, %1, %0"
      : "+v"(acc)
      : "v"(w), "m"(*reinterpret_cast<const int8_t(*)[4]>(x)));
  return acc;
}
