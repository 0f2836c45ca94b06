// Why: how a weight type's panel block (panels.h) becomes unsigned codes and scales. A type has
// kGroup k under one scale; Codes() gives the kGroup / 4 byte vectors of a group. Its value is
// scale * (code - zero point) - min. kStep groups are taken together, so that a group's number
// modulo kStep is known to the compiler.

// What the arithmetic of a product depends on; types that agree share their kernels.
template <int kTheGroup, bool kIsWide, bool kMin, bool kZero, bool kGroupAct>
struct GroupMath {
  static constexpr int kGroup = kTheGroup;
  static constexpr bool kWide = kIsWide;  // codes of 8 bits
  static constexpr bool kHasMin = kMin;
  static constexpr bool kHasZeroPoint = kZero;     // the activations' sums hold -zero_point * sum
  static constexpr bool kActPerGroup = kGroupAct;  // an activation scale per group, else per 256
};

// Group g (of 8) of the plane of `kBits` at p, moved to bit kTo.
template <int kBits, int g, int kTo>
PIONEER_INLINE U8 PlaneGroup(const uint8_t* p) {
  constexpr PlanePlace kPlace = PlaceInPlane(kBits, g);
  return MoveBits<kPlace.bit, kBits, kTo>(LoadBytes(p + kPlace.vector * kPlaneVectorBytes));
}

// Group g of the codes of 32 k at p.
template <int kBits, int g>
PIONEER_INLINE U8 CodeGroup(const uint8_t* p) {
  constexpr int kLow = kBits >= 8 ? 8 : kBits >= 4 ? 4 : 2, kHigh = kBits - kLow;
  if constexpr (kBits == 8) return LoadBytes(p + g * kPlaneVectorBytes);
  const U8 low = PlaneGroup<kLow, g, 0>(p);
  if constexpr (kHigh == 0)
    return low;
  else
    return Or(low, PlaneGroup<kHigh, g, kLow>(p + kLow * kPlaneVectorBytes));
}

// Groups kFirst.. of 32 k.
template <int kBits, int kFirst, int kCount>
PIONEER_INLINE void CodeGroups(const uint8_t* p, U8* codes) {
  if constexpr (kCount > 0) {
    CodeGroups<kBits, kFirst, kCount - 1>(p, codes);
    codes[kCount - 1] = CodeGroup<kBits, kFirst + kCount - 1>(p);
  }
}

// The levels of a 16-entry table as unsigned codes: level + zero point.
template <DType kType>
struct CodeTable {
  static constexpr int kZeroPoint = kType == DType::kMXFP4 ? 12 : 128;
  alignas(16) static constexpr std::array<uint8_t, 16> kCodes = [] {
    std::array<uint8_t, 16> codes{};
    for (int i = 0; i < 16; ++i) {
      codes[i] = static_cast<uint8_t>(BlockFormatOf(kType).Level(i) + kZeroPoint);
    }
    return codes;
  }();
};

template <DType kType>
constexpr bool IsWide() {
  constexpr BlockFormat kFormat = BlockFormatOf(kType);
  return kFormat.code_bits() == 8 || kFormat.levels == BlockLevels::kIq4;
}

template <DType kType>
constexpr int ZeroPointOf() {
  if (IsWide<kType>()) return kWideZeroPoint;
  if (BlockFormatOf(kType).levels != BlockLevels::kLinear) return CodeTable<kType>::kZeroPoint;
  return BlockFormatOf(kType).zero_point;
}

template <DType kType>
struct Weights {
  static constexpr BlockFormat kFormat = BlockFormatOf(kType);
  static constexpr PanelLayout kAt = PanelLayoutOf(kType);
  static constexpr int kBlockK = kFormat.block, kGroup = kFormat.group, kStep = 32 / kGroup,
                       kBlockBytes = kAt.bytes, kZeroPoint = ZeroPointOf<kType>();
  static constexpr bool kHasMin = kFormat.has_min(), kOwnScales = kBlockK == 32;
  using Math = GroupMath<kGroup, IsWide<kType>(), kHasMin, kZeroPoint != 0, kOwnScales>;

  template <int kOfStep>
  static PIONEER_INLINE void Codes(const uint8_t* block, int group, U8* codes) {
    const uint8_t* at = block + kAt.codes + group / kStep * kAt.stride;
    CodeGroups<kFormat.code_bits(), kOfStep*(kGroup / 4), kGroup / 4>(at, codes);
    if constexpr (kFormat.levels != BlockLevels::kLinear) {
      PIONEER_UNROLL for (int i = 0; i < kGroup / 4; ++i) {
        codes[i] = Lookup(CodeTable<kType>::kCodes.data(), codes[i]);
      }
    }
  }
  static PIONEER_INLINE F32 Scale(const uint8_t* block, int group) {
    if constexpr (kFormat.d_is_exponent) return LoadBf16(block + kAt.d);
    const F32 d = LoadF16(block + kAt.d);
    const uint8_t* scales = block + kAt.scale + group * kPanelRows;
    if constexpr (kOwnScales)
      return d;
    else if constexpr (kFormat.scales == BlockScales::kNibbles)
      return Mul(d, LoadLow4(scales));
    else if constexpr (kFormat.scale_low < 0)
      return Mul(d, LoadI8(scales));
    else
      return Mul(d, LoadU8(scales));
  }
  static PIONEER_INLINE F32 Min(const uint8_t* block, int group) {
    if constexpr (!kHasMin) return Set1(0);
    const F32 dmin = LoadF16(block + kAt.dmin);
    const uint8_t* mins = block + kAt.min + group * kPanelRows;
    if constexpr (kOwnScales)
      return dmin;
    else if constexpr (kFormat.scales == BlockScales::kNibbles)
      return Mul(dmin, LoadHigh4(mins));
    else
      return Mul(dmin, LoadU8(mins));
  }
};
