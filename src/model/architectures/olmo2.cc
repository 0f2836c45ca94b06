// Why: OLMo 2 (https://arxiv.org/abs/2501.00656) and 3: norms after both parts instead of before
// them, and of all queries and keys of a token together. OLMo 3's window layers rotate without
// scaling.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Olmo2 : public Decoder {
 public:
  explicit Olmo2(WeightLoader& load) : Decoder(load) {
    const ArchitectureKeys keys(load.file());
    const ModelConfig& c = config_;
    const RopeParams rope = ReadRopeParams(load, c, RopeStyle::kHalves);
    const int window = keys.Int("attention.sliding_window");
    const std::vector<bool> has_window = WindowLayers(keys, c.n_layers, 4);
    AttentionShape shape = ReadShape(load, c);
    for (int i = 0; i < c.n_layers; ++i) {
      shape.window = has_window[i] ? window : 0;
      DecoderLayer& layer = AddLayer(load, shape);
      layer.attention.rope =
          shape.window > 0 ? PlainRope(c.rope_dims, c.rope_base, RopeStyle::kHalves) : rope;
      layer.attention.q_norm = LayerNorm(load, "attn_q_norm", int64_t{c.n_heads} * c.head_dim);
      layer.attention.k_norm = LayerNorm(load, "attn_k_norm", int64_t{c.n_kv_heads} * c.head_dim);
      layer.attention_post_norm = LayerNorm(load, "post_attention_norm");
      layer.feed_forward = LoadFeedForward(load, i, c.d_model, c.d_ff);
      layer.feed_forward_post_norm = LayerNorm(load, "post_ffw_norm");
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadOlmo2(WeightLoader& load) { return std::make_unique<Olmo2>(load); }

}  // namespace pioneer
