// Why: what an instruction set provides. Operations (ops/) check shapes and share out work; a
// kernel does one thread's part. Kernels never throw. All arithmetic of an output element happens
// in an order that does not depend on how work was cut.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/delta_rule.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {

// How activations are rounded for a weight type.
struct ActFormat {
  int scale_group = 0;  // elements that share a float32 scale; 0: not rounded, plain float32
  int sum_group = 0;    // elements that share a sum
  int zero_point = 0;   // sums are stored as int32 -zero_point * sum; as float32 sum when 0
  // Plain, but rounded to bfloat16: see matmul_bf16_avx512.inl.h and matmul_amx.inl.h.
  bool bf16_pairs = false;
  bool operator==(const ActFormat&) const = default;
};

// Activations of n_tokens, cut in tiles of `tile` tokens (the last has fewer, T). In a tile, values
// are [n_in/4][T][4] int8 (plain: [n_in][T] float32), sums [n_in/sum_group][T] 4 bytes and scales
// [n_in/scale_group][T] float32. For AMX otherwise: see matmul_amx.inl.h. There is room for whole
// tiles, and in plain ones for whole 32 of n_in.
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

// Queries of rows [row_begin, row_end) of a sequence, heads [head_begin, head_end), which share one
// KV head, over chunks [chunk_begin, chunk_end) of the sequence.
struct AttentionPart {
  const AttentionShape* shape = nullptr;
  const std::byte* const* k_pages = nullptr;
  const std::byte* const* v_pages = nullptr;
  const float* q = nullptr;  // of the sequence's first row, as is out
  float* out = nullptr;
  int64_t position = 0;  // of the sequence's first row
  int64_t n_tokens = 0;  // every row sees positions [0, n_tokens); 0: causal
  int64_t row_begin = 0, row_end = 0;
  int head_begin = 0, head_end = 0;
  int64_t first_page = 0, end_page = 0;  // that any of the rows sees
  int64_t chunk_begin = 0, chunk_end = 0;
  // [chunk - records_chunk][rows][heads] of AttentionRecordFloats(): sums of one chunk. Null: the
  // part has all chunks of its rows and writes `out`.
  float* records = nullptr;
  int64_t records_chunk = 0;

  int64_t n_queries() const { return (row_end - row_begin) * (head_end - head_begin); }
};

// Columns [column_begin, column_end) of the state of one head of one sequence.
struct DeltaRulePart {
  const DeltaRule* rule = nullptr;
  const DeltaRuleSequence* sequence = nullptr;
  int head = 0;  // of the values
  int column_begin = 0, column_end = 0;
};

struct KernelTable {
  // How many tokens a tile of n_tokens in this format has.
  int (*tile_tokens)(const ActFormat& format, int64_t n_tokens) = nullptr;
  ActFormat (*act_format)(DType dtype) = nullptr;
  // Rounds token `token` of x (its row) into its place.
  void (*put_activation)(const float* row, const Activations& x, int64_t token) = nullptr;
  void (*multiply)(const PanelProduct& product) = nullptr;

  // One row each; weight and bias may be null.
  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t n, float* y) = nullptr;
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps, int64_t n,
                     float* y) = nullptr;
  void (*l2_norm)(const float* x, float eps, int64_t n, float* y) = nullptr;
  void (*add)(float* x, const float* y, int64_t n) = nullptr;
  void (*add_scaled)(float* x, float factor, const float* y, int64_t n) = nullptr;
  void (*scale)(float* x, float factor, int64_t n) = nullptr;
  void (*multiply_each)(const float* a, const float* b, int64_t n, float* out) = nullptr;
  // By Activation; `up` may be null.
  void (*activate[kActivations])(const float* gate, const float* up, int64_t n, float* out) = {};
  void (*clamped_swiglu)(const float* gate, const float* up, float alpha, float limit, int64_t n,
                         float* out) = nullptr;
  void (*soft_cap)(float* x, float cap, int64_t n) = nullptr;
  // out[i] = sum over j < n_rows of weights[j * n + i] * rows[j][i].
  void (*sum_rows)(const float* const* rows, const float* weights, int n_rows, int64_t n,
                   float* out) = nullptr;
  void (*delta_rule)(const DeltaRulePart& part) = nullptr;
  void (*exp)(const float* x, int64_t n, float* out) = nullptr;
  void (*to_half)(const float* x, int64_t n, uint16_t* out) = nullptr;
  float (*max)(const float* x, int64_t n) = nullptr;
  // Sum of exp((x - max) * scale).
  double (*sum_exp)(const float* x, float max, float scale, int64_t n) = nullptr;
  // Rotates one head; cos and sin as RopeTables lays them out for the style.
  void (*rope_pairs)(float* x, const float* cos, const float* sin, int dims) = nullptr;
  void (*rope_halves)(float* x, const float* cos, const float* sin, int dims) = nullptr;
  void (*attend)(const AttentionPart& part, float* scratch) = nullptr;
  // `out` from the records of all chunks.
  void (*join_attended)(const AttentionPart& part, float* scratch) = nullptr;
  bool bf16_pairs = false;  // how pages of KvType::kBf16 are laid out
  // One token's key or value of one head, into that head's share of a page.
  void (*put_key)(KvType type, const float* k, int dim, int slot, std::byte* page) = nullptr;
  void (*put_value)(KvType type, const float* v, int dim, int slot, std::byte* page) = nullptr;
};

// Tokens that attention sums by themselves before it joins the sums in order, from position 0 on:
// so other threads may take some, and the result is the same.
inline constexpr int kChunkPages = 16;

// Sums of values have room for whole blocks.
inline constexpr int AttentionWidth(int value_dim) { return (value_dim + 31) / 32 * 32; }
inline constexpr int64_t AttentionRecordFloats(int value_dim) {
  return AttentionWidth(value_dim) + 32;
}
// Floats of scratch for an AttentionPart of n_queries rows times heads.
inline int64_t AttentionScratchFloats(int64_t n_queries, int head_dim, int value_dim) {
  const int64_t k = AttentionWidth(head_dim), record = AttentionRecordFloats(value_dim);
  return n_queries * (2 * k + kKvPageTokens + 2 * record) + kKvPageTokens * (k + record) +
         16 * (record + 32);
}

const KernelTable& Kernels();  // of ActiveIsa()

// Makes Kernels() this table for its lifetime, for tests; not while another thread runs kernels.
class ScopedKernels {
 public:
  explicit ScopedKernels(const KernelTable& table);
  ~ScopedKernels();
  ScopedKernels(const ScopedKernels&) = delete;
  ScopedKernels& operator=(const ScopedKernels&) = delete;

 private:
  const KernelTable* previous_;
};

const KernelTable& ScalarKernels();
#if defined(__x86_64__)
const KernelTable& Avx2Kernels();
const KernelTable& Avx512Kernels();
const KernelTable& AmxKernels();
// Whether processor and system have AMX and it computes as it should, beside AVX-512. Asks the
// system for the tiles' state, once for the process.
bool AmxWorks();
#elif defined(__aarch64__)
const KernelTable& NeonKernels();
const KernelTable& DotProdKernels();
const KernelTable& I8mmKernels();
#endif

}  // namespace pioneer
