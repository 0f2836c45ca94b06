#include "model/decoder.h"

#include "base/error.h"
#include "model/architecture_keys.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {
namespace {

// The norm's result in `normed`, or x itself where there is no norm.
const Matrix& Normed(Pass& pass, const Norm& norm, const Matrix& x, Matrix& normed) {
  if (!norm.exists()) return x;
  norm.Run(pass.pool, x.data(), pass.n, normed.data());
  return normed;
}

}  // namespace

std::string LayerName(int layer, const char* name) { return fmt::format("blk.{}.{}", layer, name); }

DecoderLayer& Decoder::AddLayer(WeightLoader& load, const AttentionShape& shape) {
  const int index = static_cast<int>(layers_.size());
  DecoderLayer& layer = layers_.emplace_back();
  layer.attention = LoadAttention(load, index, config_.d_model, shape);
  return layer;
}

DecoderLayer& Decoder::AddPreNormLayer(WeightLoader& load, const AttentionShape& shape) {
  DecoderLayer& layer = AddLayer(load, shape);
  layer.attention_norm = LayerNorm(load, "attn_norm");
  layer.feed_forward_norm = LayerNorm(load, "ffn_norm");
  return layer;
}

Norm Decoder::LayerNorm(WeightLoader& load, const char* name, int64_t n) const {
  const int index = static_cast<int>(layers_.size()) - 1;
  return LoadRmsNorm(load, LayerName(index, name), n, config_.rms_eps);
}

void Decoder::AddHeadNorms(WeightLoader& load, DecoderLayer& layer) const {
  layer.attention.q_norm = LayerNorm(load, "attn_q_norm", layer.attention.shape.head_dim);
  layer.attention.k_norm = LayerNorm(load, "attn_k_norm", layer.attention.shape.head_dim);
}

void Decoder::LoadFeedForwardOrExperts(WeightLoader& load, DecoderLayer& layer, ExpertGating gating,
                                       bool normalize) const {
  const ArchitectureKeys keys(load.file());
  const int index = static_cast<int>(layers_.size()) - 1;
  if (keys.Int("expert_count") == 0) {
    layer.feed_forward = LoadFeedForward(load, index, config_.d_model, config_.d_ff);
    return;
  }
  const int d_ff = keys.Int("expert_feed_forward_length", config_.d_ff);
  layer.experts =
      LoadExperts(load, index, config_.d_model, d_ff, ReadExpertRouting(keys, gating, normalize));
  const int d_shared = keys.Int("expert_shared_feed_forward_length");
  if (d_shared > 0) {
    layer.experts->shared = LoadSharedExpert(load, index, config_.d_model, d_shared);
  }
}

void Decoder::Finish(WeightLoader& load) {
  Finish(load, LoadRmsNorm(load, "output_norm", config_.d_model, config_.rms_eps));
}

void Decoder::Finish(WeightLoader& load, Norm output_norm) {
  memory_.layers.clear();
  for (const DecoderLayer& layer : layers_) {
    if (!embedding().causal) {
      memory_.layers.emplace_back();  // a text is never continued
      continue;
    }
    const AttentionShape& shape = layer.attention.shape;
    memory_.layers.push_back({shape.n_kv_heads, shape.head_dim, shape.ValueDim()});
  }
  LoadOutput(load, std::move(output_norm));
}

void Decoder::RunLayer(Pass& pass, int index) {
  const DecoderLayer& layer = layers_[static_cast<size_t>(index)];
  Workspace& work = pass.work;
  const auto add_to_stream = [&](const Norm& post_norm) {
    if (post_norm.exists()) {
      post_norm.Run(pass.pool, work.change.data(), pass.n, work.change.data());
    }
    AddScaledInPlace(pass.pool, work.x.data(), residual_scale_, work.change.data(),
                     pass.n * config_.d_model);
  };

  Attend(pass, index, Normed(pass, layer.attention_norm, work.x, work.normed), work.change);
  add_to_stream(layer.attention_post_norm);

  FeedForwardPart(pass, index, Normed(pass, layer.feed_forward_norm, work.x, work.normed),
                  work.change);
  add_to_stream(layer.feed_forward_post_norm);
}

void Decoder::Attend(Pass& pass, int index, const Matrix& x, Matrix& change) {
  const AttentionBlock& attention = layers_[static_cast<size_t>(index)].attention;
  embedding().causal ? attention.Run(pass, x, change) : attention.RunBothWays(pass, x, change);
}

void Decoder::FeedForwardPart(Pass& pass, int index, const Matrix& x, Matrix& change) {
  const DecoderLayer& layer = layers_[static_cast<size_t>(index)];
  if (layer.experts) {
    layer.experts->Run(pass, x, change);
  } else {
    layer.feed_forward->Run(pass, x, change);
  }
}

}  // namespace pioneer
