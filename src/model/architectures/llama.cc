// Why: the llama architecture (Touvron et al. 2023, https://arxiv.org/abs/2302.13971; grouped-query
// attention: Ainslie et al. 2023) and its relatives that differ only in the layout of the rotation
// and in biases: Llama 1-3, Mistral, SmolLM, TinyLlama ("llama"); Qwen 2 and 2.5 ("qwen2").
#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/blocks/attention_block.h"
#include "model/blocks/feed_forward.h"
#include "model/rope_config.h"
#include "model/transformer.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {
namespace {

struct Layer {
  Norm attention_norm;
  AttentionBlock attention;
  Norm feed_forward_norm;
  FeedForward feed_forward;
};

class LlamaModel : public Transformer {
 public:
  LlamaModel(WeightLoader& load, RopeStyle rope_style) : Transformer(load) {
    const ModelConfig& c = config_;
    if (load.file().Int(c.architecture + ".expert_count", 0) > 0) {
      Fail(ErrorCode::kUnsupported, "{}: mixtures of experts are not supported",
           load.file().name());
    }
    const RopeParams rope = ReadRopeParams(load, c, rope_style);
    for (int i = 0; i < c.n_layers; ++i) {
      const std::string prefix = fmt::format("blk.{}.", i);
      Layer& layer = layers_.emplace_back();
      layer.attention_norm = LoadRmsNorm(load, prefix + "attn_norm", c.d_model, c.rms_eps);
      layer.attention = LoadAttention(load, i, c.d_model, ShapeOf(c));
      layer.attention.rope = rope;
      layer.feed_forward_norm = LoadRmsNorm(load, prefix + "ffn_norm", c.d_model, c.rms_eps);
      layer.feed_forward = LoadFeedForward(load, i, c.d_model, c.d_ff);
    }
    LoadOutput(load, LoadRmsNorm(load, "output_norm", c.d_model, c.rms_eps));
  }

 private:
  // x += Attention(norm(x)); x += FeedForward(norm(x)).
  void RunLayer(Pass& pass, int index) override {
    const Layer& layer = layers_[index];
    auto& [x, normed, change, attention, feed_forward] = pass.work;
    layer.attention_norm.Run(pass.pool, x.data(), pass.n, normed.data());
    layer.attention.Run(pass, normed, change);
    AddInPlace(pass.pool, x.data(), change.data(), pass.n * config_.d_model);

    layer.feed_forward_norm.Run(pass.pool, x.data(), pass.n, normed.data());
    layer.feed_forward.Run(pass, normed, change);
    AddInPlace(pass.pool, x.data(), change.data(), pass.n * config_.d_model);
  }

  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Model> LoadLlama(WeightLoader& load) {
  return std::make_unique<LlamaModel>(load, RopeStyle::kInterleaved);
}

std::unique_ptr<Model> LoadQwen2(WeightLoader& load) {
  return std::make_unique<LlamaModel>(load, RopeStyle::kHalves);
}

}  // namespace pioneer
