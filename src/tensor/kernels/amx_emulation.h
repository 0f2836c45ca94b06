// Why: no test machine need have AMX. Tiles in plain C++ that do what the manual's pseudo-code of
// each instruction says, for tests: what a processor would refuse throws std::logic_error.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "tensor/kernels/amx_tiles.h"
#include "tensor/kernels/kernel_table.h"

namespace pioneer {

struct EmulatedTileState {
  static constexpr int kRows = 16;
  TileConfig config;
  bool configured = false;
  std::array<std::array<uint8_t, kRows * kTileRowBytes>, kTiles> bytes{};
};

// As HardwareTiles; the state is a thread's own.
class EmulatedTiles {
 public:
  static void Configure(const TileConfig& config) {
    Require(config.palette == 1 && config.start_row == 0, "palette or start row");
    for (int i = 0; i < 16; ++i) {
      const int rows = config.rows[i], bytes = config.row_bytes[i];
      Require(rows <= kRows && bytes <= kTileRowBytes && (rows == 0) == (bytes == 0), "shape");
      Require(i < kTiles || rows == 0, "a ninth tile");
    }
    state_ = {};
    state_.config = config;
    state_.configured = true;
  }
  static void Release() { state_ = {}; }
  static bool configured() { return state_.configured; }

  template <int kTile>
  static void Zero() {
    static_assert(kTile < kTiles);
    RequireShape(kTile);
    state_.bytes[kTile] = {};
  }
  template <int kTile>
  static void Load(const void* from, int64_t stride) {
    Zero<kTile>();
    for (int r = 0; r < Rows(kTile); ++r) {
      std::memcpy(Row(kTile, r), static_cast<const uint8_t*>(from) + r * stride, Bytes(kTile));
    }
  }
  template <int kTile>
  static void Store(void* to, int64_t stride) {
    RequireShape(kTile);
    for (int r = 0; r < Rows(kTile); ++r) {
      std::memcpy(static_cast<uint8_t*>(to) + r * stride, Row(kTile, r), Bytes(kTile));
    }
  }

  template <int kC, int kA, int kB>
  static void DotInt8() {
    RequireProduct(kC, kA, kB);
    for (int m = 0; m < Rows(kC); ++m) {
      for (int k = 0; k < Bytes(kA) / 4; ++k) {
        for (int n = 0; n < Bytes(kC) / 4; ++n) {
          auto sum = Get<uint32_t>(kC, m, n);
          for (int i = 0; i < 4; ++i) {
            sum += static_cast<uint32_t>(Get<int8_t>(kA, m, 4 * k + i) *
                                         Get<uint8_t>(kB, k, 4 * n + i));
          }
          Put(kC, m, n, sum);
        }
      }
    }
  }

  // Pairs' first and second products are summed apart, from zero; their sum is added to C.
  template <int kC, int kA, int kB>
  static void DotBf16() {
    RequireProduct(kC, kA, kB);
    for (int m = 0; m < Rows(kC); ++m) {
      float sums[kRows][2] = {};
      for (int k = 0; k < Bytes(kA) / 4; ++k) {
        for (int n = 0; n < Bytes(kC) / 4; ++n) {
          for (int i = 0; i < 2; ++i) {
            sums[n][i] = FusedMultiplyAdd(FromBf16(Get<uint16_t>(kA, m, 2 * k + i)),
                                          FromBf16(Get<uint16_t>(kB, k, 2 * n + i)), sums[n][i]);
          }
        }
      }
      for (int n = 0; n < Bytes(kC) / 4; ++n) {
        Put(kC, m, n, Add(Get<float>(kC, m, n), Add(sums[n][0], sums[n][1])));
      }
    }
  }

 private:
  static constexpr int kRows = EmulatedTileState::kRows;
  static inline thread_local EmulatedTileState state_;

  static void Require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(std::string("a processor refuses these tiles: ") + what);
  }
  static void RequireShape(int tile) {
    Require(state_.configured && Rows(tile) != 0, "not configured");
  }
  static void RequireProduct(int c, int a, int b) {
    for (const int tile : {c, a, b}) RequireShape(tile);
    Require(c != a && c != b && a != b, "not three tiles");
    Require(Bytes(a) == 4 * Rows(b) && Rows(c) == Rows(a) && Bytes(c) == Bytes(b), "sizes differ");
    for (const int tile : {c, a, b}) Require(Bytes(tile) % 4 == 0, "not whole 4 bytes");
  }

  static int Rows(int tile) { return state_.config.rows[tile]; }
  static int Bytes(int tile) { return state_.config.row_bytes[tile]; }
  static uint8_t* Row(int tile, int row) { return state_.bytes[tile].data() + row * kTileRowBytes; }
  template <typename T>
  static T Get(int tile, int row, int i) {
    T value;
    std::memcpy(&value, Row(tile, row) + i * sizeof(T), sizeof value);
    return value;
  }
  template <typename T>
  static void Put(int tile, int row, int i, T value) {
    std::memcpy(Row(tile, row) + i * sizeof(T), &value, sizeof value);
  }

  // Arithmetic with denormals taken as zero and flushed to zero, to nearest even.
  static float FromBf16(uint16_t v) { return std::bit_cast<float>(static_cast<uint32_t>(v) << 16); }
  static float Flush(float v) {
    return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v;
  }
  static float Add(float a, float b) { return Flush(Flush(a) + Flush(b)); }
  static float FusedMultiplyAdd(float a, float b, float c) {
    a = Flush(a), b = Flush(b), c = Flush(c);
    const float sum = std::fma(a, b, c);
    if (std::fabs(sum) != std::numeric_limits<float>::min()) return Flush(sum);
    // Rounded up to the least normal number: small are results that stay below it when they are
    // rounded as if exponents had no end. Product and sum of such are exact enough in double.
    const double exact = static_cast<double>(a) * b + static_cast<double>(c);
    const bool small =
        std::fabs(static_cast<float>(exact * 0x1p64)) < std::numeric_limits<float>::min() * 0x1p64f;
    return small ? std::copysign(0.0f, sum) : sum;
  }
};

#if defined(__x86_64__)
// AmxKernels() on emulated tiles; needs AVX-512. Part of the tests (amx_test.cc).
const KernelTable& EmulatedAmxKernels();
#endif

}  // namespace pioneer
