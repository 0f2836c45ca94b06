// Why: Muon's step of one matrix: the momentum of its gradient, replaced by the nearest matrix
// whose singular values are all 1, so that every direction of the matrix learns at the same pace.
//
// Muon: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/. Orthogonalization: five
// Polar Express polynomials, Amsel et al. 2025, arXiv:2505.16932. The update is scaled by
// 0.2 sqrt(max(rows, cols)), which gives it the size of AdamW's, so that both take one learning
// rate and one decay: Liu et al. 2025, arXiv:2502.16982.
#pragma once

#include <cstdint>

#include "tensor/ops/train_buffer.h"

namespace pioneer {

struct MuonStep {
  float learning_rate = 0, momentum = 0.95f, weight_decay = 0;
  float gradient_scale = 1;  // clipping: the gradient is multiplied by this first
};

// One thread and its working memory, which grows to the largest matrix. T is float or Bf16, the
// element type of the products; the same shapes and numbers give the same bits.
template <typename T>
class Muon {
 public:
  // All [rows, cols], dense, float32; `momentum` begins as 0.
  void Step(const MuonStep& step, const float* gradient, int64_t rows, int64_t cols, float* weight,
            float* momentum);

  // x, of rank min(rows, cols), becomes nearly U V^T of its singular value decomposition U S V^T:
  // singular values of at least 1/1000 of x's norm come out between 0.84 and 1.15.
  void Orthogonalize(float* x, int64_t rows, int64_t cols);

 private:
  TrainBuffer<float> direction_, gram_, square_;
  TrainBuffer<T> x_, next_, polynomial_;
};

}  // namespace pioneer
