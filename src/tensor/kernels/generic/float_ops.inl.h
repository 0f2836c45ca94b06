// Why: the float operations between products, over 16 lanes.

// e^x. x = n ln 2 + r, |r| <= ln 2 / 2; e^r by a polynomial (Taylor's to degree 7, its error there
// is below 2^-25). Relative error below 2e-7; 0 below -87.3, saturates near 1.65e38 above 88.
PIONEER_INLINE F32 Exp(F32 x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  const F32 bounded = Max(Set1(-87.3f), Min(Set1(88.0f), x));
  const I32 n = Round(Mul(bounded, Set1(kLog2E)));
  const F32 nf = ToF32(n);
  const F32 r = Fnma(nf, Set1(kLn2Low), Fnma(nf, Set1(kLn2High), bounded));
  F32 p = Set1(1.0f / 5040);
  p = Fma(p, r, Set1(1.0f / 720));
  p = Fma(p, r, Set1(1.0f / 120));
  p = Fma(p, r, Set1(1.0f / 24));
  p = Fma(p, r, Set1(1.0f / 6));
  p = Fma(p, r, Set1(0.5f));
  p = Fma(p, r, Set1(1.0f));
  p = Fma(p, r, Set1(1.0f));
  return ZeroBelow(Mul(p, Exp2Int(n)), x, -87.3f);
}

inline void ExpRow(const float* x, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    StorePartial(out + i, Exp(LoadPartial(x + i, lanes)), lanes);
  }
}

inline void RmsNormRow(const float* x, const float* weight, float eps, int64_t n, float* y) {
  F32 sums[2] = {Set1(0), Set1(0)};
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const F32 a = Load(x + i), b = Load(x + i + 16);
    sums[0] = Fma(a, a, sums[0]);
    sums[1] = Fma(b, b, sums[1]);
  }
  for (; i < n; i += 16) {
    const F32 a = LoadPartial(x + i, static_cast<int>(std::min<int64_t>(16, n - i)));
    sums[0] = Fma(a, a, sums[0]);
  }
  const float mean = ReduceAdd(Add(sums[0], sums[1])) / static_cast<float>(n);
  const F32 inverse = Set1(1.0f / std::sqrt(mean + eps));
  for (i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    const F32 scaled = Mul(LoadPartial(x + i, lanes), inverse);
    StorePartial(y + i, Mul(scaled, LoadPartial(weight + i, lanes)), lanes);
  }
}

inline void AddRow(float* x, const float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    StorePartial(x + i, Add(LoadPartial(x + i, lanes), LoadPartial(y + i, lanes)), lanes);
  }
}

inline void SiluMulRow(const float* gate, const float* up, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    const F32 g = LoadPartial(gate + i, lanes);
    const F32 silu = Div(g, Add(Set1(1), Exp(Sub(Set1(0), g))));
    StorePartial(out + i, Mul(silu, LoadPartial(up + i, lanes)), lanes);
  }
}

inline float MaxOf(const float* x, int64_t n) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  F32 largest = Set1(kLowest);
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    // NaN is skipped: it can only be the first operand, and then the second is taken.
    largest = Max(FillFrom(LoadPartial(x + i, lanes), lanes, kLowest), largest);
  }
  return ReduceMax(largest);
}

inline double SumExp(const float* x, float max, int64_t n) {
  double total = 0;
  for (int64_t first = 0; first < n; first += 4096) {
    F32 sum = Set1(0);
    for (int64_t i = first; i < std::min(n, first + 4096); i += 16) {
      const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
      const F32 term = Exp(Sub(LoadPartial(x + i, lanes), Set1(max)));
      sum = Add(sum, FillFrom(term, lanes, 0));
    }
    total += ReduceAdd(sum);
  }
  return total;
}

inline void ToHalf(const float* x, int64_t n, uint16_t* out) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) StoreF16(out + i, Load(x + i));
  if (i == n) return;
  uint16_t rest[16];
  StoreF16(rest, LoadPartial(x + i, static_cast<int>(n - i)));
  std::copy(rest, rest + (n - i), out + i);
}

// cos: [dims], each value twice; sin: [dims], -s and s in turn.
inline void RopePairs(float* x, const float* cos, const float* sin, int dims) {
  for (int i = 0; i < dims; i += 16) {
    const int lanes = std::min(16, dims - i);
    const F32 v = LoadPartial(x + i, lanes);
    const F32 turned = Mul(SwapPairs(v), LoadPartial(sin + i, lanes));
    StorePartial(x + i, Fma(v, LoadPartial(cos + i, lanes), turned), lanes);
  }
}

// cos, sin: [dims / 2].
inline void RopeHalves(float* x, const float* cos, const float* sin, int dims) {
  const int half = dims / 2;
  for (int i = 0; i < half; i += 16) {
    const int lanes = std::min(16, half - i);
    const F32 c = LoadPartial(cos + i, lanes), s = LoadPartial(sin + i, lanes);
    const F32 a = LoadPartial(x + i, lanes), b = LoadPartial(x + half + i, lanes);
    StorePartial(x + i, Fma(a, c, Sub(Set1(0), Mul(b, s))), lanes);
    StorePartial(x + half + i, Fma(b, c, Mul(a, s)), lanes);
  }
}
