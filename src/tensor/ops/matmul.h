// Why: the product that takes nearly all the time of a model.
#pragma once

#include <span>

#include "base/thread_pool.h"
#include "tensor/ops/weight.h"
#include "tensor/tensor.h"

namespace pioneer {

// y[t, o] = sum_i x[t, i] * w[o, i].  x: [n_tokens, n_in] f32, y: [n_tokens, n_out] f32, both dense
// rows. Any dtype of w. Activations may be rounded to 8 bits a block for quantized types; F32
// weights are multiplied in float32. Results of a row do not depend on the other rows in the call.
void MatMul(ThreadPool& pool, const Weight& w, const float* x, int64_t n_tokens, float* y);

// Several products of the same x in one go (Q, K and V; gate and up): x is rounded once and the
// threads meet once. Results are those of single calls, bit for bit.
struct Product {
  const Weight* weight = nullptr;
  float* y = nullptr;
};
void MatMul(ThreadPool& pool, std::span<const Product> products, const float* x, int64_t n_tokens);

// out[t] = row ids[t] of the table, as float32. ids must be in range.
void EmbedRows(ThreadPool& pool, const Tensor& table, const int32_t* ids, int64_t n_tokens,
               float* out);

}  // namespace pioneer
