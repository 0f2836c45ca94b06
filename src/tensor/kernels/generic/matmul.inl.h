// Why: the product of panels with tiles of tokens. A vector is 16 outputs of one token, so an
// output's arithmetic is a fixed sequence over k whatever else is in the call:
//
//   per group of k:  integer dot product (exact), then  sum += dot * scale [- act_sum * min]
//
// Many tokens: a chunk of 256 k of a panel is unpacked once into first-level cache and multiplied
// by all tiles. Few tokens: codes are unpacked in registers. Both do the same arithmetic.

constexpr int kChunkK = 256;

// A chunk of one panel, unpacked.
struct Chunk {
  alignas(64) uint8_t codes[kChunkK / 4][64];
  alignas(64) float scale[kChunkK / 16][kPanelRows];
  alignas(64) float min[kChunkK / 16][kPanelRows];
};

// The activations of one tile from some k on.
struct TileAct {
  const int8_t* values;
  const int32_t* sums;
  const float* scales;
};

#if defined(PIONEER_I8MM)
// Products of matrices want codes in another order, and have a MultiplyChunk of their own.
template <int kVectors>
PIONEER_INLINE void PutCodes(const U8* codes, int g, Chunk& chunk);
#endif

template <typename W, int kOfStep>
PIONEER_INLINE void UnpackGroup(const uint8_t* block, int g, Chunk& chunk) {
  constexpr int kVectors = W::kGroup / 4, kGroupsInBlock = W::kBlockK / W::kGroup;
  const uint8_t* from = block + g / kGroupsInBlock * W::kBlockBytes;
  U8 codes[kVectors];
  W::template Codes<kOfStep>(from, g % kGroupsInBlock, codes);
#if defined(PIONEER_I8MM)
  PutCodes<kVectors>(codes, g, chunk);
#else
  PIONEER_UNROLL for (int i = 0; i < kVectors; ++i) {
    StoreBytes(chunk.codes[g * kVectors + i], codes[i]);
  }
#endif
  Store(chunk.scale[g], W::Scale(from, g % kGroupsInBlock));
  if constexpr (W::kHasMin) Store(chunk.min[g], W::Min(from, g % kGroupsInBlock));
}

// Asks for what is needed much later, into the second-level cache: a processor's own prefetchers
// follow a stream that is read evenly, not one that waits for products. Running past the weight's
// end is harmless.
template <int kBytes>
PIONEER_INLINE void PrefetchAhead(const uint8_t* at) {
  constexpr int kAheadBytes = 16384;
  PIONEER_UNROLL for (int line = 0; line < kBytes; line += 64) {
    __builtin_prefetch(at + kAheadBytes + line, 0, 2);
  }
}

// The same for the kStep groups from g on.
template <typename W>
PIONEER_INLINE void PrefetchGroups(const uint8_t* block, int g) {
  constexpr int kGroupBytes = W::kBlockBytes / (W::kBlockK / W::kGroup);
  PrefetchAhead<W::kStep * kGroupBytes>(block + g * kGroupBytes);
}

// With few tiles the memory is what a product waits for. With more, it is enough to ask for the
// next chunk while this one is multiplied, and then into the first-level cache.
constexpr int kFewTiles = 4;

// Asks for part i of n of some bytes.
PIONEER_INLINE void PrefetchPart(const uint8_t* from, int64_t n_bytes, int64_t i, int64_t n) {
  const uint8_t* const end = from + n_bytes * (i + 1) / n;
  for (const uint8_t* at = from + n_bytes * i / n; at < end; at += 64) __builtin_prefetch(at);
}

template <typename W>
void UnpackChunk(const uint8_t* block, int n_groups, bool few_tiles, Chunk& chunk) {
  for (int g = 0; g < n_groups; g += W::kStep) {
    if (few_tiles) PrefetchGroups<W>(block, g);
    UnpackGroup<W, 0>(block, g, chunk);
    if constexpr (W::kStep == 2) UnpackGroup<W, 1>(block, g + 1, chunk);
  }
}

// A group's share of the sums of T tokens.
template <typename M, int T>
PIONEER_INLINE void AddGroup(const I32* dots, F32 scale, F32 min, const int32_t* sums,
                             const float* act_scales, F32* totals) {
  PIONEER_UNROLL for (int t = 0; t < T; ++t) {
    F32 dot = ToF32(dots[t]);
    if constexpr (M::kActPerGroup) dot = Mul(dot, Set1(act_scales[t]));
    totals[t] = Fma(dot, scale, totals[t]);
    if constexpr (M::kHasMin) {
      totals[t] = Fnma(Set1(std::bit_cast<float>(sums[t])), min, totals[t]);
    }
  }
}

template <typename M, int T>
PIONEER_INLINE void StartGroup(const int32_t* sums, I32* dots) {
  PIONEER_UNROLL for (int t = 0; t < T; ++t) { dots[t] = SetI32(M::kHasZeroPoint ? sums[t] : 0); }
}

// Adds a chunk's `totals` to the outputs' sums [T][16].
template <typename M, int T>
PIONEER_INLINE void AddChunk(const F32* totals, const float* act_scales, float* sums) {
  PIONEER_UNROLL for (int t = 0; t < T; ++t) {
    float* at = sums + t * kPanelRows;
    if constexpr (M::kActPerGroup) {
      Store(at, Add(Load(at), totals[t]));
    } else {
      Store(at, Fma(totals[t], Set1(act_scales[t]), Load(at)));
    }
  }
}

#if defined(PIONEER_I8MM)
#include "tensor/kernels/matmul_i8mm.inl.h"
#else
template <typename M, int T>
void MultiplyChunk(const Chunk& chunk, int n_groups, const TileAct& x, float* sums) {
  constexpr int kVectors = M::kGroup / 4;
  F32 totals[T];
  PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[t] = Set1(0);
  for (int g = 0; g < n_groups; ++g) {
    I32 dots[T];
    StartGroup<M, T>(x.sums + g * T, dots);
    const int8_t* values = x.values + g * (M::kGroup * T);
    PIONEER_UNROLL for (int i = 0; i < kVectors; ++i) {
      const U8 codes = LoadBytes(chunk.codes[g * kVectors + i]);
      PIONEER_UNROLL for (int t = 0; t < T; ++t) {
        dots[t] = Dot<M::kWide>(dots[t], codes, values + (i * T + t) * 4);
      }
    }
    AddGroup<M, T>(dots, Load(chunk.scale[g]), M::kHasMin ? Load(chunk.min[g]) : Set1(0),
                   x.sums + g * T, x.scales + g * T, totals);
  }
  AddChunk<M, T>(totals, x.scales, sums);
}
#endif

template <typename W, int T, int kOfStep>
PIONEER_INLINE void MultiplyGroup(const uint8_t* block, int g, const TileAct& x, F32* totals) {
  constexpr int kVectors = W::kGroup / 4, kGroupsInBlock = W::kBlockK / W::kGroup;
  const uint8_t* from = block + g / kGroupsInBlock * W::kBlockBytes;
  U8 codes[kVectors];
  W::template Codes<kOfStep>(from, g % kGroupsInBlock, codes);
  I32 dots[T];
  StartGroup<typename W::Math, T>(x.sums + g * T, dots);
  const int8_t* values = x.values + g * (W::kGroup * T);
  PIONEER_UNROLL for (int i = 0; i < kVectors; ++i) {
    PIONEER_UNROLL for (int t = 0; t < T; ++t) {
      dots[t] = Dot<W::Math::kWide>(dots[t], codes[i], values + (i * T + t) * 4);
    }
  }
  AddGroup<typename W::Math, T>(dots, W::Scale(from, g % kGroupsInBlock),
                                W::Min(from, g % kGroupsInBlock), x.sums + g * T, x.scales + g * T,
                                totals);
}

template <typename W, int T>
void MultiplyDirect(const uint8_t* block, int n_groups, const TileAct& x, float* sums) {
  F32 totals[T];
  PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[t] = Set1(0);
  for (int g = 0; g < n_groups; g += W::kStep) {
    if constexpr (T > 1) PrefetchGroups<W>(block, g);
    MultiplyGroup<W, T, 0>(block, g, x, totals);
    if constexpr (W::kStep == 2) MultiplyGroup<W, T, 1>(block, g + 1, x, totals);
  }
  AddChunk<typename W::Math, T>(totals, x.scales, sums);
}

// Calls the body with a compile-time T equal to `tokens`, 1..kMaxTile.
template <template <int> typename Body, int T = kMaxTile, typename... Args>
PIONEER_INLINE void WithTile(int tokens, Args&&... args) {
  if constexpr (T > 0) {
    if (tokens == T) return Body<T>::Run(args...);
    WithTile<Body, T - 1>(tokens, args...);
  }
}

template <typename W>
struct ByTile {
  template <int T>
  struct InCache {
    static void Run(const Chunk& chunk, int n_groups, const TileAct& x, float* sums) {
      MultiplyChunk<typename W::Math, T>(chunk, n_groups, x, sums);
    }
  };
  template <int T>
  struct InRegisters {
    static void Run(const uint8_t* block, int n_groups, const TileAct& x, float* sums) {
      if constexpr (T <= kDirectTile) MultiplyDirect<W, T>(block, n_groups, x, sums);
    }
  };
};

PIONEER_INLINE int TokensOf(const Activations& x, int64_t tile) {
  return static_cast<int>(std::min<int64_t>(x.tile, x.n_tokens - tile * x.tile));
}

// Tile `tile` from element k on.
PIONEER_INLINE TileAct ActAt(const Activations& x, int64_t tile, int tokens, int64_t k) {
  const ActFormat& format = x.format;
  const int64_t first = tile * x.tile;
  return {reinterpret_cast<const int8_t*>(x.values) + first * x.n_in + k * tokens,
          x.sums + first * (x.n_in / format.sum_group) + k / format.sum_group * tokens,
          x.scales + first * (x.n_in / format.scale_group) + k / format.scale_group * tokens};
}

// Writes the sums [tokens][16] of a panel and tile to y.
inline void StoreSums(const PanelProduct& p, int64_t panel, int64_t tile, const float* sums) {
  const int rows = static_cast<int>(std::min<int64_t>(kPanelRows, p.n_out - panel * kPanelRows));
  const int tokens = TokensOf(*p.x, tile);
  float* y = p.y + tile * p.x->tile * p.n_out + panel * kPanelRows;
  for (int t = 0; t < tokens; ++t, y += p.n_out, sums += kPanelRows) {
    StorePartial(y, Load(sums), rows);
  }
}

// At most this many tiles share an unpacked chunk; their sums lie on the stack.
constexpr int kMaxSharedTokens = 192;
constexpr int kSharedTiles = kMaxSharedTokens / kMaxTile;

template <typename W>
void MultiplyPanel(const PanelProduct& p, int64_t panel, int64_t tile_begin, int64_t tile_end,
                   Chunk& chunk) {
  alignas(64) float sums[kMaxSharedTokens * kPanelRows];
  const int64_t n_tiles = tile_end - tile_begin;
  std::memset(sums, 0, sizeof(float) * static_cast<size_t>(n_tiles) * kMaxTile * kPanelRows);
  const Activations& x = *p.x;
  const bool direct = n_tiles == 1 && TokensOf(x, tile_begin) <= kDirectTile;
  const bool few_tiles = n_tiles < kFewTiles;
  const int64_t panel_bytes = x.n_in / W::kBlockK * W::kBlockBytes;
  const auto* block = reinterpret_cast<const uint8_t*>(p.panels) + panel * panel_bytes;
  for (int64_t k = 0; k < x.n_in; k += kChunkK) {
    const int chunk_k = static_cast<int>(std::min<int64_t>(kChunkK, x.n_in - k));
    const int n_groups = chunk_k / W::kGroup;
    const int64_t chunk_bytes = chunk_k / W::kBlockK * W::kBlockBytes;
    if (!direct) UnpackChunk<W>(block, n_groups, few_tiles, chunk);
    for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
      const int tokens = TokensOf(x, tile);
      const TileAct act = ActAt(x, tile, tokens, k);
      if (!few_tiles) PrefetchPart(block + chunk_bytes, chunk_bytes, tile - tile_begin, n_tiles);
      float* at = sums + (tile - tile_begin) * kMaxTile * kPanelRows;
      if (direct) {
        WithTile<ByTile<W>::template InRegisters>(tokens, block, n_groups, act, at);
      } else {
        WithTile<ByTile<W>::template InCache>(tokens, chunk, n_groups, act, at);
      }
    }
    block += chunk_bytes;
  }
  for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
    StoreSums(p, panel, tile, sums + (tile - tile_begin) * kMaxTile * kPanelRows);
  }
}

// Two panels with one token: codes of 8 bits come from memory faster in two streams, if these are
// long (narrower codes come more slowly).
template <typename W>
void MultiplyTwoPanels(const PanelProduct& p, int64_t panel) {
  const Activations& x = *p.x;
  alignas(64) float sums[2][kPanelRows] = {};
  const int64_t panel_bytes = x.n_in / W::kBlockK * W::kBlockBytes;
  const auto* block = reinterpret_cast<const uint8_t*>(p.panels) + panel * panel_bytes;
  for (int64_t k = 0; k < x.n_in; k += kChunkK) {
    const int chunk_k = static_cast<int>(std::min<int64_t>(kChunkK, x.n_in - k));
    const TileAct act = ActAt(x, p.tile_begin, 1, k);
    F32 totals[2] = {Set1(0), Set1(0)};
    for (int g = 0; g < chunk_k / W::kGroup; ++g) {
      MultiplyGroup<W, 1, 0>(block, g, act, &totals[0]);
      MultiplyGroup<W, 1, 0>(block + panel_bytes, g, act, &totals[1]);
    }
    for (int i = 0; i < 2; ++i) AddChunk<typename W::Math, 1>(&totals[i], act.scales, sums[i]);
    block += chunk_k / W::kBlockK * W::kBlockBytes;
  }
  for (int i = 0; i < 2; ++i) StoreSums(p, panel + i, p.tile_begin, sums[i]);
}

inline bool WantsTwoPanels(const PanelProduct& p) {
  constexpr int64_t kLongRow = 1024;
  return p.tile_end - p.tile_begin == 1 && TokensOf(*p.x, p.tile_begin) == 1 &&
         p.x->n_in >= kLongRow;
}

template <typename W>
void MultiplyQuantized(const PanelProduct& p) {
  Chunk chunk;
  if constexpr (W::kBlockK == W::kGroup && W::kFormat.code_bits() == 8) {
    if (WantsTwoPanels(p)) {
      int64_t panel = p.panel_begin;
      for (; panel + 2 <= p.panel_end; panel += 2) MultiplyTwoPanels<W>(p, panel);
      if (panel < p.panel_end) MultiplyPanel<W>(p, panel, p.tile_begin, p.tile_end, chunk);
      return;
    }
  }
  for (int64_t first = p.tile_begin; first < p.tile_end; first += kSharedTiles) {
    const int64_t last = std::min<int64_t>(p.tile_end, first + kSharedTiles);
    for (int64_t panel = p.panel_begin; panel < p.panel_end; ++panel) {
      MultiplyPanel<W>(p, panel, first, last, chunk);
    }
  }
}

// Plain types: [k][16] elements.
struct WeightF32 {
  static constexpr int kBytes = 4;
  static PIONEER_INLINE F32 Get(const uint8_t* p) {
    return Load(reinterpret_cast<const float*>(p));
  }
};
struct WeightF16 {
  static constexpr int kBytes = 2;
  static PIONEER_INLINE F32 Get(const uint8_t* p) { return LoadF16(p); }
};
struct WeightBf16 {
  static constexpr int kBytes = 2;
  static PIONEER_INLINE F32 Get(const uint8_t* p) { return LoadBf16(p); }
};

// Sums run over chunks of k, then over the chunks: shorter chains lose fewer bits. P panels at once
// hide the latency of a chain when tokens are few.
template <typename W, int T, int P>
PIONEER_INLINE void MultiplyPlain(const uint8_t* const* w, const float* x, int64_t n_in,
                                  float* sums) {
  F32 totals[P][T];
  PIONEER_UNROLL for (int p = 0; p < P; ++p) {
    PIONEER_UNROLL for (int t = 0; t < T; ++t) totals[p][t] = Set1(0);
  }
  for (int64_t k = 0; k < n_in; ++k) {
    PIONEER_UNROLL for (int p = 0; p < P; ++p) {
      const F32 weight = W::Get(w[p] + k * (W::kBytes * kPanelRows));
      PIONEER_UNROLL for (int t = 0; t < T; ++t) {
        totals[p][t] = Fma(weight, Set1(x[k * T + t]), totals[p][t]);
      }
    }
  }
  PIONEER_UNROLL for (int p = 0; p < P; ++p) {
    PIONEER_UNROLL for (int t = 0; t < T; ++t) {
      float* at = sums + (p * kMaxTile + t) * kPanelRows;
      Store(at, Add(Load(at), totals[p][t]));
    }
  }
}

constexpr int PlainPanels(int tokens) { return 4 * tokens <= kMaxTile ? 4 : 1; }

template <typename W>
struct PlainByTile {
  template <int T>
  struct Panels {
    // Multiplies `panels` panels from `panel` on (1 or PlainPanels(T)) with one tile.
    static void Run(const PanelProduct& p, int64_t panel, int panels, int64_t tile) {
      constexpr int kP = PlainPanels(T);
      const Activations& x = *p.x;
      const int64_t panel_bytes = x.n_in * W::kBytes * kPanelRows;
      alignas(64) float sums[kP * kMaxTile * kPanelRows] = {};
      const float* values = reinterpret_cast<const float*>(x.values) + tile * x.tile * x.n_in;
      for (int64_t k = 0; k < x.n_in; k += kChunkK) {
        const int64_t chunk_k = std::min<int64_t>(kChunkK, x.n_in - k);
        const uint8_t* w[kP];
        for (int i = 0; i < kP; ++i) {
          w[i] = reinterpret_cast<const uint8_t*>(p.panels) +
                 (panel + (i < panels ? i : 0)) * panel_bytes + k * W::kBytes * kPanelRows;
        }
        if (panels == kP) {
          MultiplyPlain<W, T, kP>(w, values + k * T, chunk_k, sums);
        } else {
          MultiplyPlain<W, T, 1>(w, values + k * T, chunk_k, sums);
        }
      }
      for (int i = 0; i < panels; ++i) {
        StoreSums(p, panel + i, tile, sums + i * kMaxTile * kPanelRows);
      }
    }
  };
};

template <typename W>
void MultiplyFloat(const PanelProduct& p) {
  for (int64_t panel = p.panel_begin; panel < p.panel_end;) {
    const int together = PlainPanels(TokensOf(*p.x, p.tile_begin));
    const int panels = panel + together <= p.panel_end ? together : 1;
    for (int64_t tile = p.tile_begin; tile < p.tile_end; ++tile) {
      const int tokens = TokensOf(*p.x, tile);
      const int step = std::min(panels, PlainPanels(tokens));
      for (int i = 0; i < panels; i += step) {
        WithTile<PlainByTile<W>::template Panels>(tokens, p, panel + i, step, tile);
      }
    }
    panel += panels;
  }
}

// Calls body with the Weights of a block type; false for plain types.
template <typename Body>
bool WithWeights(DType dtype, const Body& body) {
  switch (dtype) {
#define PIONEER_CASE(type)        \
  case DType::type:               \
    body(Weights<DType::type>()); \
    return true
    PIONEER_CASE(kQ8_0);
    PIONEER_CASE(kQ6_K);
    PIONEER_CASE(kQ5_K);
    PIONEER_CASE(kQ5_1);
    PIONEER_CASE(kQ5_0);
    PIONEER_CASE(kQ4_K);
    PIONEER_CASE(kQ4_1);
    PIONEER_CASE(kQ4_0);
    PIONEER_CASE(kIQ4_NL);
    PIONEER_CASE(kIQ4_XS);
    PIONEER_CASE(kMXFP4);
    PIONEER_CASE(kQ3_K);
    PIONEER_CASE(kQ2_K);
#undef PIONEER_CASE
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
      return false;
  }
  return false;
}

// Activations are rounded in the weights' blocks and summed in their groups.
inline ActFormat ActFormatFor(DType dtype) {
  ActFormat format;
  WithWeights(dtype, [&]<typename W>(W) { format = {W::kBlockK, W::kGroup, W::kZeroPoint}; });
  return format;
}

inline void Multiply(const PanelProduct& p) {
  if (WithWeights(p.dtype, [&]<typename W>(W) { MultiplyQuantized<W>(p); })) return;
  switch (p.dtype) {
    case DType::kF16:
      return MultiplyFloat<WeightF16>(p);
    case DType::kBF16:
      return MultiplyFloat<WeightBf16>(p);
    default:
      return MultiplyFloat<WeightF32>(p);
  }
}
