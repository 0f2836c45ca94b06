// Why: what an instruction set provides. Operations (ops/) check shapes and share out work; a
// kernel does one thread's part. Kernels never throw. All arithmetic of an output element happens
// in an order that does not depend on how work was cut.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/ops/attention.h"

namespace pioneer {

// How activations are rounded for a weight type.
struct ActFormat {
  int scale_group = 0;  // elements that share a float32 scale; 0: not rounded, plain float32
  int sum_group = 0;    // elements that share a sum
  int zero_point = 0;   // sums are stored as int32 -zero_point * sum; as float32 sum when 0
  bool operator==(const ActFormat&) const = default;
};

// Activations of n_tokens, cut in tiles of `tile` tokens (the last has fewer, T). In a tile, values
// are [n_in/4][T][4] int8 (plain: [n_in][T] float32), sums [n_in/sum_group][T] 4 bytes and scales
// [n_in/scale_group][T] float32.
struct Activations {
  ActFormat format;
  int64_t n_tokens = 0;
  int64_t n_in = 0;
  int tile = 0;
  std::byte* values = nullptr;
  int32_t* sums = nullptr;
  float* scales = nullptr;
};

// A product of panels [panel_begin, panel_end) with the tokens of tiles [tile_begin, tile_end).
struct PanelProduct {
  DType dtype;
  const std::byte* panels = nullptr;
  int64_t n_out = 0;
  const Activations* x = nullptr;
  float* y = nullptr;  // [n_tokens, n_out]
  int64_t panel_begin = 0, panel_end = 0;
  int64_t tile_begin = 0, tile_end = 0;
};

// Queries of rows [row_begin, row_end) of a sequence, all heads of one KV head.
struct AttentionPart {
  const AttentionShape* shape = nullptr;
  const AttentionSequence* sequence = nullptr;
  int kv_head = 0;
  int64_t row_begin = 0, row_end = 0;  // within the sequence
  const float* q = nullptr;
  float* out = nullptr;
};

struct KernelTable {
  int max_tile = 0;  // tokens
  ActFormat (*act_format)(DType dtype) = nullptr;
  // Rounds token `token` of x (its row) into its place.
  void (*put_activation)(const float* row, const Activations& x, int64_t token) = nullptr;
  void (*multiply)(const PanelProduct& product) = nullptr;

  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t n, float* y) = nullptr;
  void (*add)(float* x, const float* y, int64_t n) = nullptr;
  void (*silu_mul)(const float* gate, const float* up, int64_t n, float* out) = nullptr;
  void (*exp)(const float* x, int64_t n, float* out) = nullptr;
  void (*to_half)(const float* x, int64_t n, uint16_t* out) = nullptr;
  float (*max)(const float* x, int64_t n) = nullptr;
  double (*sum_exp)(const float* x, float max, int64_t n) = nullptr;  // sum of exp(x - max)
  // Rotates one head; cos and sin as RopeTables lays them out for the style.
  void (*rope_pairs)(float* x, const float* cos, const float* sin, int dims) = nullptr;
  void (*rope_halves)(float* x, const float* cos, const float* sin, int dims) = nullptr;
  void (*attend)(const AttentionPart& part, float* scratch) = nullptr;
};

// Floats of scratch for AttentionPart of n_queries rows times heads.
inline int64_t AttentionScratchFloats(int64_t n_queries, int head_dim) {
  const int64_t padded = (head_dim + 15) / 16 * 16;
  return n_queries * (2 * padded + kKvPageTokens + 2);
}

const KernelTable& Kernels();  // of ActiveIsa()
const KernelTable& ScalarKernels();
#if defined(__x86_64__)
const KernelTable& Avx2Kernels();
const KernelTable& Avx512Kernels();
#endif

}  // namespace pioneer
