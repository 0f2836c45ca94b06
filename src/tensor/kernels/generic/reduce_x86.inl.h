// Why: sums over lanes in one fixed order for every x86 set: halves are added until one is left.

PIONEER_INLINE float ReduceAdd(F32 v) {
  const __m256 eight = _mm256_add_ps(LowHalf(v), HighHalf(v));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
PIONEER_INLINE float ReduceMax(F32 v) {
  const __m256 eight = _mm256_max_ps(LowHalf(v), HighHalf(v));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
PIONEER_INLINE int32_t ReduceAddI32(I32 v) {
  const __m256i eight = _mm256_add_epi32(LowHalf(v), HighHalf(v));
  const __m128i four =
      _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
}
PIONEER_INLINE int32_t ReduceMaxI32(I32 v) {
  const __m256i eight = _mm256_max_epi32(LowHalf(v), HighHalf(v));
  const __m128i four =
      _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_max_epi32(four, _mm_unpackhi_epi64(four, four));
  return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 1)));
}
