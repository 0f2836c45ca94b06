// Why: the same 16-lane vectors in plain C++, for machines without the other sets and as the
// reference in tests.

constexpr int kMaxTile = 4;
constexpr int kDirectTile = 2;
constexpr int kQueryTile = 2;
constexpr int kValueTile = 2;
constexpr int kWideZeroPoint = 128;
constexpr int kLanes = 16;

struct F32 {
  float v[kLanes];
};
struct I32 {
  int32_t v[kLanes];
};
struct U8 {
  uint8_t v[4 * kLanes];
};

#define PIONEER_LANES(type, expression)                   \
  type r;                                                 \
  for (int i = 0; i < kLanes; ++i) r.v[i] = (expression); \
  return r

PIONEER_INLINE F32 Set1(float x) { PIONEER_LANES(F32, x); }
PIONEER_INLINE F32 Load(const float* p) { PIONEER_LANES(F32, p[i]); }
PIONEER_INLINE F32 LoadPartial(const float* p, int n) { PIONEER_LANES(F32, i < n ? p[i] : 0.0f); }
PIONEER_INLINE void StorePartial(float* p, const F32& x, int n) {
  for (int i = 0; i < n; ++i) p[i] = x.v[i];
}
PIONEER_INLINE void Store(float* p, const F32& x) { StorePartial(p, x, kLanes); }
PIONEER_INLINE uint16_t HalfAt(const void* p, int i) {
  uint16_t half;
  std::memcpy(&half, static_cast<const char*>(p) + 2 * i, sizeof half);
  return half;
}
PIONEER_INLINE F32 LoadF16(const void* p) { PIONEER_LANES(F32, HalfToFloat(HalfAt(p, i))); }
PIONEER_INLINE F32 LoadF16Partial(const void* p, int n) {
  PIONEER_LANES(F32, i < n ? HalfToFloat(HalfAt(p, i)) : 0.0f);
}
PIONEER_INLINE void StoreF16(void* p, const F32& x) {
  uint16_t halves[kLanes];
  for (int i = 0; i < kLanes; ++i) halves[i] = FloatToHalf(x.v[i]);
  std::memcpy(p, halves, sizeof halves);
}
PIONEER_INLINE F32 LoadBf16(const void* p) { PIONEER_LANES(F32, Bf16ToFloat(HalfAt(p, i))); }

PIONEER_INLINE F32 Add(const F32& a, const F32& b) { PIONEER_LANES(F32, a.v[i] + b.v[i]); }
PIONEER_INLINE F32 Sub(const F32& a, const F32& b) { PIONEER_LANES(F32, a.v[i] - b.v[i]); }
PIONEER_INLINE F32 Mul(const F32& a, const F32& b) { PIONEER_LANES(F32, a.v[i] * b.v[i]); }
PIONEER_INLINE F32 Div(const F32& a, const F32& b) { PIONEER_LANES(F32, a.v[i] / b.v[i]); }
PIONEER_INLINE F32 Fma(const F32& a, const F32& b, const F32& c) {
  PIONEER_LANES(F32, a.v[i] * b.v[i] + c.v[i]);
}
PIONEER_INLINE F32 Fnma(const F32& a, const F32& b, const F32& c) {
  PIONEER_LANES(F32, c.v[i] - a.v[i] * b.v[i]);
}
PIONEER_INLINE F32 Min(const F32& a, const F32& b) {
  PIONEER_LANES(F32, a.v[i] < b.v[i] ? a.v[i] : b.v[i]);
}
PIONEER_INLINE F32 Max(const F32& a, const F32& b) {
  PIONEER_LANES(F32, a.v[i] > b.v[i] ? a.v[i] : b.v[i]);
}
PIONEER_INLINE bool AnyAbove(const F32& x, float limit) {
  return std::any_of(std::begin(x.v), std::end(x.v), [=](float v) { return v > limit; });
}
PIONEER_INLINE F32 FillFrom(const F32& x, int n, float fill) {
  PIONEER_LANES(F32, i < n ? x.v[i] : fill);
}
PIONEER_INLINE F32 FillBefore(const F32& x, int n, float fill) {
  PIONEER_LANES(F32, i < n ? fill : x.v[i]);
}
PIONEER_INLINE F32 ZeroBelow(const F32& y, const F32& x, float limit) {
  PIONEER_LANES(F32, x.v[i] < limit ? 0.0f : y.v[i]);
}
PIONEER_INLINE F32 SwapPairs(const F32& x) { PIONEER_LANES(F32, x.v[i ^ 1]); }

PIONEER_INLINE I32 SetI32(int x) { PIONEER_LANES(I32, x); }
// As the instructions of the others do: of NaN no sum means anything.
PIONEER_INLINE int32_t AddWrapping(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
PIONEER_INLINE I32 AddI32(const I32& a, const I32& b) {
  PIONEER_LANES(I32, AddWrapping(a.v[i], b.v[i]));
}
PIONEER_INLINE I32 MaxI32(const I32& a, const I32& b) {
  PIONEER_LANES(I32, a.v[i] > b.v[i] ? a.v[i] : b.v[i]);
}
PIONEER_INLINE I32 MagnitudeBits(const F32& x) {
  PIONEER_LANES(I32, std::bit_cast<int32_t>(x.v[i]) & 0x7FFFFFFF);
}
// Out of range and NaN give the smallest integer, as the x86 instruction does.
PIONEER_INLINE I32 Round(const F32& x) {
  PIONEER_LANES(
      I32, std::fabs(x.v[i]) < 0x1p31f ? static_cast<int32_t>(std::lrintf(x.v[i])) : INT32_MIN);
}
PIONEER_INLINE F32 ToF32(const I32& x) { PIONEER_LANES(F32, static_cast<float>(x.v[i])); }
PIONEER_INLINE F32 Exp2Int(const I32& n) {
  PIONEER_LANES(F32, std::bit_cast<float>((static_cast<uint32_t>(n.v[i]) + 127u) << 23));
}
PIONEER_INLINE F32 LoadU8(const void* p) {
  PIONEER_LANES(F32, static_cast<float>(static_cast<const uint8_t*>(p)[i]));
}
PIONEER_INLINE F32 LoadI8(const void* p) {
  PIONEER_LANES(F32, static_cast<float>(static_cast<const int8_t*>(p)[i]));
}
PIONEER_INLINE F32 LoadLow4(const void* p) {
  PIONEER_LANES(F32, static_cast<float>(static_cast<const uint8_t*>(p)[i] & 15));
}
PIONEER_INLINE F32 LoadHigh4(const void* p) {
  PIONEER_LANES(F32, static_cast<float>(static_cast<const uint8_t*>(p)[i] >> 4));
}
PIONEER_INLINE void StoreI8(void* p, const I32& x) {
  for (int i = 0; i < kLanes; ++i) static_cast<int8_t*>(p)[i] = static_cast<int8_t>(x.v[i]);
}

template <typename Vector, typename Combine>
PIONEER_INLINE auto Halve(const Vector& x, Combine combine) {
  Vector r = x;
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) r.v[i] = combine(r.v[i], r.v[i + width]);
  }
  return r.v[0];
}
PIONEER_INLINE float ReduceAdd(const F32& x) { return Halve(x, std::plus<>()); }
PIONEER_INLINE float ReduceMax(const F32& x) {
  return Halve(x, [](float a, float b) { return a > b ? a : b; });
}
PIONEER_INLINE int32_t ReduceAddI32(const I32& x) { return Halve(x, AddWrapping); }
PIONEER_INLINE int32_t ReduceMaxI32(const I32& x) {
  return Halve(x, [](int32_t a, int32_t b) { return a > b ? a : b; });
}

PIONEER_INLINE U8 LoadBytes(const void* p) {
  U8 r;
  std::memcpy(r.v, p, sizeof r.v);
  return r;
}
PIONEER_INLINE void StoreBytes(void* p, const U8& x) { std::memcpy(p, x.v, sizeof x.v); }

#define PIONEER_BYTES(expression)                                                 \
  U8 r;                                                                           \
  for (int i = 0; i < 4 * kLanes; ++i) r.v[i] = static_cast<uint8_t>(expression); \
  return r

PIONEER_INLINE U8 Or(const U8& a, const U8& b) { PIONEER_BYTES(a.v[i] | b.v[i]); }
template <int kFrom, int kWidth, int kTo>
PIONEER_INLINE U8 MoveBits(const U8& x) {
  PIONEER_BYTES((x.v[i] >> kFrom & ((1 << kWidth) - 1)) << kTo);
}
PIONEER_INLINE U8 Lookup(const uint8_t* table, const U8& x) { PIONEER_BYTES(table[x.v[i]]); }
#undef PIONEER_LANES
#undef PIONEER_BYTES

template <bool kWide>
PIONEER_INLINE I32 Dot(I32 acc, const U8& w, const int8_t* x) {
  for (int i = 0; i < kLanes; ++i) {
    for (int j = 0; j < 4; ++j) acc.v[i] += w.v[4 * i + j] * x[j];
  }
  return acc;
}
