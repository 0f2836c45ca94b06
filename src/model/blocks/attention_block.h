// Why: self-attention as nearly all models have it, each with its own choice of parts: heads that
// share keys (Ainslie et al. 2023), norms of queries and keys, rotation (Su et al. 2021), biases,
// windows, caps and sinks of the scores (see tensor/ops/attention.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/blocks/linear.h"
#include "model/blocks/norm.h"
#include "model/blocks/pass.h"
#include "tensor/ops/attention.h"
#include "tensor/ops/rope.h"

namespace pioneer {

struct AttentionBlock {
  AttentionShape shape;
  Linear q, k, v;  // [heads * their size, d_model]
  Linear out;      // [d_model, n_heads * value size]
  // Of each head, or of all heads together where the norm is as long; or none.
  Norm q_norm, k_norm;
  RopeParams rope;           // dims = 0: no rotation
  std::vector<float> sinks;  // [n_heads], or empty
  // Queries grow with the logarithm of their position (Nakanishi 2025,
  // https://arxiv.org/abs/2501.19399): times 1 + scale log(1 + floor(position / length)).
  float temperature_scale = 0;
  int temperature_length = 0;
  int layer = 0;  // of the memory plan: where keys and values are stored and read

  // change = out(attention(q(x), k(x), v(x))); x, change: [n, d_model].
  void Run(Pass& pass, const Matrix& x, Matrix& change) const;

  // The same where every row sees its whole text, as encoders have it: without pages.
  void RunBothWays(Pass& pass, const Matrix& x, Matrix& change) const;

  // The parts of Run, for models that do something in between.
  void Project(Pass& pass, const Matrix& x) const;  // fills q, k, v: normed and rotated
  void NormAndRotate(Pass& pass) const;             // its second half: q and k in place
  void Store(Pass& pass) const;                     // keys and values into the pages
  void Attend(Pass& pass) const;                    // fills attended from q and the pages
  void PutOut(Pass& pass, Matrix& change) const;

 private:
  void ScaleQueries(Pass& pass) const;
  // With the types of the pages, which are those of all sequences of a step, and the sinks.
  AttentionShape StoredShape(const StepBatch::Sequence& sequence) const;
};

// The heads that the file promises for all layers, with the usual scale, 1 / sqrt(head_dim).
AttentionShape ReadShape(const WeightLoader& load, const ModelConfig& config);

// From blk.LAYER.attn_{q,k,v,output}, or attn_qkv and attn_output, with biases where the file has
// them. Norms, rotation and sinks are the caller's.
AttentionBlock LoadAttention(WeightLoader& load, int layer, int64_t d_model,
                             const AttentionShape& shape);

// y = norm of each head of x, or of each row, in place; nothing when there is no norm.
void RunHeadNorm(ThreadPool& pool, const Norm& norm, int64_t n, Matrix& heads);

}  // namespace pioneer
