// Why: nearly all language models are the same two steps in every layer, with norms before or after
// them; an architecture's file says which parts its layers have:
//   x += s * norm(attention(norm(x)));  x += s * norm(feed_forward(norm(x)))
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/blocks/attention_block.h"
#include "model/blocks/feed_forward.h"
#include "model/blocks/mixture_of_experts.h"
#include "model/blocks/norm.h"
#include "model/transformer.h"

namespace pioneer {

// Parts that are not there are left out.
struct DecoderLayer {
  Norm attention_norm;
  AttentionBlock attention;
  Norm attention_post_norm;
  Norm feed_forward_norm;
  std::optional<FeedForward> feed_forward;  // one of these
  std::optional<MixtureOfExperts> experts;  // two
  Norm feed_forward_post_norm;
};

class Decoder : public Transformer {
 protected:
  // causal = false: rows see their whole text, and nothing is stored.
  explicit Decoder(WeightLoader& load, bool causal = true) : Transformer(load, causal) {}

  // A layer with attention alone, under the usual names.
  DecoderLayer& AddLayer(WeightLoader& load, const AttentionShape& shape);
  // The same, with RMS norms "attn_norm" and "ffn_norm" before both parts.
  DecoderLayer& AddPreNormLayer(WeightLoader& load, const AttentionShape& shape);
  // An RMS norm of n numbers of the layer that was added last.
  Norm LayerNorm(WeightLoader& load, const char* name, int64_t n) const;
  Norm LayerNorm(WeightLoader& load, const char* name) const {
    return LayerNorm(load, name, config_.d_model);
  }
  // Norms of each head's queries and keys: "attn_q_norm", "attn_k_norm".
  void AddHeadNorms(WeightLoader& load, DecoderLayer& layer) const;
  // "ffn_*", or experts (and a shared one) where the file's keys say that there are any.
  void LoadFeedForwardOrExperts(WeightLoader& load, DecoderLayer& layer, ExpertGating gating,
                                bool normalize) const;
  // What the layers store; and output.weight after the RMS norm "output_norm".
  void Finish(WeightLoader& load);
  void Finish(WeightLoader& load, Norm output_norm);

  void RunLayer(Pass& pass, int layer) override;
  // The two parts, between their norms; x, change: [n, d_model].
  virtual void Attend(Pass& pass, int layer, const Matrix& x, Matrix& change);
  virtual void FeedForwardPart(Pass& pass, int layer, const Matrix& x, Matrix& change);

  std::vector<DecoderLayer> layers_;
  float residual_scale_ = 1.0f;
};

// "blk.LAYER.NAME".
std::string LayerName(int layer, const char* name);

}  // namespace pioneer
