// Why: the products of AVX-512 with AMX's tiles, 16 tokens times 16 outputs at once. Panels are as
// they always are: a chunk that is unpacked for AVX-512 ([k / 4][16][4] codes, [k / 2][16][2]
// bfloat16) is a weight tile already. Activations are laid out otherwise, in whole tiles: codes
// [n_in / group][tile][group], bfloat16 [(n_in + 31) / 32][tile][32], ending with zeros; what
// stands in places of tokens that the last tile does not have has no effect.
//
// Block types: tiles do the integer dot product of a group, which is exact; scales are applied as
// generic/matmul.inl.h does. So results are those of AVX-512, bit for bit, and either may take a
// product: tiles do from 16 tokens on.
//
// BF16: TDPBF16PS adds in another order than VDPBF16PS, so tiles take every product; with fewer
// than 16 tokens these have fewer rows. As with all weights, an output is summed over 256 k, then
// over these.

constexpr int kTileTokens = 16;
static_assert(kMaxTile < kTileTokens);  // tells the layouts of block types apart
// Tiles 0 to 3 are sums.
constexpr int kTilesTogether = 4, kActTile = 4, kWeightTile = 6;
constexpr int kTileSums = kTileTokens * kPanelRows;

// A thread's tiles for a product of tiles of `tokens`; quads: how many 4 bytes of k a weight tile
// has.
template <typename Tiles>
class TileScope {
 public:
  TileScope(int tokens, int quads) {
    TileConfig config;
    for (int i = 0; i < kTilesTogether; ++i) config.Shape(i, tokens, kTileRowBytes);
    for (int i = 0; i < 2; ++i) {
      config.Shape(kActTile + i, tokens, 4 * quads);
      config.Shape(kWeightTile + i, quads, kTileRowBytes);
    }
    Tiles::Configure(config);
  }
  ~TileScope() { Tiles::Release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// The integer dot products of a group. Neighbouring groups take different tiles.
template <typename Tiles, typename M, int kSlot>
PIONEER_INLINE void DotGroup(const Chunk& chunk, int g, const TileAct& x,
                             int32_t (*dots)[kPanelRows]) {
  Tiles::template Zero<kSlot>();
  Tiles::template Load<kActTile + kSlot>(x.values + g * M::kGroup * kTileTokens, M::kGroup);
  Tiles::template Load<kWeightTile + kSlot>(chunk.codes[g * (M::kGroup / 4)], kTileRowBytes);
  Tiles::template DotInt8<kSlot, kActTile + kSlot, kWeightTile + kSlot>();
  Tiles::template Store<kSlot>(dots, kTileRowBytes);
}

// Adds a tile's products with a chunk to sums [16][16]. While one group is scaled, the tiles have
// the next.
template <typename Tiles, typename M>
void MultiplyChunkByTiles(const Chunk& chunk, int n_groups, const TileAct& x, float* sums) {
  alignas(64) int32_t dots[2][kTileTokens][kPanelRows];
  F32 totals[kTileTokens];
  PIONEER_UNROLL for (int t = 0; t < kTileTokens; ++t) totals[t] = Set1(0);
  DotGroup<Tiles, M, 0>(chunk, 0, x, dots[0]);
  for (int g = 0; g < n_groups; ++g) {
    if (g + 1 < n_groups) {
      g % 2 == 0 ? DotGroup<Tiles, M, 1>(chunk, g + 1, x, dots[1])
                 : DotGroup<Tiles, M, 0>(chunk, g + 1, x, dots[0]);
    }
    const F32 scale = Load(chunk.scale[g]), min = M::kHasMin ? Load(chunk.min[g]) : Set1(0);
    const int32_t* act_sums = x.sums + g * kTileTokens;
    const float* act_scales = x.scales + g * kTileTokens;
    PIONEER_UNROLL for (int t = 0; t < kTileTokens; ++t) {
      I32 dot = LoadBytes(dots[g % 2][t]);
      if constexpr (M::kHasZeroPoint) dot = AddI32(dot, SetI32(act_sums[t]));
      AddGroup<M, 1>(&dot, scale, min, act_sums + t, act_scales + t, totals + t);
    }
  }
  AddChunk<M, kTileTokens>(totals, x.scales, sums);
}

// Calls body(0), body(1), ... with compile-time numbers.
template <int kCount, typename Body>
PIONEER_INLINE void ForTiles(const Body& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) { (body(std::integral_constant<int, i>()), ...); }
  (std::make_integer_sequence<int, kCount>());
}

// Adds the products of kCount tiles of `tokens`, `tile_values` numbers apart, with a chunk to sums
// [kCount][16][16]. A sum of a tile waits for the one before: with four tiles it is there in time.
template <typename Tiles, int kCount>
void MultiplyPairsByTiles(const PairChunk& chunk, int n_k, const uint16_t* x, int64_t tile_values,
                          int tokens, float* sums) {
  ForTiles<kCount>([](auto i) { Tiles::template Zero<i>(); });
  for (int k = 0; k < n_k; k += 32, x += 32 * tokens) {
    Tiles::template Load<kWeightTile>(chunk.pairs[k / 2], kTileRowBytes);
    ForTiles<kCount>([&](auto i) {
      Tiles::template Load<kActTile + i % 2>(x + i * tile_values, kTileRowBytes);
      Tiles::template DotBf16<i, kActTile + i % 2, kWeightTile>();
    });
  }
  ForTiles<kCount>([&](auto i) {
    alignas(64) float totals[kTileTokens][kPanelRows];
    Tiles::template Store<i>(totals, kTileRowBytes);
    float* at = sums + i * kTileSums;
    for (int t = 0; t < tokens; ++t, at += kPanelRows) Store(at, Add(Load(at), Load(totals[t])));
  });
}

// Runs a panel with tiles of tokens from chunk to chunk: unpack(weights, n_k, few_tiles), then for
// each four tiles or fewer, which are `count` from `tile` on, multiply(k, n_k, tile, count, sums).
template <typename Unpack, typename MultiplyTiles>
void RunPanel(const PanelProduct& p, int64_t panel, int64_t tile_begin, int64_t tile_end,
              const Unpack& unpack, const MultiplyTiles& multiply) {
  alignas(64) float sums[kMaxSharedTokens * kPanelRows];
  const int64_t n_tiles = tile_end - tile_begin, n_in = p.x->n_in;
  std::memset(sums, 0, sizeof(float) * static_cast<size_t>(n_tiles * kTileSums));
  const PanelLayout layout = PanelLayoutOf(p.dtype);
  const auto* w =
      reinterpret_cast<const uint8_t*>(p.panels) + panel * (n_in / layout.block_k) * layout.bytes;
  const bool few_tiles = n_tiles < kFewTiles;
  for (int64_t k = 0; k < n_in; k += kChunkK) {
    const int n_k = static_cast<int>(std::min<int64_t>(kChunkK, n_in - k));
    unpack(w, n_k, few_tiles);
    w += n_k / layout.block_k * layout.bytes;
    for (int64_t tile = tile_begin; tile < tile_end; tile += kTilesTogether) {
      const auto count = static_cast<int>(std::min<int64_t>(kTilesTogether, tile_end - tile));
      if (!few_tiles) {
        PrefetchPart(w, kChunkK / layout.block_k * layout.bytes,
                     (tile - tile_begin) / kTilesTogether,
                     (n_tiles + kTilesTogether - 1) / kTilesTogether);
      }
      multiply(k, n_k, tile, count, sums + (tile - tile_begin) * kTileSums);
    }
  }
  for (int64_t tile = tile_begin; tile < tile_end; ++tile) {
    StoreSums(p, panel, tile, sums + (tile - tile_begin) * kTileSums);
  }
}

// Calls run(panel, first tile, last tile) for all panels, with as many tiles as share a chunk.
template <typename Run>
void ForPanels(const PanelProduct& p, const Run& run) {
  constexpr int64_t kShared = kMaxSharedTokens / kTileTokens;
  for (int64_t first = p.tile_begin; first < p.tile_end; first += kShared) {
    const int64_t last = std::min<int64_t>(p.tile_end, first + kShared);
    for (int64_t panel = p.panel_begin; panel < p.panel_end; ++panel) run(panel, first, last);
  }
}

template <typename Tiles, typename W>
void MultiplyQuantizedByTiles(const PanelProduct& p) {
  const TileScope<Tiles> scope(kTileTokens, W::kGroup / 4);
  Chunk chunk;
  const auto unpack = [&](const uint8_t* w, int n_k, bool few_tiles) {
    UnpackChunk<W>(w, n_k / W::kGroup, few_tiles, chunk);
  };
  const auto multiply = [&](int64_t k, int n_k, int64_t tile, int count, float* sums) {
    for (int i = 0; i < count; ++i) {
      MultiplyChunkByTiles<Tiles, typename W::Math>(
          chunk, n_k / W::kGroup, ActAt(*p.x, tile + i, kTileTokens, k), sums + i * kTileSums);
    }
  };
  ForPanels(p, [&](int64_t panel, int64_t first, int64_t last) {
    RunPanel(p, panel, first, last, unpack, multiply);
  });
}

// Numbers of a tile of bfloat16.
PIONEER_INLINE int64_t TileValues(const Activations& x) { return (x.n_in + 31) / 32 * 32 * x.tile; }

template <typename Tiles>
void MultiplyBf16ByTiles(const PanelProduct& p) {
  const Activations& x = *p.x;
  const TileScope<Tiles> scope(x.tile, kTileTokens);
  PairChunk chunk;
  const auto unpack = [&](const uint8_t* w, int n_k, bool few_tiles) {
    UnpackPairs(w, n_k, few_tiles, chunk);
    for (int i = (n_k + 1) / 2; i % 16 != 0; ++i) StoreBytes(chunk.pairs[i], SetI32(0));
  };
  const auto multiply = [&](int64_t k, int n_k, int64_t tile, int count, float* sums) {
    const int64_t n = TileValues(x);
    const auto* values = reinterpret_cast<const uint16_t*>(x.values) + tile * n + k * x.tile;
    ForTiles<kTilesTogether>([&](auto i) {
      if (count == i + 1) MultiplyPairsByTiles<Tiles, i + 1>(chunk, n_k, values, n, x.tile, sums);
    });
  };
  ForPanels(p, [&](int64_t panel, int64_t first, int64_t last) {
    RunPanel(p, panel, first, last, unpack, multiply);
  });
}

inline void PutBf16Row(const float* row, const Activations& x, int64_t token) {
  auto* out =
      reinterpret_cast<uint16_t*>(x.values) + token / x.tile * TileValues(x) + token % x.tile * 32;
  for (int64_t k = 0; k < x.n_in; k += 32, out += 32 * x.tile) {
    for (int half = 0; half < 32; half += kPanelRows) {
      const int64_t from = std::min(k + half, x.n_in);
      const int n = static_cast<int>(std::min<int64_t>(kPanelRows, x.n_in - from));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + half),
                          RoundToBf16(LoadPartial(row + from, n)));
    }
  }
}

PIONEER_INLINE bool TilesTakeCodes(const Activations& x) {
  return x.format.scale_group != 0 && x.tile == kTileTokens;
}

inline void PutActivationForTiles(const float* row, const Activations& x, int64_t token) {
  if (x.format.bf16_pairs) return PutBf16Row(row, x, token);
  if (!TilesTakeCodes(x)) return Avx512Kernels().put_activation(row, x, token);
  const int group = x.format.sum_group;
  auto* values =
      const_cast<int8_t*>(ActAt(x, token / x.tile, kTileTokens, 0).values) + token % x.tile * group;
  RoundActivation(row, x, token, kTileTokens, [&](int64_t k, const int8_t* codes) {
    std::memcpy(values + k / group * group * kTileTokens + k % group, codes, kPanelRows);
  });
}

inline int TileTokensForTiles(const ActFormat& format, int64_t n_tokens) {
  if (format.bf16_pairs) return static_cast<int>(std::min<int64_t>(n_tokens, kTileTokens));
  const bool codes = format.scale_group != 0 && n_tokens >= kTileTokens;
  return codes ? kTileTokens : Avx512Kernels().tile_tokens(format, n_tokens);
}

template <typename Tiles>
void MultiplyByTiles(const PanelProduct& p) {
  if (p.x->format.bf16_pairs) return MultiplyBf16ByTiles<Tiles>(p);
  if (!TilesTakeCodes(*p.x)) return Avx512Kernels().multiply(p);
  WithWeights(p.dtype, [&]<typename W>(W) { MultiplyQuantizedByTiles<Tiles, W>(p); });
}

// The table of AVX-512 with products by tiles.
template <typename Tiles>
KernelTable MakeTableOfTiles() {
  KernelTable table = Avx512Kernels();
  table.act_format = ActFormatWithPairs;
  table.tile_tokens = TileTokensForTiles;
  table.put_activation = PutActivationForTiles;
  table.multiply = MultiplyByTiles<Tiles>;
  return table;
}
