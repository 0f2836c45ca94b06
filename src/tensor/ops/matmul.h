// Why: the product that takes nearly all the time of a model.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace pioneer {

// A weight prepared for products: may hold a packed copy or just the file's bytes. Immutable after
// construction; any thread may use it.
class Weight {
 public:
  Weight() = default;
  explicit Weight(Tensor tensor);
  int64_t n_out() const { return tensor_.rows(); }
  int64_t n_in() const { return tensor_.cols(); }
  const Tensor& tensor() const { return tensor_; }

 private:
  Tensor tensor_;
};

// y[t, o] = sum_i x[t, i] * w[o, i].  x: [n_tokens, n_in] f32, y: [n_tokens, n_out] f32, both dense
// rows. Any dtype of w. Activations may be rounded to 8 bits a block for quantized types; F32
// weights are multiplied in float32. Results of a row do not depend on the other rows in the call.
void MatMul(ThreadPool& pool, const Weight& w, const float* x, int64_t n_tokens, float* y);

// out[t] = row ids[t] of the table, as float32. ids must be in range.
void EmbedRows(const Tensor& table, const int32_t* ids, int64_t n_tokens, float* out);

}  // namespace pioneer
