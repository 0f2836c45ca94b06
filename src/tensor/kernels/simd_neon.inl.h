// Why: the NEON half of the kernels: a vector of 16 lanes is four registers, so that every sum has
// the same order as on x86-64. What an instruction set is (kMaxTile and the like, and Dot) stands
// in the file that includes this one: kernels/neon*.cc.

struct F32 {
  float32x4_t q[4];
};
struct I32 {
  int32x4_t q[4];
};
struct U8 {
  uint8x16_t q[4];
};

// A vector whose quarters i = 0..3 are the expression.
#define PIONEER_QUARTER(index, ...) \
  {                                 \
    constexpr int i = index;        \
    r.q[i] = (__VA_ARGS__);         \
  }
#define PIONEER_QUARTERS(type, ...) \
  type r;                           \
  PIONEER_QUARTER(0, __VA_ARGS__)   \
  PIONEER_QUARTER(1, __VA_ARGS__)   \
  PIONEER_QUARTER(2, __VA_ARGS__)   \
  PIONEER_QUARTER(3, __VA_ARGS__)   \
  return r

PIONEER_INLINE F32 Set1(float v) { PIONEER_QUARTERS(F32, vdupq_n_f32(v)); }
PIONEER_INLINE F32 Load(const float* p) { PIONEER_QUARTERS(F32, vld1q_f32(p + 4 * i)); }
PIONEER_INLINE void Store(float* p, F32 v) {
  vst1q_f32(p, v.q[0]);
  vst1q_f32(p + 4, v.q[1]);
  vst1q_f32(p + 8, v.q[2]);
  vst1q_f32(p + 12, v.q[3]);
}
// There are no masked loads; rows seldom end within a vector.
[[gnu::noinline]] inline F32 LoadFirst(const float* p, int n) {
  float lanes[16] = {};
  for (int i = 0; i < n; ++i) lanes[i] = p[i];
  return Load(lanes);
}
[[gnu::noinline]] inline void StoreFirst(float* p, F32 v, int n) {
  float lanes[16];
  Store(lanes, v);
  for (int i = 0; i < n; ++i) p[i] = lanes[i];
}
PIONEER_INLINE F32 LoadPartial(const float* p, int n) {
  return n >= 16 ? Load(p) : LoadFirst(p, n);
}
PIONEER_INLINE void StorePartial(float* p, F32 v, int n) {
  n >= 16 ? Store(p, v) : StoreFirst(p, v, n);
}

PIONEER_INLINE uint16x8_t LoadHalves(const void* p, int first) {
  return vreinterpretq_u16_u8(vld1q_u8(static_cast<const uint8_t*>(p) + 2 * first));
}
PIONEER_INLINE F32 LoadF16(const void* p) {
  const float16x8_t lo = vreinterpretq_f16_u16(LoadHalves(p, 0));
  const float16x8_t hi = vreinterpretq_f16_u16(LoadHalves(p, 8));
  return {vcvt_f32_f16(vget_low_f16(lo)), vcvt_high_f32_f16(lo), vcvt_f32_f16(vget_low_f16(hi)),
          vcvt_high_f32_f16(hi)};
}
PIONEER_INLINE F32 LoadF16Partial(const void* p, int n) {
  if (n >= 16) return LoadF16(p);
  uint16_t halves[16] = {};
  std::memcpy(halves, p, static_cast<size_t>(n) * sizeof(uint16_t));
  return LoadF16(halves);
}
PIONEER_INLINE void StoreF16(void* p, F32 v) {
  auto* bytes = static_cast<uint8_t*>(p);
  vst1q_u8(bytes, vreinterpretq_u8_f16(vcvt_high_f16_f32(vcvt_f16_f32(v.q[0]), v.q[1])));
  vst1q_u8(bytes + 16, vreinterpretq_u8_f16(vcvt_high_f16_f32(vcvt_f16_f32(v.q[2]), v.q[3])));
}
PIONEER_INLINE F32 LoadBf16(const void* p) {
  const uint16x8_t zero = vdupq_n_u16(0), lo = LoadHalves(p, 0), hi = LoadHalves(p, 8);
  return {vreinterpretq_f32_u16(vzip1q_u16(zero, lo)), vreinterpretq_f32_u16(vzip2q_u16(zero, lo)),
          vreinterpretq_f32_u16(vzip1q_u16(zero, hi)), vreinterpretq_f32_u16(vzip2q_u16(zero, hi))};
}

PIONEER_INLINE F32 Add(F32 a, F32 b) { PIONEER_QUARTERS(F32, vaddq_f32(a.q[i], b.q[i])); }
PIONEER_INLINE F32 Sub(F32 a, F32 b) { PIONEER_QUARTERS(F32, vsubq_f32(a.q[i], b.q[i])); }
PIONEER_INLINE F32 Mul(F32 a, F32 b) { PIONEER_QUARTERS(F32, vmulq_f32(a.q[i], b.q[i])); }
PIONEER_INLINE F32 Div(F32 a, F32 b) { PIONEER_QUARTERS(F32, vdivq_f32(a.q[i], b.q[i])); }
PIONEER_INLINE F32 Fma(F32 a, F32 b, F32 c) {
  PIONEER_QUARTERS(F32, vfmaq_f32(c.q[i], a.q[i], b.q[i]));
}
PIONEER_INLINE F32 Fnma(F32 a, F32 b, F32 c) {
  PIONEER_QUARTERS(F32, vfmsq_f32(c.q[i], a.q[i], b.q[i]));
}
// Not vminq_f32 and vmaxq_f32, which give NaN where either is one.
PIONEER_INLINE float32x4_t MinOf4(float32x4_t a, float32x4_t b) {
  return vbslq_f32(vcltq_f32(a, b), a, b);
}
PIONEER_INLINE float32x4_t MaxOf4(float32x4_t a, float32x4_t b) {
  return vbslq_f32(vcgtq_f32(a, b), a, b);
}
PIONEER_INLINE F32 Min(F32 a, F32 b) { PIONEER_QUARTERS(F32, MinOf4(a.q[i], b.q[i])); }
PIONEER_INLINE F32 Max(F32 a, F32 b) { PIONEER_QUARTERS(F32, MaxOf4(a.q[i], b.q[i])); }
PIONEER_INLINE bool AnyAbove(F32 v, float limit) {
  const float32x4_t bar = vdupq_n_f32(limit);
  const uint32x4_t lo = vorrq_u32(vcgtq_f32(v.q[0], bar), vcgtq_f32(v.q[1], bar));
  const uint32x4_t hi = vorrq_u32(vcgtq_f32(v.q[2], bar), vcgtq_f32(v.q[3], bar));
  return vmaxvq_u32(vorrq_u32(lo, hi)) != 0;
}
// All ones in those of lanes [4 i, 4 i + 4) that are before n.
PIONEER_INLINE uint32x4_t Before(int n, int i) {
  return vcltq_s32(int32x4_t{0, 1, 2, 3}, vdupq_n_s32(n - 4 * i));
}
PIONEER_INLINE F32 FillFrom(F32 v, int n, float fill) {
  PIONEER_QUARTERS(F32, vbslq_f32(Before(n, i), v.q[i], vdupq_n_f32(fill)));
}
PIONEER_INLINE F32 FillBefore(F32 v, int n, float fill) {
  PIONEER_QUARTERS(F32, vbslq_f32(Before(n, i), vdupq_n_f32(fill), v.q[i]));
}
PIONEER_INLINE F32 ZeroBelow(F32 v, F32 x, float limit) {
  PIONEER_QUARTERS(F32, vbslq_f32(vcltq_f32(x.q[i], vdupq_n_f32(limit)), vdupq_n_f32(0), v.q[i]));
}
PIONEER_INLINE F32 SwapPairs(F32 v) { PIONEER_QUARTERS(F32, vrev64q_f32(v.q[i])); }

PIONEER_INLINE I32 SetI32(int v) { PIONEER_QUARTERS(I32, vdupq_n_s32(v)); }
PIONEER_INLINE I32 AddI32(I32 a, I32 b) { PIONEER_QUARTERS(I32, vaddq_s32(a.q[i], b.q[i])); }
PIONEER_INLINE I32 MaxI32(I32 a, I32 b) { PIONEER_QUARTERS(I32, vmaxq_s32(a.q[i], b.q[i])); }
PIONEER_INLINE I32 MagnitudeBits(F32 v) {
  PIONEER_QUARTERS(I32, vreinterpretq_s32_f32(vabsq_f32(v.q[i])));
}
// Out of range gives the nearest integer and NaN 0 (on x86-64 the smallest integer).
PIONEER_INLINE I32 Round(F32 v) { PIONEER_QUARTERS(I32, vcvtnq_s32_f32(v.q[i])); }
PIONEER_INLINE F32 ToF32(I32 v) { PIONEER_QUARTERS(F32, vcvtq_f32_s32(v.q[i])); }
PIONEER_INLINE F32 Exp2Int(I32 n) {
  PIONEER_QUARTERS(F32,
                   vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n.q[i], vdupq_n_s32(127)), 23)));
}

PIONEER_INLINE F32 BytesToF32(uint8x16_t bytes) {
  const uint16x8_t lo = vmovl_u8(vget_low_u8(bytes)), hi = vmovl_high_u8(bytes);
  return {vcvtq_f32_u32(vmovl_u16(vget_low_u16(lo))), vcvtq_f32_u32(vmovl_high_u16(lo)),
          vcvtq_f32_u32(vmovl_u16(vget_low_u16(hi))), vcvtq_f32_u32(vmovl_high_u16(hi))};
}
PIONEER_INLINE F32 LoadU8(const void* p) {
  return BytesToF32(vld1q_u8(static_cast<const uint8_t*>(p)));
}
PIONEER_INLINE F32 LoadI8(const void* p) {
  const int8x16_t bytes = vld1q_s8(static_cast<const int8_t*>(p));
  const int16x8_t lo = vmovl_s8(vget_low_s8(bytes)), hi = vmovl_high_s8(bytes);
  return ToF32({vmovl_s16(vget_low_s16(lo)), vmovl_high_s16(lo), vmovl_s16(vget_low_s16(hi)),
                vmovl_high_s16(hi)});
}
PIONEER_INLINE F32 LoadLow4(const void* p) {
  return BytesToF32(vandq_u8(vld1q_u8(static_cast<const uint8_t*>(p)), vdupq_n_u8(15)));
}
PIONEER_INLINE F32 LoadHigh4(const void* p) {
  return BytesToF32(vshrq_n_u8(vld1q_u8(static_cast<const uint8_t*>(p)), 4));
}
// Lanes within [-128, 127].
PIONEER_INLINE void StoreI8(void* p, I32 v) {
  const auto low_bytes = [](int32x4_t even, int32x4_t odd) {
    return vuzp1q_s16(vreinterpretq_s16_s32(even), vreinterpretq_s16_s32(odd));
  };
  const int16x8_t lo = low_bytes(v.q[0], v.q[1]), hi = low_bytes(v.q[2], v.q[3]);
  vst1q_s8(static_cast<int8_t*>(p), vuzp1q_s8(vreinterpretq_s8_s16(lo), vreinterpretq_s8_s16(hi)));
}

// Halves are added until one lane is left, as on x86-64.
PIONEER_INLINE float ReduceAdd(F32 v) {
  const float32x4_t four = vaddq_f32(vaddq_f32(v.q[0], v.q[2]), vaddq_f32(v.q[1], v.q[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
PIONEER_INLINE float ReduceMax(F32 v) {
  const float32x4_t four = MaxOf4(MaxOf4(v.q[0], v.q[2]), MaxOf4(v.q[1], v.q[3]));
  const float32x4_t two = MaxOf4(four, vextq_f32(four, four, 2));
  return vgetq_lane_f32(MaxOf4(two, vextq_f32(two, two, 1)), 0);
}
PIONEER_INLINE int32_t ReduceAddI32(I32 v) {
  return vaddvq_s32(vaddq_s32(vaddq_s32(v.q[0], v.q[2]), vaddq_s32(v.q[1], v.q[3])));
}
PIONEER_INLINE int32_t ReduceMaxI32(I32 v) {
  return vmaxvq_s32(vmaxq_s32(vmaxq_s32(v.q[0], v.q[2]), vmaxq_s32(v.q[1], v.q[3])));
}

PIONEER_INLINE U8 LoadBytes(const void* p) {
  PIONEER_QUARTERS(U8, vld1q_u8(static_cast<const uint8_t*>(p) + 16 * i));
}
PIONEER_INLINE void StoreBytes(void* p, U8 v) {
  auto* bytes = static_cast<uint8_t*>(p);
  vst1q_u8(bytes, v.q[0]);
  vst1q_u8(bytes + 16, v.q[1]);
  vst1q_u8(bytes + 32, v.q[2]);
  vst1q_u8(bytes + 48, v.q[3]);
}
PIONEER_INLINE U8 Or(U8 a, U8 b) { PIONEER_QUARTERS(U8, vorrq_u8(a.q[i], b.q[i])); }
// Shifts are within bytes: what they push out need not be masked.
template <int kFrom, int kWidth, int kTo>
PIONEER_INLINE uint8x16_t MoveBitsOf16(uint8x16_t v) {
  constexpr int kLeft = kTo > kFrom ? kTo - kFrom : 0, kRight = kFrom > kTo ? kFrom - kTo : 0;
  if constexpr (kLeft > 0) v = vshlq_n_u8(v, kLeft);
  if constexpr (kRight > 0) v = vshrq_n_u8(v, kRight);
  constexpr bool kCleanBelow = kTo == 0 || kLeft == kTo;
  constexpr bool kCleanAbove = kTo + kWidth == 8 || (kRight > 0 && kFrom + kWidth == 8);
  if constexpr (kCleanBelow && kCleanAbove) return v;
  return vandq_u8(v, vdupq_n_u8(((1 << kWidth) - 1) << kTo));
}
template <int kFrom, int kWidth, int kTo>
PIONEER_INLINE U8 MoveBits(U8 v) {
  PIONEER_QUARTERS(U8, MoveBitsOf16<kFrom, kWidth, kTo>(v.q[i]));
}
PIONEER_INLINE U8 Lookup(const uint8_t* table, U8 v) {
  const uint8x16_t entries = vld1q_u8(table);
  PIONEER_QUARTERS(U8, vqtbl1q_u8(entries, v.q[i]));
}
