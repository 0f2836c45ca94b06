// Why: Gemma 2 (https://arxiv.org/abs/2408.00118) and 3 (https://arxiv.org/abs/2503.19786): norms
// before and after both parts, GELU gates, embeddings times sqrt(d_model), most layers with a
// window. Gemma 2 caps scores and logits; Gemma 3 norms heads and rotates its window layers by a
// base of their own.
#include <cmath>

#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

struct GemmaKind {
  int window_period;   // every n-th layer sees everything
  int default_window;  // 0: no window where the file has none
  int layers_of_27b;   // the model whose scale is 1 / sqrt(d_model / n_heads)
  float score_cap, logit_cap;
  bool head_norms;
  bool own_window_base;  // of the rotation, 10000 if the file does not say
};
constexpr GemmaKind kGemma2{2, 4096, 46, 50.0f, 30.0f, false, false};
constexpr GemmaKind kGemma3{6, 0, 62, 0.0f, 0.0f, true, true};

class Gemma : public Decoder {
 public:
  Gemma(WeightLoader& load, const GemmaKind& kind) : Decoder(load) {
    const ArchitectureKeys keys(load.file());
    const ModelConfig& c = config_;
    embedding_scale_ = std::sqrt(static_cast<float>(c.d_model));
    logit_softcap_ = keys.Float("final_logit_softcapping", kind.logit_cap);
    AttentionShape shape = ReadShape(load, c);
    shape.soft_cap = kind.score_cap == 0 ? 0 : keys.Float("attn_logit_softcapping", kind.score_cap);
    if (c.n_layers == kind.layers_of_27b) {
      shape.scale = 1.0f / std::sqrt(static_cast<float>(c.d_model / c.n_heads));
    }
    const RopeParams full_rope = ReadRopeParams(load, c, RopeStyle::kHalves);
    const float base =
        keys.Float("rope.freq_base_swa", kind.own_window_base ? 10000.0f : c.rope_base, 1.0f);
    const RopeParams window_rope = kind.own_window_base || base != c.rope_base
                                       ? PlainRope(c.rope_dims, base, RopeStyle::kHalves)
                                       : full_rope;
    const int window = keys.Int("attention.sliding_window", kind.default_window);
    const std::vector<bool> has_window = WindowLayers(keys, c.n_layers, kind.window_period);
    for (int i = 0; i < c.n_layers; ++i) {
      const bool windowed = window > 0 && has_window[i];
      shape.window = windowed ? window : 0;
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      layer.attention.rope = windowed ? window_rope : full_rope;
      if (kind.head_norms) AddHeadNorms(load, layer);
      layer.attention_post_norm = LayerNorm(load, "post_attention_norm");
      layer.feed_forward = LoadFeedForward(load, i, c.d_model, c.d_ff, Activation::kGelu);
      layer.feed_forward_post_norm = LayerNorm(load, "post_ffw_norm");
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadGemma2(WeightLoader& load) {
  return std::make_unique<Gemma>(load, kGemma2);
}

std::unique_ptr<Model> LoadGemma3(WeightLoader& load) {
  return std::make_unique<Gemma>(load, kGemma3);
}

}  // namespace pioneer
