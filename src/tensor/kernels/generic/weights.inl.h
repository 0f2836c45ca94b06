// Why: how each weight type's panel block (panels.h) becomes unsigned codes and scales. A type has
// kGroup k under one scale; Codes() gives the kGroup / 4 byte vectors of a group. Its value is
// scale * (code - zero point) - min. kStep groups are taken together, so that a group's number
// modulo kStep is known to the compiler.

PIONEER_INLINE void NibbleCodes(const uint8_t* p, U8* codes) {
  PIONEER_UNROLL for (int i = 0; i < 4; ++i) {
    const U8 both = LoadBytes(p + 64 * i);
    codes[i] = LowNibbles(both);
    codes[i + 4] = HighNibbles(both);
  }
}

struct WeightQ8_0 {
  static constexpr int kBlockK = 32, kGroup = 32, kStep = 1, kActGroup = 32, kBlockBytes = 544;
  static constexpr bool kWide = true, kHasMin = false;
  static constexpr int kZeroPoint = kWideZeroPoint;
  template <int kOfStep>
  static PIONEER_INLINE void Codes(const uint8_t* block, int, U8* codes) {
    PIONEER_UNROLL for (int i = 0; i < 8; ++i) codes[i] = LoadBytes(block + 64 * i);
  }
  static PIONEER_INLINE F32 Scale(const uint8_t* block, int) { return LoadF16(block + 512); }
  static PIONEER_INLINE F32 Min(const uint8_t*, int) { return Set1(0); }
};

struct WeightQ4_0 {
  static constexpr int kBlockK = 32, kGroup = 32, kStep = 1, kActGroup = 32,
                       kBlockBytes = kNibbleBytes + 32;
  static constexpr bool kWide = false, kHasMin = false;
  static constexpr int kZeroPoint = 8;
  template <int kOfStep>
  static PIONEER_INLINE void Codes(const uint8_t* block, int, U8* codes) {
    NibbleCodes(block, codes);
  }
  static PIONEER_INLINE F32 Scale(const uint8_t* block, int) {
    return LoadF16(block + kNibbleBytes);
  }
  static PIONEER_INLINE F32 Min(const uint8_t*, int) { return Set1(0); }
};

template <typename Panel>
struct WeightAffineK {
  static constexpr int kBlockK = 256, kGroup = 32, kStep = 1, kActGroup = 256,
                       kBlockBytes = Panel::kBytes;
  static constexpr bool kWide = false, kHasMin = true;
  static constexpr int kZeroPoint = 0;
  static PIONEER_INLINE F32 Scale(const uint8_t* block, int group) {
    return Mul(LoadF16(block + Panel::kD), LoadU8(block + Panel::kScale + group * kPanelRows));
  }
  static PIONEER_INLINE F32 Min(const uint8_t* block, int group) {
    return Mul(LoadF16(block + Panel::kDMin), LoadU8(block + Panel::kMin + group * kPanelRows));
  }
};

struct WeightQ4_K : WeightAffineK<PanelQ4_K> {
  template <int kOfStep>
  static PIONEER_INLINE void Codes(const uint8_t* block, int group, U8* codes) {
    NibbleCodes(block + PanelQ4_K::kCodes + group * PanelQ4_K::kStride, codes);
  }
};

struct WeightQ5_K : WeightAffineK<PanelQ5_K> {
  template <int kOfStep>
  static PIONEER_INLINE void Codes(const uint8_t* block, int group, U8* codes) {
    const uint8_t* at = block + PanelQ5_K::kCodes + group * PanelQ5_K::kStride;
    NibbleCodes(at, codes);
    const U8 fifth = LoadBytes(at + kNibbleBytes);
    codes[0] = Or(codes[0], BitsAt4<0, 1>(fifth));
    codes[1] = Or(codes[1], BitsAt4<1, 1>(fifth));
    codes[2] = Or(codes[2], BitsAt4<2, 1>(fifth));
    codes[3] = Or(codes[3], BitsAt4<3, 1>(fifth));
    codes[4] = Or(codes[4], BitsAt4<4, 1>(fifth));
    codes[5] = Or(codes[5], BitsAt4<5, 1>(fifth));
    codes[6] = Or(codes[6], BitsAt4<6, 1>(fifth));
    codes[7] = Or(codes[7], BitsAt4<7, 1>(fifth));
  }
};

// A scale per 16: a pair of groups shares its nibble bytes, group 0 in the low halves.
struct WeightQ6_K {
  static constexpr int kBlockK = 256, kGroup = 16, kStep = 2, kActGroup = 256,
                       kBlockBytes = PanelQ6_K::kBytes;
  static constexpr bool kWide = false, kHasMin = false;
  static constexpr int kZeroPoint = 32;
  template <int kOfStep>
  static PIONEER_INLINE void Codes(const uint8_t* block, int group, U8* codes) {
    const uint8_t* at = block + PanelQ6_K::kCodes + group / 2 * PanelQ6_K::kStride;
    PIONEER_UNROLL for (int i = 0; i < 4; ++i) {
      const U8 both = LoadBytes(at + 64 * i);
      codes[i] = kOfStep == 0 ? LowNibbles(both) : HighNibbles(both);
    }
    const U8 upper = LoadBytes(at + kNibbleBytes + 64 * kOfStep);
    codes[0] = Or(codes[0], BitsAt4<0, 2>(upper));
    codes[1] = Or(codes[1], BitsAt4<2, 2>(upper));
    codes[2] = Or(codes[2], BitsAt4<4, 2>(upper));
    codes[3] = Or(codes[3], BitsAt4<6, 2>(upper));
  }
  static PIONEER_INLINE F32 Scale(const uint8_t* block, int group) {
    return Mul(LoadF16(block + PanelQ6_K::kD),
               LoadI8(block + PanelQ6_K::kScale + group * kPanelRows));
  }
  static PIONEER_INLINE F32 Min(const uint8_t*, int) { return Set1(0); }
};
