// Why: the recurrence of gated linear attention (gated delta rule; Yang, Kautz & Hatamizadeh 2024,
// "Gated Delta Networks"), which keeps a matrix a head instead of all past keys and values.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace pioneer {

struct DeltaRule {
  int n_key_heads = 0;
  int n_value_heads = 0;           // a multiple of n_key_heads; value head h goes with key head
                                   // h % n_key_heads
  int key_dim = 0, value_dim = 0;  // of a head
  float scale = 0;                 // of the queries, usually 1/sqrt(key_dim)
  // Inputs of all rows of a step: a row's heads lie side by side, rows a stride of numbers apart.
  const float* q = nullptr;
  const float* k = nullptr;
  const float* v = nullptr;
  int64_t qk_stride = 0, v_stride = 0;
  const float* log_decay = nullptr;  // [rows, n_value_heads], <= 0
  const float* beta = nullptr;       // [rows, n_value_heads], how much is written
  float* out = nullptr;              // [rows, n_value_heads, value_dim]

  int64_t StateFloats() const { return int64_t{n_value_heads} * key_dim * value_dim; }
};

// Rows [first_row, first_row + n_rows) are the next tokens of one sequence, in order.
struct DeltaRuleSequence {
  float* state = nullptr;  // [n_value_heads][key_dim][value_dim], zero at the start; advanced
  int64_t first_row = 0, n_rows = 0;
};

// For every row t of a sequence and every value head, with S its state:
//   S *= exp(log_decay_t);  S += k_t (beta_t (v_t - S^T k_t))^T;  out_t = scale * S^T q_t.
// A sequence's result does not depend on the others, nor on how its rows are cut into calls.
// Throws Error{kInvalidArgument} when the heads do not fit together.
void GatedDeltaRule(ThreadPool& pool, const DeltaRule& rule,
                    std::span<const DeltaRuleSequence> sequences);

}  // namespace pioneer
