// Why: a tile times an unpacked chunk by products of 2 x 8 with 8 x 2 matrices: two rows of a panel
// with two tokens. Sums keep this shape, {row 0: token 0, token 1; row 1: token 0, token 1}, to the
// end of the chunk; each has the arithmetic of generic/matmul.inl.h, which includes this file.

constexpr int kRowPairs = kPanelRows / 2;

// Each two vectors, of 4 k and the next 4, become 8 k of the pairs of rows.
template <int kVectors>
PIONEER_INLINE void PutCodes(const U8* codes, int g, Chunk& chunk) {
  PIONEER_UNROLL for (int i = 0; i < kVectors; i += 2) {
    uint8_t* out = chunk.codes[g * kVectors + i];
    PIONEER_UNROLL for (int q = 0; q < 4; ++q) {
      const uint32x4_t first = vreinterpretq_u32_u8(codes[i].q[q]);
      const uint32x4_t next = vreinterpretq_u32_u8(codes[i + 1].q[q]);
      vst1q_u8(out + 32 * q, vreinterpretq_u8_u32(vzip1q_u32(first, next)));
      vst1q_u8(out + 32 * q + 16, vreinterpretq_u8_u32(vzip2q_u32(first, next)));
    }
  }
}

// The 4 bytes of tokens t and t + 1 of a tile, and zeros; no t + 1 past its end.
template <int T>
PIONEER_INLINE int32x4_t OfTokens(const void* tile, int t) {
  const auto* at = static_cast<const uint8_t*>(tile) + 4 * t;
  const int32x2_t zero = vdup_n_s32(0);
  if (t + 1 < T) return vcombine_s32(vreinterpret_s32_u8(vld1_u8(at)), zero);
  int32_t one;
  std::memcpy(&one, at, sizeof one);
  return vcombine_s32(int32x2_t{one, 0}, zero);
}
PIONEER_INLINE int32x4_t Twice(int32x4_t v) {
  return vreinterpretq_s32_s64(vdupq_laneq_s64(vreinterpretq_s64_s32(v), 0));
}

// 8 k of tokens t and t + 1.
template <int T>
PIONEER_INLINE int8x16_t TokenPair(const int8_t* values, int t) {
  return vreinterpretq_s8_s32(vzip1q_s32(OfTokens<T>(values, t), OfTokens<T>(values + 4 * T, t)));
}

// Each row's number for the pairs 2 q and 2 q + 1 of rows.
PIONEER_INLINE float32x4x2_t RowPairs(const float* rows, int q) {
  const float32x4_t v = vld1q_f32(rows + 4 * q);
  return {vzip1q_f32(v, v), vzip2q_f32(v, v)};
}

// A group's share of the sums of tokens 2 u and 2 u + 1.
template <typename M, int T, int kPairs>
PIONEER_INLINE void AddPairs(const int32x4_t (*dots)[kPairs], const float* scales,
                             const float* mins, const TileAct& x, int g,
                             float32x4_t (*totals)[kPairs]) {
  PIONEER_UNROLL for (int q = 0; q < 4; ++q) {
    const float32x4x2_t scale = RowPairs(scales, q);
    float32x4x2_t min = scale;
    if constexpr (M::kHasMin) min = RowPairs(mins, q);
    PIONEER_UNROLL for (int u = 0; u < kPairs; ++u) {
      PIONEER_UNROLL for (int p = 0; p < 2; ++p) {
        float32x4_t& total = totals[2 * q + p][u];
        float32x4_t dot = vcvtq_f32_s32(dots[2 * q + p][u]);
        if constexpr (M::kActPerGroup) {
          const int32x4_t act = Twice(OfTokens<T>(x.scales + g * T, 2 * u));
          dot = vmulq_f32(dot, vreinterpretq_f32_s32(act));
        }
        total = vfmaq_f32(total, dot, scale.val[p]);
        if constexpr (M::kHasMin) {
          const int32x4_t sum = Twice(OfTokens<T>(x.sums + g * T, 2 * u));
          total = vfmsq_f32(total, vreinterpretq_f32_s32(sum), min.val[p]);
        }
      }
    }
  }
}

template <typename M, int T>
void MultiplyChunk(const Chunk& chunk, int n_groups, const TileAct& x, float* sums) {
  constexpr int kVectors = M::kGroup / 4, kPairs = (T + 1) / 2;
  float32x4_t totals[kRowPairs][kPairs] = {};
  for (int g = 0; g < n_groups; ++g) {
    int32x4_t dots[kRowPairs][kPairs];
    PIONEER_UNROLL for (int u = 0; u < kPairs; ++u) {
      const int32x4_t start =
          M::kHasZeroPoint ? Twice(OfTokens<T>(x.sums + g * T, 2 * u)) : vdupq_n_s32(0);
      PIONEER_UNROLL for (int p = 0; p < kRowPairs; ++p) dots[p][u] = start;
    }
    const int8_t* values = x.values + g * (M::kGroup * T);
    PIONEER_UNROLL for (int i = 0; i < kVectors; i += 2) {
      const uint8_t* codes = chunk.codes[g * kVectors + i];
      int8x16_t tokens[kPairs];
      PIONEER_UNROLL for (int u = 0; u < kPairs; ++u) {
        tokens[u] = TokenPair<T>(values + 4 * T * i, 2 * u);
      }
      PIONEER_UNROLL for (int p = 0; p < kRowPairs; ++p) {
        const uint8x16_t rows = vld1q_u8(codes + 16 * p);
        PIONEER_UNROLL for (int u = 0; u < kPairs; ++u) {
          dots[p][u] = vusmmlaq_s32(dots[p][u], rows, tokens[u]);
        }
      }
    }
    AddPairs<M, T, kPairs>(dots, chunk.scale[g], chunk.min[g], x, g, totals);
  }
  F32 of_tokens[2 * kPairs];
  PIONEER_UNROLL for (int u = 0; u < kPairs; ++u) {
    PIONEER_UNROLL for (int q = 0; q < 4; ++q) {
      of_tokens[2 * u].q[q] = vuzp1q_f32(totals[2 * q][u], totals[2 * q + 1][u]);
      of_tokens[2 * u + 1].q[q] = vuzp2q_f32(totals[2 * q][u], totals[2 * q + 1][u]);
    }
  }
  AddChunk<M, T>(of_tokens, x.scales, sums);
}
