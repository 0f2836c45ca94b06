// Why: keys and values of 8 and 4 bits, multiplied as integers. Blocks of 32 dimensions of a token
// share a scale, as in Q8_0 and Q4_0; a page keeps the scales of a block's tokens side by side.
// Queries are rounded to 8 bits as keys are; weights of a page, times the scales of the values, to
// 7 bits of the largest of them.
//
// A page is float16 [blocks][kKvPageTokens] scales, then codes. Keys: [dims / 4][tokens][4], or of
// 4 bits [dims / 8][tokens][4], the low half of a byte four dimensions before the high half.
// Values: [tokens / 4][dims][4], or [tokens / 8][dims][4] likewise.

constexpr int kKvBlock = 32;  // dimensions

struct Codes8 {
  static constexpr bool kWide = true;
  static constexpr int kZero = kWideZeroPoint;  // what Dot leaves to the sums
  static constexpr int kStored = 128;           // added to a code in a page
  static constexpr int kSteps = 4;              // dimensions or tokens in one byte of a vector
  // d such that all codes x / d are in range.
  static float Scale(float lowest, float highest) { return std::max(highest, -lowest) / 127.0f; }
  static constexpr int kLeast = -127, kMost = 127;
  static PIONEER_INLINE U8 Part(const U8& bytes, int) { return bytes; }
};
// The ends of the range are half a step beyond the codes: sixteen steps of d hold all values.
struct Codes4 {
  static constexpr bool kWide = false;
  static constexpr int kZero = 8;
  static constexpr int kStored = 8;
  static constexpr int kSteps = 8;
  static float Scale(float lowest, float highest) {
    return std::max(highest / 7.5f, -lowest / 8.5f);
  }
  static constexpr int kLeast = -8, kMost = 7;
  static PIONEER_INLINE U8 Part(const U8& bytes, int part) {
    return part == 0 ? MoveBits<0, 4, 0>(bytes) : MoveBits<4, 4, 0>(bytes);
  }
};

constexpr int KvBlocks(int dim) { return (dim + kKvBlock - 1) / kKvBlock; }

// A query: codes [blocks * 32], scales [blocks] float, sums of codes [blocks] int32.
struct ByteQuery {
  int8_t* codes;
  float* scales;
  int32_t* sums;
  ByteQuery(std::byte* at, int dim)
      : codes(reinterpret_cast<int8_t*>(at)),
        scales(reinterpret_cast<float*>(at + KvBlocks(dim) * kKvBlock)),
        sums(reinterpret_cast<int32_t*>(scales + KvBlocks(dim))) {}
};

inline int64_t ByteQueryBytes(int dim) { return int64_t{KvBlocks(dim)} * (kKvBlock + 8); }

inline void PutByteQuery(const float* q, float scale, int dim, std::byte* at) {
  const ByteQuery out(at, dim);
  for (int b = 0; b < KvBlocks(dim); ++b) {
    const int n = std::min(kKvBlock, dim - b * kKvBlock);
    const F32 x0 = LoadPartial(q + b * kKvBlock, std::min(n, 16));
    const F32 x1 = n > 16 ? LoadPartial(q + b * kKvBlock + 16, n - 16) : Set1(0);
    const int32_t bits = ReduceMaxI32(MaxI32(MagnitudeBits(x0), MagnitudeBits(x1)));
    const float step = bits >= 0x7F800000 ? std::numeric_limits<float>::quiet_NaN()
                                          : std::bit_cast<float>(bits) / 127.0f;
    const F32 inverse = Set1(InverseScale(step));
    I32 c0 = SetI32(0), c1 = SetI32(0);
    if (step > 0) {
      c0 = Round(Mul(x0, inverse));
      c1 = Round(Mul(x1, inverse));
    }
    StoreI8(out.codes + b * kKvBlock, c0);
    StoreI8(out.codes + b * kKvBlock + 16, c1);
    out.scales[b] = step * scale;
    out.sums[b] = ReduceAddI32(AddI32(c0, c1));
  }
}

// Sums of a block's products, for two vectors of 16 tokens.
template <typename Codes, int R>
PIONEER_INLINE void DotKeys(const int8_t* const* q, const std::byte* codes, int n_dims,
                            I32 (&acc)[R][2]) {
  for (int d = 0; d < n_dims; d += Codes::kSteps, codes += 4 * kKvPageTokens) {
    const U8 w0 = LoadBytes(codes), w1 = LoadBytes(codes + 64);
    PIONEER_UNROLL for (int part = 0; part < Codes::kSteps / 4; ++part) {
      const U8 p0 = Codes::Part(w0, part), p1 = Codes::Part(w1, part);
      PIONEER_UNROLL for (int r = 0; r < R; ++r) {
        acc[r][0] = Dot<Codes::kWide>(acc[r][0], p0, q[r] + d + 4 * part);
        acc[r][1] = Dot<Codes::kWide>(acc[r][1], p1, q[r] + d + 4 * part);
      }
    }
  }
}

template <typename Codes, int R>
inline void ScoreBytes(const QueryState& s, int first, const std::byte* page) {
  const int dim = s.shape->head_dim, blocks = KvBlocks(dim);
  const auto* k_scales = reinterpret_cast<const uint16_t*>(page);
  const std::byte* codes = page + blocks * kKvPageTokens * 2;
  float* scores = s.weights + first * kKvPageTokens;
  for (int b = 0; b < blocks; ++b, k_scales += kKvPageTokens) {
    I32 acc[R][2];
    const int8_t* q[R];
    float q_scale[R];
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      const ByteQuery query(s.q + (first + r) * s.query_bytes, dim);
      q[r] = query.codes + b * kKvBlock;
      q_scale[r] = query.scales[b];
      acc[r][0] = acc[r][1] = SetI32(-Codes::kZero * query.sums[b]);
    }
    const int n_dims = std::min(kKvBlock, (dim + 7) / 8 * 8 - b * kKvBlock);
    DotKeys<Codes, R>(q, codes, n_dims, acc);
    codes += n_dims * kKvPageTokens * 4 / Codes::kSteps;
    const F32 k0 = LoadF16(k_scales), k1 = LoadF16(k_scales + 16);
    PIONEER_UNROLL for (int r = 0; r < R; ++r) {
      float* at = scores + r * kKvPageTokens;
      const F32 by = Set1(q_scale[r]);
      const F32 before0 = b == 0 ? Set1(0) : Load(at), before1 = b == 0 ? Set1(0) : Load(at + 16);
      Store(at, Fma(Mul(ToF32(acc[r][0]), by), k0, before0));
      Store(at + 16, Fma(Mul(ToF32(acc[r][1]), by), k1, before1));
    }
  }
}

// The weights of one query for a page: codes [blocks][kKvPageTokens], their sums [blocks], and one
// scale.
struct ByteWeights {
  int8_t* codes;
  int32_t* sums;
  float* scale;
  ByteWeights(const QueryState& s, int r)
      : codes(reinterpret_cast<int8_t*>(s.rounded + r * (s.width / 4 + s.width / 32 + 1))),
        sums(reinterpret_cast<int32_t*>(codes + s.width)),
        scale(reinterpret_cast<float*>(sums + s.width / kKvBlock)) {}
};

// Weights times the scales of the values of a block; 0 where the span does not reach, since there a
// scale may be anything.
PIONEER_INLINE F32 ScaledWeights(const float* weights, const uint16_t* scales, int first,
                                 const PageSpan& span) {
  const F32 scaled = Mul(Load(weights + first), LoadF16(scales + first));
  return span.whole() ? scaled : Within(scaled, span, first, 0.0f);
}

PIONEER_INLINE void RoundWeights(const QueryState& s, int i, const ByteWeights& out,
                                 const uint16_t* scales, const PageSpan& span) {
  const float* weights = s.weights + i * kKvPageTokens;
  F32 highest = Set1(0);
  for (int b = 0; b < s.width / kKvBlock; ++b) {
    const uint16_t* of_block = scales + b * kKvPageTokens;
    highest = Max(highest, Max(ScaledWeights(weights, of_block, 0, span),
                               ScaledWeights(weights, of_block, 16, span)));
  }
  const float step = ReduceMax(highest) / 127.0f;
  *out.scale = step;
  const F32 inverse = Set1(InverseScale(step));
  for (int b = 0; b < s.width / kKvBlock; ++b) {
    const uint16_t* of_block = scales + b * kKvPageTokens;
    const I32 c0 = Round(Mul(ScaledWeights(weights, of_block, 0, span), inverse));
    const I32 c1 = Round(Mul(ScaledWeights(weights, of_block, 16, span), inverse));
    StoreI8(out.codes + b * kKvPageTokens, c0);
    StoreI8(out.codes + b * kKvPageTokens + 16, c1);
    out.sums[b] = ReduceAddI32(AddI32(c0, c1));
  }
}

// A block of 32 dimensions.
template <typename Codes, int R>
PIONEER_INLINE void AddByteBlock(const QueryState& s, int first, const std::byte* codes, int b) {
  I32 acc[R][2];
  const int8_t* w[R];
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    const ByteWeights weights(s, r);
    w[r] = weights.codes + b * kKvPageTokens;
    acc[r][0] = acc[r][1] = SetI32(-Codes::kZero * weights.sums[b]);
  }
  const std::byte* at = codes + b * kKvBlock * 4;
  for (int j = 0; j < kKvPageTokens; j += Codes::kSteps, at += s.width * 4) {
    const U8 w0 = LoadBytes(at), w1 = LoadBytes(at + 64);
    PIONEER_UNROLL for (int part = 0; part < Codes::kSteps / 4; ++part) {
      const U8 p0 = Codes::Part(w0, part), p1 = Codes::Part(w1, part);
      PIONEER_UNROLL for (int r = 0; r < R; ++r) {
        acc[r][0] = Dot<Codes::kWide>(acc[r][0], p0, w[r] + j + 4 * part);
        acc[r][1] = Dot<Codes::kWide>(acc[r][1], p1, w[r] + j + 4 * part);
      }
    }
  }
  PIONEER_UNROLL for (int r = 0; r < R; ++r) {
    float* sums = s.sums(first + r) + b * kKvBlock;
    const F32 by = Set1(*ByteWeights(s, r).scale);
    Store(sums, Fma(ToF32(acc[r][0]), by, Load(sums)));
    Store(sums + 16, Fma(ToF32(acc[r][1]), by, Load(sums + 16)));
  }
}

template <typename Codes, int R = kQueryTile>
inline void ScoreByteTile(const QueryState& s, int first, int n, const std::byte* k) {
  if constexpr (R > 0) {
    if (n == R) return ScoreBytes<Codes, R>(s, first, k);
    ScoreByteTile<Codes, R - 1>(s, first, n, k);
  }
}

template <typename Codes, int R = kQueryTile>
inline void AddByteTile(const QueryState& s, int first, int n, const std::byte* codes) {
  if constexpr (R > 0) {
    if (n < R) return AddByteTile<Codes, R - 1>(s, first, n, codes);
    for (int b = 0; b < s.width / kKvBlock; ++b) AddByteBlock<Codes, R>(s, first, codes, b);
  }
}

template <typename Codes>
inline void AddBytes(const QueryState& s, int first, int n, const std::byte* v,
                     const PageSpan& span) {
  const auto* scales = reinterpret_cast<const uint16_t*>(v);
  for (int r = 0; r < n; ++r) RoundWeights(s, first + r, ByteWeights(s, r), scales, span);
  AddByteTile<Codes>(s, first, n, v + s.width / kKvBlock * kKvPageTokens * 2);
}

// The codes of a token's block and its scale. Beyond the dimensions there are zeros.
template <typename Codes>
inline uint16_t RoundBlock(const float* x, int n, uint8_t (&codes)[kKvBlock]) {
  const auto [lowest, highest] = std::minmax_element(x, x + n);
  const uint16_t scale = FloatToHalf(Codes::Scale(*lowest, *highest));
  const float step = HalfToFloat(scale), inverse = step > 0 ? 1.0f / step : 0.0f;
  for (int d = 0; d < kKvBlock; ++d) {
    const float code = d < n ? std::nearbyint(x[d] * inverse) : 0.0f;
    const bool sound = code >= Codes::kLeast;  // not NaN either
    const float bounded = sound ? std::min(code, float{Codes::kMost}) : float{Codes::kLeast};
    codes[d] = static_cast<uint8_t>(static_cast<int>(bounded) + Codes::kStored);
  }
  return scale;
}

// Half a byte at a time where two codes share one.
template <typename Codes>
PIONEER_INLINE void PutCode(uint8_t code, int half, std::byte* at) {
  if constexpr (Codes::kSteps == 4) {
    *at = std::byte{code};
  } else {
    const auto other = *at & std::byte(half == 0 ? 0xF0 : 0x0F);
    *at = other | std::byte(half == 0 ? code : code << 4);
  }
}

template <typename Codes>
inline void PutByteKey(const float* k, int dim, int slot, std::byte* page) {
  auto* scales = reinterpret_cast<uint16_t*>(page) + slot;
  std::byte* codes = page + KvBlocks(dim) * kKvPageTokens * 2 + slot * 4;
  for (int b = 0; b < KvBlocks(dim); ++b) {
    uint8_t rounded[kKvBlock];
    const int n = std::min(kKvBlock, dim - b * kKvBlock);
    scales[b * kKvPageTokens] = RoundBlock<Codes>(k + b * kKvBlock, n, rounded);
    for (int i = 0; i < (n + 7) / 8 * 8; ++i) {
      const int d = b * kKvBlock + i, place = d % Codes::kSteps;
      PutCode<Codes>(rounded[i], place / 4,
                     codes + d / Codes::kSteps * 4 * kKvPageTokens + place % 4);
    }
  }
}

template <typename Codes>
inline void PutByteValue(const float* v, int dim, int slot, std::byte* page) {
  const int width = AttentionWidth(dim), place = slot % Codes::kSteps;
  auto* scales = reinterpret_cast<uint16_t*>(page) + slot;
  std::byte* codes = page + width / kKvBlock * kKvPageTokens * 2 +
                     int64_t{slot / Codes::kSteps} * width * 4 + place % 4;
  for (int b = 0; b < width / kKvBlock; ++b) {
    uint8_t rounded[kKvBlock];
    const int n = std::min(kKvBlock, dim - b * kKvBlock);
    scales[b * kKvPageTokens] = RoundBlock<Codes>(v + b * kKvBlock, n, rounded);
    for (int i = 0; i < kKvBlock; ++i) {
      PutCode<Codes>(rounded[i], place / 4, codes + (b * kKvBlock + i) * 4);
    }
  }
}

template <typename Codes>
constexpr KeyKernel ByteKeys() {
  return {ByteQueryBytes, PutByteQuery, ScoreByteTile<Codes>, PutByteKey<Codes>};
}
template <typename Codes>
constexpr ValueKernel ByteValues() {
  return {AddBytes<Codes>, PutByteValue<Codes>};
}
