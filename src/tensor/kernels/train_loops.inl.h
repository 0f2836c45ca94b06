// Why: the loops of train_kernels.h, once. Each train_<target>.cc opens a target region, defines
// PIONEER_TRAIN_NAMESPACE and includes this file, so the same text becomes SSE2, AVX2 or AVX-512
// code. Deliberately without an include guard and without includes of its own.

namespace pioneer {
namespace PIONEER_TRAIN_NAMESPACE {

constexpr int kLanes = 16;
typedef float Vec __attribute__((vector_size(64)));
typedef int32_t VecInt __attribute__((vector_size(64)));
typedef uint32_t VecBits __attribute__((vector_size(64)));
typedef uint16_t VecHalf __attribute__((vector_size(32)));

inline Vec Splat(float x) { return Vec{} + x; }

// The first `count` lanes; the rest are 0.
inline Vec Load(const float* p, int64_t count) {
  Vec v{};
  if (count >= kLanes) {
    std::memcpy(&v, p, sizeof v);
  } else {
    std::memcpy(&v, p, static_cast<size_t>(count) * sizeof(float));
  }
  return v;
}

inline void Store(Vec v, float* p, int64_t count) {
  if (count >= kLanes) {
    std::memcpy(p, &v, sizeof v);
  } else {
    std::memcpy(p, &v, static_cast<size_t>(count) * sizeof(float));
  }
}

inline Vec Load(const Bf16* p, int64_t count) {
  VecHalf half{};
  if (count >= kLanes) {
    std::memcpy(&half, p, sizeof half);
  } else {
    std::memcpy(&half, p, static_cast<size_t>(count) * sizeof(Bf16));
  }
  return __builtin_bit_cast(Vec, __builtin_convertvector(half, VecBits) << 16);
}

// Rounds to nearest, ties to even.
inline void Store(Vec v, Bf16* p, int64_t count) {
  VecBits bits = __builtin_bit_cast(VecBits, v);
  bits += 0x7FFFu + ((bits >> 16) & 1u);
  const VecHalf half = __builtin_convertvector(bits >> 16, VecHalf);
  if (count >= kLanes) {
    std::memcpy(p, &half, sizeof half);
  } else {
    std::memcpy(p, &half, static_cast<size_t>(count) * sizeof(Bf16));
  }
}

inline float Sum(Vec v) {
  float lanes[kLanes];
  std::memcpy(lanes, &v, sizeof v);
  for (int step = kLanes / 2; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) lanes[i] += lanes[i + step];
  }
  return lanes[0];
}

inline float Max(Vec v) {
  float lanes[kLanes];
  std::memcpy(lanes, &v, sizeof v);
  float best = lanes[0];
  for (int i = 1; i < kLanes; ++i) best = lanes[i] > best ? lanes[i] : best;
  return best;
}

// e^x for x <= 88, relative error about 1e-7; 0 below -87. x = n ln2 + r, then a polynomial in r.
inline Vec Exp(Vec x) {
  const Vec low = Splat(-87.0f), high = Splat(88.0f);
  const VecInt tiny = x < low;
  x = x < low ? low : x;
  x = x > high ? high : x;
  const Vec magic = Splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec shifted = x * 1.44269504f + magic;
  const Vec n = shifted - magic;
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vec p = Splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const VecInt exponent = (__builtin_convertvector(n, VecInt) + 127) << 23;
  const Vec result = p * __builtin_bit_cast(Vec, exponent);
  return tiny ? Vec{} : result;
}

inline Vec Sigmoid(Vec x) {
  const Vec positive = x < Splat(0.0f) ? -x : x;
  const Vec e = Exp(-positive);
  const Vec large = 1.0f / (1.0f + e);
  return x < Splat(0.0f) ? 1.0f - large : large;
}

inline VecInt LaneIndex() { return VecInt{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }

// Lanes from `count` on become `fill`.
inline Vec Keep(Vec v, int64_t count, float fill) {
  if (count >= kLanes) return v;
  return LaneIndex() < static_cast<int32_t>(count) ? v : Splat(fill);
}

template <typename T>
void Convert(const float* x, int64_t n, T* y) {
  for (int64_t i = 0; i < n; i += kLanes) Store(Load(x + i, n - i), y + i, n - i);
}

template <typename T>
void RmsNorm(const float* x, const float* weight, float eps, int64_t rows, int64_t n, T* y,
             float* rstd) {
  for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
    Vec squares{};
    for (int64_t i = 0; i < n; i += kLanes) {
      const Vec v = Load(x + i, n - i);
      squares += v * v;
    }
    rstd[r] = 1.0f / std::sqrt(Sum(squares) / static_cast<float>(n) + eps);
    for (int64_t i = 0; i < n; i += kLanes) {
      Store(Load(x + i, n - i) * rstd[r] * Load(weight + i, n - i), y + i, n - i);
    }
  }
}

// With g = dy * weight: dx = rstd * (g - x * rstd^2 * mean(g * x)); d_weight = sum of dy * x *
// rstd.
template <typename T>
void RmsNormBackward(const float* x, const float* weight, const float* rstd, const float* dy,
                     int64_t rows, int64_t n, float* dx, float* d_weight, T* dx_copy) {
  for (int64_t r = 0; r < rows; ++r, x += n, dy += n, dx += n, dx_copy += n) {
    Vec dots{};
    for (int64_t i = 0; i < n; i += kLanes) {
      const Vec xv = Load(x + i, n - i), dv = Load(dy + i, n - i);
      dots += xv * dv * Load(weight + i, n - i);
      Store(Load(d_weight + i, n - i) + dv * xv * rstd[r], d_weight + i, n - i);
    }
    const float pull = Sum(dots) / static_cast<float>(n) * rstd[r] * rstd[r];
    for (int64_t i = 0; i < n; i += kLanes) {
      const Vec g = Load(dy + i, n - i) * Load(weight + i, n - i);
      const Vec d = Load(dx + i, n - i) + (g - Load(x + i, n - i) * pull) * rstd[r];
      Store(d, dx + i, n - i);
      Store(d, dx_copy + i, n - i);
    }
  }
}

inline Vec SwapPairs(Vec v) {
  return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

template <typename T>
void Rope(const float* x, const float* cosines, const float* sines, float direction, int64_t rows,
          int64_t n_heads, int64_t n_rotated, int64_t head_dim, T* y) {
  for (int64_t r = 0; r < rows; ++r, cosines += head_dim, sines += head_dim) {
    for (int64_t h = 0; h < n_rotated; ++h, x += head_dim, y += head_dim) {
      for (int64_t i = 0; i < head_dim; i += kLanes) {
        const int64_t left = head_dim - i;
        const Vec v = Load(x + i, left), sine = Load(sines + i, left) * direction;
        Store(v * Load(cosines + i, left) + SwapPairs(v) * sine, y + i, left);
      }
    }
    const int64_t rest = (n_heads - n_rotated) * head_dim;
    Convert(x, rest, y);
    x += rest;
    y += rest;
  }
}

template <typename T>
void SiluMul(const T* gate_up, int64_t rows, int64_t n, T* out) {
  for (int64_t r = 0; r < rows; ++r, gate_up += 2 * n, out += n) {
    for (int64_t i = 0; i < n; i += kLanes) {
      const Vec gate = Load(gate_up + i, n - i), up = Load(gate_up + n + i, n - i);
      Store(gate * Sigmoid(gate) * up, out + i, n - i);
    }
  }
}

// silu'(g) = s + g s (1 - s) with s = sigmoid(g).
template <typename T>
void SiluMulBackward(const T* gate_up, const T* d_out, int64_t rows, int64_t n, T* d_gate_up) {
  for (int64_t r = 0; r < rows; ++r, gate_up += 2 * n, d_gate_up += 2 * n, d_out += n) {
    for (int64_t i = 0; i < n; i += kLanes) {
      const Vec gate = Load(gate_up + i, n - i), up = Load(gate_up + n + i, n - i);
      const Vec d = Load(d_out + i, n - i), s = Sigmoid(gate);
      Store(d * up * (s + gate * s * (1.0f - s)), d_gate_up + i, n - i);
      Store(d * gate * s, d_gate_up + n + i, n - i);
    }
  }
}

// Zeros where a row sees nothing.
template <typename T>
void ClearOutside(KeyRange keys, int64_t cols, T* row) {
  for (int64_t i = 0; i < keys.begin; i += kLanes) Store(Vec{}, row + i, keys.begin - i);
  for (int64_t i = keys.end; i < cols; i += kLanes) Store(Vec{}, row + i, cols - i);
}

template <typename T>
void MaskedSoftmax(const float* scores, float scale, const KeyRange* keys, int64_t rows,
                   int64_t cols, T* p, float* log_sum) {
  for (int64_t r = 0; r < rows; ++r, scores += cols, p += cols) {
    const int64_t begin = keys[r].begin, end = keys[r].end;
    Vec best = Splat(-INFINITY);
    for (int64_t i = begin; i < end; i += kLanes) {
      const Vec v = Keep(Load(scores + i, end - i), end - i, -INFINITY);
      best = v > best ? v : best;
    }
    const float max = Max(best) * scale;
    Vec total{};
    for (int64_t i = begin; i < end; i += kLanes) {
      total += Keep(Exp(Load(scores + i, end - i) * scale - max), end - i, 0.0f);
    }
    log_sum[r] = max + std::log(Sum(total));
    for (int64_t i = begin; i < end; i += kLanes) {
      Store(Exp(Load(scores + i, end - i) * scale - log_sum[r]), p + i, end - i);
    }
    ClearOutside(keys[r], cols, p);
  }
}

template <typename T>
void MaskedSoftmaxBackward(const float* scores, const float* dp, const float* log_sum,
                           const float* delta, float scale, const KeyRange* keys, int64_t rows,
                           int64_t cols, T* p, T* d_scores) {
  for (int64_t r = 0; r < rows; ++r, scores += cols, dp += cols, p += cols, d_scores += cols) {
    const int64_t end = keys[r].end;
    for (int64_t i = keys[r].begin; i < end; i += kLanes) {
      const Vec v = Exp(Load(scores + i, end - i) * scale - log_sum[r]);
      Store(v, p + i, end - i);
      Store(v * (Load(dp + i, end - i) - delta[r]) * scale, d_scores + i, end - i);
    }
    ClearOutside(keys[r], cols, p);
    ClearOutside(keys[r], cols, d_scores);
  }
}

template <typename T>
void RowDots(const T* a, const T* b, int64_t rows, int64_t n, int64_t stride, float* out) {
  for (int64_t r = 0; r < rows; ++r, a += stride, b += stride) {
    Vec total{};
    for (int64_t i = 0; i < n; i += kLanes) total += Load(a + i, n - i) * Load(b + i, n - i);
    out[r] = Sum(total);
  }
}

template <typename T>
float CrossEntropy(const float* logits, int64_t n, int32_t target, float gradient_scale,
                   T* d_logits) {
  Vec best = Splat(-INFINITY);
  for (int64_t i = 0; i < n; i += kLanes) {
    const Vec v = Keep(Load(logits + i, n - i), n - i, -INFINITY);
    best = v > best ? v : best;
  }
  const float max = Max(best);
  Vec total{};
  for (int64_t i = 0; i < n; i += kLanes) {
    total += Keep(Exp(Load(logits + i, n - i) - max), n - i, 0.0f);
  }
  const float log_sum = max + std::log(Sum(total));
  if (d_logits != nullptr) {
    for (int64_t i = 0; i < n; i += kLanes) {
      Store(Exp(Load(logits + i, n - i) - log_sum) * gradient_scale, d_logits + i, n - i);
    }
    const Vec at_target = Splat((std::exp(logits[target] - log_sum) - 1.0f) * gradient_scale);
    Store(at_target, d_logits + target, 1);
  }
  return log_sum - logits[target];
}

inline void Add(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; i += kLanes)
    Store(Load(y + i, n - i) + Load(x + i, n - i), y + i, n - i);
}

// Short float sums inside long double ones: 3.9 M squares lose nothing that matters.
inline double SumSquares(const float* x, int64_t n) {
  constexpr int64_t kRun = 4096;
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = begin + kRun < n ? begin + kRun : n;
    Vec squares{};
    for (int64_t i = begin; i < end; i += kLanes) {
      const Vec v = Load(x + i, end - i);
      squares += v * v;
    }
    total += static_cast<double>(Sum(squares));
  }
  return total;
}

// Loshchilov & Hutter 2019: the decay does not pass through the moments.
inline void AdamW(const AdamWStep& step, const float* gradient, int64_t n, float* weight, float* m,
                  float* v) {
  for (int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * step.gradient_scale;
    m[i] = step.beta1 * m[i] + (1.0f - step.beta1) * g;
    v[i] = step.beta2 * v[i] + (1.0f - step.beta2) * g * g;
    const float direction =
        m[i] * step.correction1 / (std::sqrt(v[i] * step.correction2) + step.epsilon);
    weight[i] -= step.learning_rate * (direction + step.weight_decay * weight[i]);
  }
}

template <typename T>
ProductKernels<T> MakeProductKernels() {
  return {.convert = Convert<T>,
          .rms_norm = RmsNorm<T>,
          .rms_norm_backward = RmsNormBackward<T>,
          .rope = Rope<T>,
          .silu_mul = SiluMul<T>,
          .silu_mul_backward = SiluMulBackward<T>,
          .masked_softmax = MaskedSoftmax<T>,
          .masked_softmax_backward = MaskedSoftmaxBackward<T>,
          .row_dots = RowDots<T>,
          .cross_entropy = CrossEntropy<T>};
}

inline TrainKernels MakeTrainKernels(std::string_view name) {
  return {.name = name,
          .f32 = MakeProductKernels<float>(),
          .bf16 = MakeProductKernels<Bf16>(),
          .add = Add,
          .sum_squares = SumSquares,
          .adamw = AdamW};
}

}  // namespace PIONEER_TRAIN_NAMESPACE
}  // namespace pioneer
