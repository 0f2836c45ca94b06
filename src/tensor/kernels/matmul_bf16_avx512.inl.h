// Why: bfloat16 weights where the machine multiplies pairs of them at once, twice as fast as
// float32. Activations are rounded to bfloat16 too (as llama.cpp does), sums are float32. In a
// tile, values are [(n_in + 1) / 2][T][2]; an odd row ends with a zero. As with all weights, an
// output is summed in pairs from front to back in chunks of 256, then over the chunks.

// A chunk of one panel: [k / 2][16][2].
struct PairChunk {
  alignas(64) uint16_t pairs[kChunkK / 2][2 * kPanelRows];
};

PIONEER_INLINE F32 DotPairs(F32 acc, U8 w, const uint32_t* x) {
  // Not the intrinsic: only this instruction needs the feature.
  asm("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(acc) : "v"(w), "m"(*x));
  return acc;
}

// [2][16] becomes [16][2].
PIONEER_INLINE U8 Interleave(U8 two_k) {
  alignas(64) static constexpr std::array<uint16_t, 32> kFrom = [] {
    std::array<uint16_t, 32> from{};
    for (int i = 0; i < 32; ++i) from[i] = static_cast<uint16_t>(i / 2 + i % 2 * kPanelRows);
    return from;
  }();
  return _mm512_permutexvar_epi16(_mm512_load_si512(kFrom.data()), two_k);
}

// The last k of an odd number, and zeros.
PIONEER_INLINE U8 LoadLastPair(const uint8_t* panel) {
  return Interleave(
      _mm512_zextsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel))));
}

inline void UnpackPairs(const uint8_t* panel, int n_k, bool few_tiles, PairChunk& chunk) {
  int i = 0;
  for (; i < n_k / 2; ++i, panel += 64) {
    if (few_tiles) PrefetchAhead<64>(panel);
    StoreBytes(chunk.pairs[i], Interleave(LoadBytes(panel)));
  }
  if (n_k % 2 != 0) StoreBytes(chunk.pairs[i], LoadLastPair(panel));
}

// Adds a chunk's products with T tokens to sums [P][kMaxTile][16].
template <int T, int P>
PIONEER_INLINE void AddPairSums(const F32 (&totals)[P][T], float* sums) {
  PIONEER_UNROLL for (int p = 0; p < P; ++p) {
    PIONEER_UNROLL for (int t = 0; t < T; ++t) {
      float* at = sums + (p * kMaxTile + t) * kPanelRows;
      Store(at, Add(Load(at), totals[p][t]));
    }
  }
}

template <int T>
struct PairsInCache {
  static void Run(const PairChunk& chunk, int n_pairs, const uint32_t* x, float* sums) {
    F32 totals[1][T];
    PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[0][t] = Set1(0);
    for (int i = 0; i < n_pairs; ++i, x += T) {
      const U8 w = LoadBytes(chunk.pairs[i]);
      PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[0][t] = DotPairs(totals[0][t], w, x + t);
    }
    AddPairSums<T, 1>(totals, sums);
  }
};

// P panels `stride` bytes apart, straight from memory: several hide the latency of a sum.
template <int T, int P>
PIONEER_INLINE void MultiplyPairs(const uint8_t* panel, int64_t stride, int n_k, const uint32_t* x,
                                  float* sums) {
  F32 totals[P][T];
  PIONEER_UNROLL for (int p = 0; p < P; ++p) {
    PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[p][t] = Set1(0);
  }
  const auto add = [&](int p, U8 w) __attribute__((always_inline)) {
    PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[p][t] = DotPairs(totals[p][t], w, x + t);
  };
  for (int i = 0; i < n_k / 2; ++i, panel += 64, x += T) {
    PIONEER_UNROLL for (int p = 0; p < P; ++p) {
      add(p, Interleave(LoadBytes(panel + p * stride)));
    }
  }
  if (n_k % 2 != 0) {
    PIONEER_UNROLL for (int p = 0; p < P; ++p) add(p, LoadLastPair(panel + p * stride));
  }
  AddPairSums<T, P>(totals, sums);
}

constexpr int PairPanels(int tokens) { return tokens <= 3 ? 4 : tokens <= kDirectTile ? 2 : 1; }

PIONEER_INLINE const uint32_t* PairsAt(const Activations& x, int64_t tile, int tokens, int64_t k) {
  return reinterpret_cast<const uint32_t*>(x.values) + tile * x.tile * ((x.n_in + 1) / 2) +
         k / 2 * tokens;
}

PIONEER_INLINE const uint8_t* PairPanelAt(const PanelProduct& p, int64_t panel, int64_t k) {
  return reinterpret_cast<const uint8_t*>(p.panels) + (panel * p.x->n_in + k) * 2 * kPanelRows;
}

template <int T>
struct PairsInRegisters {
  // Multiplies `panels` panels from `panel` on (1 or PairPanels(T)) with one tile.
  static void Run(const PanelProduct& p, int64_t panel, int panels, int64_t tile) {
    if constexpr (T <= kDirectTile) {
      constexpr int kP = PairPanels(T);
      const Activations& x = *p.x;
      const int64_t stride = x.n_in * 2 * kPanelRows;
      alignas(64) float sums[kP * kMaxTile * kPanelRows] = {};
      for (int64_t k = 0; k < x.n_in; k += kChunkK) {
        const int n_k = static_cast<int>(std::min<int64_t>(kChunkK, x.n_in - k));
        const uint8_t* w = PairPanelAt(p, panel, k);
        if (panels == kP) {
          MultiplyPairs<T, kP>(w, stride, n_k, PairsAt(x, tile, T, k), sums);
        } else {
          MultiplyPairs<T, 1>(w, stride, n_k, PairsAt(x, tile, T, k), sums);
        }
      }
      for (int i = 0; i < panels; ++i) {
        StoreSums(p, panel + i, tile, sums + i * kMaxTile * kPanelRows);
      }
    }
  }
};

inline void MultiplyPairPanel(const PanelProduct& p, int64_t panel, int64_t tile_begin,
                              int64_t tile_end, PairChunk& chunk) {
  alignas(64) float sums[kMaxSharedTokens * kPanelRows];
  constexpr int kTileSums = kMaxTile * kPanelRows;
  std::memset(sums, 0, sizeof(float) * static_cast<size_t>((tile_end - tile_begin) * kTileSums));
  const Activations& x = *p.x;
  const int64_t n_tiles = tile_end - tile_begin;
  const bool few_tiles = n_tiles < kFewTiles;
  for (int64_t k = 0; k < x.n_in; k += kChunkK) {
    const int n_k = static_cast<int>(std::min<int64_t>(kChunkK, x.n_in - k));
    const uint8_t* w = PairPanelAt(p, panel, k);
    UnpackPairs(w, n_k, few_tiles, chunk);
    for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
      const int tokens = TokensOf(x, tile);
      if (!few_tiles) PrefetchPart(w + sizeof chunk, sizeof chunk, tile - tile_begin, n_tiles);
      WithTile<PairsInCache>(tokens, chunk, (n_k + 1) / 2, PairsAt(x, tile, tokens, k),
                             sums + (tile - tile_begin) * kTileSums);
    }
  }
  for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
    StoreSums(p, panel, tile, sums + (tile - tile_begin) * kTileSums);
  }
}

inline void MultiplyBf16(const PanelProduct& p) {
  const int tokens = TokensOf(*p.x, p.tile_begin);
  if (p.tile_end - p.tile_begin == 1 && tokens <= kDirectTile) {
    const int together = PairPanels(tokens);
    for (int64_t panel = p.panel_begin; panel < p.panel_end;) {
      const int panels = panel + together <= p.panel_end ? together : 1;
      WithTile<PairsInRegisters>(tokens, p, panel, panels, p.tile_begin);
      panel += panels;
    }
    return;
  }
  PairChunk chunk;
  for (int64_t first = p.tile_begin; first < p.tile_end; first += kSharedTiles) {
    const int64_t last = std::min<int64_t>(p.tile_end, first + kSharedTiles);
    for (int64_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
      MultiplyPairPanel(p, panel, first, last, chunk);
    }
  }
}

// To nearest even; NaN stays NaN.
PIONEER_INLINE __m256i RoundToBf16(F32 v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), SetI32(1));
  const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, odd), SetI32(0x7FFF));
  const __m512i kept =
      _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), SetI32(0x7FC00000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16));
}

inline void PutPairs(const float* row, const Activations& x, int64_t token) {
  const int64_t tile = token / x.tile;
  const int tokens = TokensOf(x, tile);
  auto* out = const_cast<uint32_t*>(PairsAt(x, tile, tokens, 0)) + token % x.tile;
  for (int64_t k = 0; k < x.n_in; k += kPanelRows) {
    const int n = static_cast<int>(std::min<int64_t>(kPanelRows, x.n_in - k));
    alignas(32) uint32_t pairs[kPanelRows / 2];
    _mm256_store_si256(reinterpret_cast<__m256i*>(pairs), RoundToBf16(LoadPartial(row + k, n)));
    for (int i = 0; i < (n + 1) / 2; ++i, out += tokens) *out = pairs[i];
  }
}

inline ActFormat ActFormatWithPairs(DType dtype) {
  ActFormat format = ActFormatFor(dtype);
  format.bf16_pairs = dtype == DType::kBF16;
  return format;
}

inline void PutActivationWithPairs(const float* row, const Activations& x, int64_t token) {
  x.format.bf16_pairs ? PutPairs(row, x, token) : PutActivation(row, x, token);
}

inline void MultiplyWithPairs(const PanelProduct& p) {
  p.x->format.bf16_pairs ? MultiplyBf16(p) : Multiply(p);
}
