// Why: AMX as far as products need it: eight tiles, each a thread's own, of up to 16 rows of up to
// 64 bytes. Kernels are written against these functions, so that tests can run them on tiles that
// are emulated (amx_emulation.h). Source: Intel 64 and IA-32 Architectures Software Developer's
// Manual, the chapter on AMX of volume 1 and the instructions' pages of volume 2.
#pragma once

#include <bit>
#include <cstdint>

namespace pioneer {

inline constexpr int kTiles = 8;
inline constexpr int kTileRowBytes = 64;

// The operand of LDTILECFG.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void Shape(int tile, int n_rows, int n_bytes) {
    rows[tile] = static_cast<uint8_t>(n_rows);
    row_bytes[tile] = static_cast<uint16_t>(n_bytes);
  }
};
static_assert(sizeof(TileConfig) == 64);

#if defined(__x86_64__)
// Not the intrinsics: GCC's are macros that take a tile's number only as a literal, and those of
// GCC 12 do not say that a load reads memory.
struct HardwareTiles {
  static void Configure(const TileConfig& config) { asm volatile("ldtilecfg %0" ::"m"(config)); }
  static void Release() { asm volatile("tilerelease" ::: "memory"); }
  template <int kTile>
  static void Zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }
  // Rows `stride` bytes apart.
  template <int kTile>
  static void Load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  static void Store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kTile) : "memory");
  }
  // C[m][n] += sum over k of A[m][k] * B[k / 4][4 n + k % 4]: A int8, B uint8, C int32.
  template <int kC, int kA, int kB>
  static void DotInt8() {
    asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
  }
  // C[m][n] += sum over k of A[m][k] * B[k / 2][2 n + k % 2]: A and B bfloat16, C float32.
  template <int kC, int kA, int kB>
  static void DotBf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kC), "i"(kA), "i"(kB));
  }
};
#endif

// Whether products of tiles are what they should be: what differs by signs, operands and order of
// bytes shows. All numbers are exact, in whatever order they are added.
template <typename Tiles>
bool TilesMultiply() {
  constexpr int kN = 16;
  alignas(64) int8_t a[kN][64];
  alignas(64) uint8_t b[kN][kN][4];
  alignas(64) uint16_t a_pairs[kN][32], b_pairs[kN][kN][2];
  alignas(64) int32_t c[kN][kN];
  alignas(64) float c_pairs[kN][kN];
  const auto bf16 = [](int v) {
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(v)) >> 16);
  };
  const auto pair_a = [](int m, int k) { return (m * 5 + k * 3) % 17 - 8; };
  const auto pair_b = [](int n, int k) { return (n * 7 + k * 2) % 13 - 4; };
  for (int i = 0; i < kN; ++i) {
    for (int k = 0; k < 64; ++k) {
      a[i][k] = static_cast<int8_t>((i * 37 + k * 29) % 256 - 128);
      b[k / 4][i][k % 4] = static_cast<uint8_t>((i * 43 + k * 31) % 256);
    }
    for (int k = 0; k < 32; ++k) {
      a_pairs[i][k] = bf16(pair_a(i, k));
      b_pairs[k / 2][i][k % 2] = bf16(pair_b(i, k));
    }
  }
  TileConfig config;
  for (const int tile : {0, 4, 6}) config.Shape(tile, kN, kTileRowBytes);
  Tiles::Configure(config);
  Tiles::template Zero<0>();
  Tiles::template Load<4>(a, sizeof a[0]);
  Tiles::template Load<6>(b, sizeof b[0]);
  Tiles::template DotInt8<0, 4, 6>();
  Tiles::template Store<0>(c, sizeof c[0]);
  Tiles::template Zero<0>();
  Tiles::template Load<4>(a_pairs, sizeof a_pairs[0]);
  Tiles::template Load<6>(b_pairs, sizeof b_pairs[0]);
  Tiles::template DotBf16<0, 4, 6>();
  Tiles::template Store<0>(c_pairs, sizeof c_pairs[0]);
  Tiles::Release();
  for (int m = 0; m < kN; ++m) {
    for (int n = 0; n < kN; ++n) {
      int dot = 0, dot_of_pairs = 0;
      for (int k = 0; k < 64; ++k) dot += a[m][k] * b[k / 4][n][k % 4];
      for (int k = 0; k < 32; ++k) dot_of_pairs += pair_a(m, k) * pair_b(n, k);
      if (c[m][n] != dot || c_pairs[m][n] != static_cast<float>(dot_of_pairs)) return false;
    }
  }
  return true;
}

}  // namespace pioneer
