// Why: Gemma 4: layers of two geometries (windows with small heads, and all of the past with large
// ones), late layers that look at an earlier layer's keys and values, embeddings of a token for
// each layer, and in some models experts beside the feed-forward part.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/config.h"
#include "model/decoder.h"
#include "model/rope_config.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/matmul.h"
#include "tensor/ops/norm.h"

namespace pioneer {
namespace {

// What a layer has beside the usual.
struct Extras {
  bool stores = true;         // else it looks at the keys and values of attention.layer
  bool value_is_key = false;  // no matrix of its own for values
  Norm shared_post_norm, expert_norm, expert_post_norm;  // with experts
  std::vector<float> router_scale;                       // [d_model]
  std::optional<MixtureOfExperts> experts;
  Linear per_layer_gate, per_layer_out;  // [d_per_layer, d_model], [d_model, d_per_layer]
  Norm per_layer_norm;
  float out_scale = 1.0f;
};

class Gemma4 : public Decoder {
 public:
  explicit Gemma4(WeightLoader& load) : Decoder(load), keys_(load.file()) {
    const ModelConfig& c = config_;
    const int n = c.n_layers;
    embedding_scale_ = std::sqrt(static_cast<float>(c.d_model));
    logit_softcap_ = keys_.Float("final_logit_softcapping", 0.0f);
    d_per_layer_ = keys_.Int("embedding_length_per_layer_input");
    if (d_per_layer_ > kMaxHeadDim)
      keys_.Refuse("embedding_length_per_layer_input", "is too large");
    if (d_per_layer_ > 0) {
      per_layer_table_ =
          load.Table("per_layer_token_embd.weight", c.vocab_size, int64_t{n} * d_per_layer_);
      per_layer_projection_ =
          LoadLinear(load, "per_layer_model_proj", int64_t{n} * d_per_layer_, c.d_model);
      per_layer_norm_ = LoadRmsNorm(load, "per_layer_proj_norm", d_per_layer_, c.rms_eps);
    }
    ReadGeometry(load);
    const std::vector<int> d_ff = keys_.IntOfLayers("feed_forward_length", n, c.d_ff, 1 << 20);
    for (int i = 0; i < n; ++i) AddGemmaLayer(load, i, d_ff[i]);
    Finish(load);
    for (int i = 0; i < n; ++i) {
      if (!extras_[i].stores) memory_.layers[i] = {};
    }
  }

 private:
  void ReadGeometry(WeightLoader& load) {
    const ModelConfig& c = config_;
    has_window_ = WindowLayers(keys_, c.n_layers, 0);
    window_ = keys_.IntIn("attention.sliding_window", 1, 1 << 30);
    window_head_dim_ = keys_.IntIn("attention.key_length_swa", 2, kMaxHeadDim);
    n_heads_ = keys_.IntOfLayers("attention.head_count", c.n_layers, c.n_heads, c.n_heads);
    n_kv_heads_ = keys_.IntOfLayers("attention.head_count_kv", c.n_layers, c.n_kv_heads, c.n_heads);
    const int n_shared = keys_.Int("attention.shared_kv_layers");
    first_sharing_ = c.n_layers - n_shared;
    if (n_shared > 0 && first_sharing_ < 2) {
      keys_.Refuse("attention.shared_kv_layers", "leaves fewer than two layers of their own");
    }
    full_rope_ = PlainRope(c.rope_dims, c.rope_base, RopeStyle::kHalves);
    if (std::find(has_window_.begin(), has_window_.end(), false) != has_window_.end()) {
      DivideFrequencies(load, "rope_freqs.weight", full_rope_);
    }
    const int window_dims = keys_.Int("rope.dimension_count_swa", c.rope_dims);
    if (window_dims < 2 || window_dims % 2 != 0 || window_dims > window_head_dim_) {
      keys_.Refuse("rope.dimension_count_swa", "does not fit the heads of window layers");
    }
    window_rope_ = PlainRope(window_dims, keys_.Float("rope.freq_base_swa", 10000.0f, 1.0f),
                             RopeStyle::kHalves);
  }

  void AddGemmaLayer(WeightLoader& load, int index, int d_ff) {
    DecoderLayer& layer = layers_.emplace_back();
    Extras& extra = extras_.emplace_back();
    LoadGemmaAttention(load, index, layer.attention, extra);
    layer.attention_norm = LayerNorm(load, "attn_norm");
    layer.attention_post_norm = LayerNorm(load, "post_attention_norm");
    layer.feed_forward_norm = LayerNorm(load, "ffn_norm");
    layer.feed_forward = LoadFeedForward(load, index, config_.d_model, d_ff, Activation::kGelu);
    layer.feed_forward_post_norm = LayerNorm(load, "post_ffw_norm");
    if (HasExperts(load, index)) {
      const int d_expert = keys_.IntIn("expert_feed_forward_length", 1, 1 << 20);
      extra.experts = LoadExperts(load, index, config_.d_model, d_expert,
                                  ReadExpertRouting(keys_, ExpertGating::kSoftmax, true));
      extra.experts->f = Activation::kGelu;
      extra.router_scale = load.Vector(LayerName(index, "ffn_gate_inp.scale"), config_.d_model);
      extra.shared_post_norm = LayerNorm(load, "post_ffw_norm_1");
      extra.expert_norm = LayerNorm(load, "pre_ffw_norm_2");
      extra.expert_post_norm = LayerNorm(load, "post_ffw_norm_2");
    }
    if (d_per_layer_ > 0) {
      extra.per_layer_gate =
          LoadLinear(load, LayerName(index, "inp_gate"), d_per_layer_, config_.d_model);
      extra.per_layer_out =
          LoadLinear(load, LayerName(index, "proj"), config_.d_model, d_per_layer_);
      extra.per_layer_norm = LayerNorm(load, "post_norm");
    }
    const auto out_scale = load.OptionalVector(LayerName(index, "layer_output_scale.weight"), 1);
    if (!out_scale.empty()) extra.out_scale = out_scale[0];
  }

  void LoadGemmaAttention(WeightLoader& load, int index, AttentionBlock& block, Extras& extra) {
    const bool windowed = has_window_[index];
    AttentionShape& shape = block.shape;
    shape.n_heads = n_heads_[index];
    shape.n_kv_heads = n_kv_heads_[index];
    shape.head_dim = windowed ? window_head_dim_ : config_.head_dim;
    shape.window = windowed ? window_ : 0;
    shape.scale = 1.0f;
    if (shape.n_kv_heads < 1 || shape.n_heads % shape.n_kv_heads != 0) {
      keys_.Refuse("attention.head_count_kv", "does not divide the heads of each layer");
    }
    const int64_t d_model = config_.d_model, d_q = int64_t{shape.n_heads} * shape.head_dim;
    const int64_t d_kv = int64_t{shape.n_kv_heads} * shape.head_dim;
    extra.stores = index < first_sharing_;
    // The last layer of the same kind that has keys of its own.
    block.layer = extra.stores ? index : first_sharing_ - (windowed ? 2 : 1);
    block.rope = windowed ? window_rope_ : full_rope_;
    block.q = LoadLinear(load, LayerName(index, "attn_q"), d_q, d_model);
    block.q_norm = LayerNorm(load, "attn_q_norm", shape.head_dim);
    if (extra.stores) {
      block.k = LoadLinear(load, LayerName(index, "attn_k"), d_kv, d_model);
      block.k_norm = LayerNorm(load, "attn_k_norm", shape.head_dim);
      extra.value_is_key = !load.Has(LayerName(index, "attn_v.weight"));
      if (!extra.value_is_key) {
        block.v = LoadLinear(load, LayerName(index, "attn_v"), d_kv, d_model);
      }
    } else {
      const AttentionShape& source = layers_[block.layer].attention.shape;
      if (source.head_dim != shape.head_dim || source.n_kv_heads != shape.n_kv_heads) {
        keys_.Refuse("attention.shared_kv_layers", "makes layers of different sizes share");
      }
    }
    block.out = LoadLinear(load, LayerName(index, "attn_output"), d_model, d_q);
  }

  // The inputs of all layers: (norm(W x / sqrt(d_model)) + sqrt(d_per_layer) E[token]) / sqrt(2).
  void Embed(Pass& pass) override {
    Decoder::Embed(pass);
    if (d_per_layer_ == 0) return;
    RunLinear(pass, {{&per_layer_projection_, &per_layer_}}, pass.work.x);
    const int64_t n_all = pass.n * per_layer_.cols();
    ScaleInPlace(pass.pool, per_layer_.data(),
                 1.0f / std::sqrt(static_cast<float>(config_.d_model)), n_all);
    per_layer_norm_.Run(pass.pool, per_layer_.data(), n_all / d_per_layer_, per_layer_.data());
    of_tokens_.Resize(pass.n, per_layer_.cols());
    EmbedRows(pass.pool, per_layer_table_, pass.tokens, pass.n, of_tokens_.data());
    AddScaledInPlace(pass.pool, per_layer_.data(), std::sqrt(static_cast<float>(d_per_layer_)),
                     of_tokens_.data(), n_all);
    ScaleInPlace(pass.pool, per_layer_.data(), 1.0f / std::sqrt(2.0f), n_all);
  }

  void Attend(Pass& pass, int index, const Matrix& x, Matrix& change) override {
    const AttentionBlock& block = layers_[index].attention;
    const Extras& extra = extras_[index];
    auto& work = pass.work.attention;
    if (!extra.stores) {
      RunLinear(pass, {{&block.q, &work.q}}, x);
    } else if (extra.value_is_key) {
      RunLinear(pass, {{&block.q, &work.q}, {&block.k, &work.k}, {&block.k, &work.v}}, x);
    } else {
      RunLinear(pass, {{&block.q, &work.q}, {&block.k, &work.k}, {&block.v, &work.v}}, x);
    }
    const AttentionShape& shape = block.shape;
    RunHeadNorm(pass.pool, block.q_norm, pass.n, work.q);
    Rope(pass.pool, block.rope, work.q.data(), pass.positions, pass.n, shape.n_heads,
         shape.head_dim);
    if (extra.stores) {
      RunHeadNorm(pass.pool, block.k_norm, pass.n, work.k);
      Rope(pass.pool, block.rope, work.k.data(), pass.positions, pass.n, shape.n_kv_heads,
           shape.head_dim);
      RmsNorm(pass.pool, work.v.data(), nullptr, config_.rms_eps, pass.n * shape.n_kv_heads,
              shape.head_dim, work.v.data());
      block.Store(pass);
    }
    block.Attend(pass);
    block.PutOut(pass, change);
  }

  void FeedForwardPart(Pass& pass, int index, const Matrix& x, Matrix& change) override {
    const Extras& extra = extras_[index];
    Decoder::FeedForwardPart(pass, index, x, change);
    if (!extra.experts) return;
    extra.shared_post_norm.Run(pass.pool, change.data(), pass.n, change.data());
    // The router sees the stream normed without weights, times its own.
    const Matrix& stream = pass.work.x;
    const float factor = 1.0f / std::sqrt(static_cast<float>(config_.d_model));
    router_x_.Resize(pass.n, config_.d_model);
    expert_x_.Resize(pass.n, config_.d_model);
    RmsNorm(pass.pool, stream.data(), extra.router_scale.data(), config_.rms_eps, pass.n,
            config_.d_model, router_x_.data());
    ScaleInPlace(pass.pool, router_x_.data(), factor, pass.n * config_.d_model);
    extra.expert_norm.Run(pass.pool, stream.data(), pass.n, expert_x_.data());
    extra.experts->Run(pass, router_x_, expert_x_, expert_change_);
    extra.expert_post_norm.Run(pass.pool, expert_change_.data(), pass.n, expert_change_.data());
    AddInPlace(pass.pool, change.data(), expert_change_.data(), pass.n * config_.d_model);
  }

  void RunLayer(Pass& pass, int index) override {
    Decoder::RunLayer(pass, index);
    const Extras& extra = extras_[index];
    Matrix& x = pass.work.x;
    if (d_per_layer_ > 0) {
      Matrix& gate = pass.work.feed_forward.gate;
      Matrix& input = pass.work.feed_forward.up;
      RunLinear(pass, {{&extra.per_layer_gate, &gate}}, x);
      input.Resize(pass.n, d_per_layer_);
      CopyColumns(pass.pool, per_layer_.data() + int64_t{index} * d_per_layer_, per_layer_.cols(),
                  pass.n, d_per_layer_, input.data());
      ActivateMul(pass.pool, Activation::kGelu, gate.data(), input.data(), pass.n * d_per_layer_,
                  gate.data());
      RunLinear(pass, {{&extra.per_layer_out, &pass.work.change}}, gate);
      extra.per_layer_norm.Run(pass.pool, pass.work.change.data(), pass.n, pass.work.change.data());
      AddInPlace(pass.pool, x.data(), pass.work.change.data(), pass.n * config_.d_model);
    }
    if (extra.out_scale != 1.0f) {
      ScaleInPlace(pass.pool, x.data(), extra.out_scale, pass.n * config_.d_model);
    }
  }

  ArchitectureKeys keys_;
  std::vector<bool> has_window_;
  std::vector<int> n_heads_, n_kv_heads_;
  int window_ = 0, window_head_dim_ = 0, first_sharing_ = 0, d_per_layer_ = 0;
  RopeParams full_rope_, window_rope_;
  Tensor per_layer_table_;       // [vocab_size, n_layers * d_per_layer]
  Linear per_layer_projection_;  // [n_layers * d_per_layer, d_model]
  Norm per_layer_norm_;
  std::vector<Extras> extras_;
  Matrix per_layer_, of_tokens_;                // [n, n_layers * d_per_layer]
  Matrix router_x_, expert_x_, expert_change_;  // [n, d_model]
};

}  // namespace

std::unique_ptr<Model> LoadGemma4(WeightLoader& load) { return std::make_unique<Gemma4>(load); }

}  // namespace pioneer
