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

PIONEER_INLINE F32 Sigmoid(F32 x) { return Div(Set1(1), Add(Set1(1), Exp(Sub(Set1(0), x)))); }

PIONEER_INLINE F32 Silu(F32 x) { return Div(x, Add(Set1(1), Exp(Sub(Set1(0), x)))); }

// 1 - 2 / (e^2x + 1), absolute error below 2e-7; e^2x saturates, so the ends are 1 and -1.
PIONEER_INLINE F32 Tanh(F32 x) { return Sub(Set1(1), Div(Set1(2), Add(Exp(Add(x, x)), Set1(1)))); }

// x * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, which is x * sigmoid of twice the argument.
PIONEER_INLINE F32 Gelu(F32 x) {
  const F32 cubic = Fma(Mul(Set1(0.044715f), x), Mul(x, x), x);
  return Mul(x, Sigmoid(Mul(Set1(1.5957691216f), cubic)));
}

// x * (1 + erf(x / sqrt 2)) / 2. erf of the magnitude is Abramowitz & Stegun 7.1.26, absolute error
// below 1.5e-7; x * erf(x) is even, so no sign is needed.
PIONEER_INLINE F32 GeluErf(F32 x) {
  const F32 magnitude = Max(Sub(Set1(0), x), x);
  const F32 z = Mul(magnitude, Set1(0.70710678f));
  const F32 t = Div(Set1(1), Fma(Set1(0.3275911f), z, Set1(1)));
  F32 p = Set1(1.061405429f);
  p = Fma(p, t, Set1(-1.453152027f));
  p = Fma(p, t, Set1(1.421413741f));
  p = Fma(p, t, Set1(-0.284496736f));
  p = Fma(p, t, Set1(0.254829592f));
  const F32 erf = Fnma(Mul(p, t), Exp(Sub(Set1(0), Mul(z, z))), Set1(1));
  return Mul(Set1(0.5f), Fma(magnitude, erf, x));
}

template <F32 (*kFunction)(F32)>
inline void ActivateRow(const float* gate, const float* up, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    const F32 y = kFunction(LoadPartial(gate + i, lanes));
    StorePartial(out + i, up != nullptr ? Mul(y, LoadPartial(up + i, lanes)) : y, lanes);
  }
}

inline void ClampedSwigluRow(const float* gate, const float* up, float alpha, float limit,
                             int64_t n, float* out) {
  const F32 most = Set1(limit), least = Set1(-limit);
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    const F32 g = Min(most, LoadPartial(gate + i, lanes));
    const F32 u = Max(least, Min(most, LoadPartial(up + i, lanes)));
    const F32 activated = Mul(g, Sigmoid(Mul(Set1(alpha), g)));
    StorePartial(out + i, Mul(activated, Add(u, Set1(1))), lanes);
  }
}

inline void SoftCapRow(float* x, float cap, int64_t n) {
  const F32 by = Set1(cap), inverse = Set1(1.0f / cap);
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    StorePartial(x + i, Mul(by, Tanh(Mul(LoadPartial(x + i, lanes), inverse))), lanes);
  }
}

// Sum of (x[i] - center)^2.
inline float SumSquares(const float* x, float center, int64_t n) {
  F32 sums[2] = {Set1(0), Set1(0)};
  const F32 middle = Set1(center);
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    const F32 a = Sub(Load(x + i), middle), b = Sub(Load(x + i + 16), middle);
    sums[0] = Fma(a, a, sums[0]);
    sums[1] = Fma(b, b, sums[1]);
  }
  for (; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    const F32 a = FillFrom(Sub(LoadPartial(x + i, lanes), middle), lanes, 0);
    sums[0] = Fma(a, a, sums[0]);
  }
  return ReduceAdd(Add(sums[0], sums[1]));
}

// y = (x - center) * factor * weight + bias.
inline void PutNormed(const float* x, float center, float factor, const float* weight,
                      const float* bias, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    F32 v = Mul(Sub(LoadPartial(x + i, lanes), Set1(center)), Set1(factor));
    if (weight != nullptr) v = Mul(v, LoadPartial(weight + i, lanes));
    if (bias != nullptr) v = Add(v, LoadPartial(bias + i, lanes));
    StorePartial(y + i, v, lanes);
  }
}

inline void RmsNormRow(const float* x, const float* weight, float eps, int64_t n, float* y) {
  const float mean = SumSquares(x, 0, n) / static_cast<float>(n);
  PutNormed(x, 0, 1.0f / std::sqrt(mean + eps), weight, nullptr, n, y);
}

inline void L2NormRow(const float* x, float eps, int64_t n, float* y) {
  PutNormed(x, 0, 1.0f / std::max(std::sqrt(SumSquares(x, 0, n)), eps), nullptr, nullptr, n, y);
}

inline void LayerNormRow(const float* x, const float* weight, const float* bias, float eps,
                         int64_t n, float* y) {
  F32 sum = Set1(0);
  for (int64_t i = 0; i < n; i += 16) {
    sum = Add(sum, LoadPartial(x + i, static_cast<int>(std::min<int64_t>(16, n - i))));
  }
  const float mean = ReduceAdd(sum) / static_cast<float>(n);
  const float variance = SumSquares(x, mean, n) / static_cast<float>(n);
  PutNormed(x, mean, 1.0f / std::sqrt(variance + eps), weight, bias, n, y);
}

inline void AddRow(float* x, const float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    StorePartial(x + i, Add(LoadPartial(x + i, lanes), LoadPartial(y + i, lanes)), lanes);
  }
}

inline void AddScaledRow(float* x, float factor, const float* y, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    const F32 sum = Fma(Set1(factor), LoadPartial(y + i, lanes), LoadPartial(x + i, lanes));
    StorePartial(x + i, sum, lanes);
  }
}

inline void ScaleRow(float* x, float factor, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    StorePartial(x + i, Mul(LoadPartial(x + i, lanes), Set1(factor)), lanes);
  }
}

inline void MultiplyEach(const float* a, const float* b, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    StorePartial(out + i, Mul(LoadPartial(a + i, lanes), LoadPartial(b + i, lanes)), lanes);
  }
}

inline void SumRows(const float* const* rows, const float* weights, int n_rows, int64_t n,
                    float* out) {
  for (int64_t i = 0; i < n; i += 16) {
    const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
    F32 sum = Set1(0);
    for (int j = 0; j < n_rows; ++j) {
      sum = Fma(LoadPartial(weights + j * n + i, lanes), LoadPartial(rows[j] + i, lanes), sum);
    }
    StorePartial(out + i, sum, lanes);
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

inline double SumExp(const float* x, float max, float scale, int64_t n) {
  double total = 0;
  for (int64_t first = 0; first < n; first += 4096) {
    F32 sum = Set1(0);
    for (int64_t i = first; i < std::min(n, first + 4096); i += 16) {
      const int lanes = static_cast<int>(std::min<int64_t>(16, n - i));
      const F32 term = Exp(Mul(Sub(LoadPartial(x + i, lanes), Set1(max)), Set1(scale)));
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
