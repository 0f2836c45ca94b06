// Why: activations are rounded to int8 so that products are integer dot products. The scale is the
// largest magnitude of a group / 127. A group with NaN or infinity gets the scale NaN, so that the
// output says so.

PIONEER_INLINE float GroupScale(const float* x, int n) {
  I32 largest = SetI32(0);
  for (int i = 0; i < n; i += kPanelRows) largest = MaxI32(largest, MagnitudeBits(Load(x + i)));
  // As integers, magnitudes order like floats, and NaN is above infinity.
  const int32_t bits = ReduceMaxI32(largest);
  if (bits >= 0x7F800000) return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(bits) / 127.0f;
}

// Zero for a group without a usable scale: all codes are then zero.
PIONEER_INLINE float InverseScale(float scale) {
  return scale > std::numeric_limits<float>::min() ? 1.0f / scale : 0.0f;
}

inline void PutPlain(const float* row, const Activations& x, int tokens, int64_t token) {
  float* out = reinterpret_cast<float*>(x.values) + token / x.tile * x.tile * x.n_in;
  const int64_t slot = token % x.tile;
  for (int64_t k = 0; k < x.n_in; ++k) out[k * tokens + slot] = row[k];
}

// Puts sums and scales into a tile of `tokens`, and calls put(k, codes) for each 16 k from k on.
template <typename Put>
PIONEER_INLINE void RoundActivation(const float* row, const Activations& x, int64_t token,
                                    int tokens, const Put& put) {
  const int group = x.format.scale_group, sum_group = x.format.sum_group;
  const int64_t slot = token % x.tile;
  const TileAct at = ActAt(x, token / x.tile, tokens, 0);
  auto* sums = const_cast<int32_t*>(at.sums) + slot;
  auto* scales = const_cast<float*>(at.scales) + slot;
  int32_t sum = 0;
  float inverse_value = 0, scale_of_sum = 1;
  for (int64_t k = 0; k < x.n_in; k += kPanelRows) {
    if (k % group == 0) {
      const float scale = GroupScale(row + k, group);
      inverse_value = InverseScale(scale);
      scales[k / group * tokens] = scale;
      if (group == sum_group) scale_of_sum = scale;
    }
    int8_t rounded[kPanelRows] = {};
    if (inverse_value != 0) {
      const I32 codes = Round(Mul(Load(row + k), Set1(inverse_value)));
      StoreI8(rounded, codes);
      sum += ReduceAddI32(codes);
    }
    put(k, rounded);
    if ((k + kPanelRows) % sum_group == 0) {
      const float as_float = static_cast<float>(sum) * scale_of_sum;
      const bool needs_float = x.format.zero_point == 0;
      sums[k / sum_group * tokens] =
          needs_float ? std::bit_cast<int32_t>(as_float) : -x.format.zero_point * sum;
      sum = 0;
    }
  }
}

inline void PutActivation(const float* row, const Activations& x, int64_t token) {
  const int64_t tile = token / x.tile;
  const int tokens = TokensOf(x, tile);
  if (x.format.scale_group == 0) return PutPlain(row, x, tokens, token);
  auto* values = const_cast<int8_t*>(ActAt(x, tile, tokens, 0).values) + token % x.tile * 4;
  RoundActivation(row, x, token, tokens, [&](int64_t k, const int8_t* codes) {
    for (int i = 0; i < 4; ++i) std::memcpy(values + (k + 4 * i) * tokens, codes + 4 * i, 4);
  });
}
