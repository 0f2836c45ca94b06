// Why: EXAONE 4 (https://arxiv.org/abs/2507.11407): norms after both parts and of each head; its
// large model (64 layers) has windows in three of four layers, and only those rotate.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Exaone4 : public Decoder {
 public:
  explicit Exaone4(WeightLoader& load) : Decoder(load) {
    constexpr int kLayersOfHybrid = 64, kPeriod = 4, kWindow = 4096;
    const ArchitectureKeys keys(load.file());
    const ModelConfig& c = config_;
    const RopeParams rope = ReadRopeParams(load, c, RopeStyle::kHalves);
    const bool hybrid = c.n_layers == kLayersOfHybrid;
    const int window = keys.Int("attention.sliding_window", kWindow);
    const std::vector<bool> has_window = WindowLayers(keys, c.n_layers, kPeriod);
    AttentionShape shape = ReadShape(load, c);
    for (int i = 0; i < c.n_layers; ++i) {
      shape.window = hybrid && has_window[i] ? window : 0;
      DecoderLayer& layer = AddLayer(load, shape);
      if (!hybrid || has_window[i]) layer.attention.rope = rope;
      AddHeadNorms(load, layer);
      layer.attention_post_norm = LayerNorm(load, "post_attention_norm");
      layer.feed_forward = LoadFeedForward(load, i, c.d_model, c.d_ff);
      layer.feed_forward_post_norm = LayerNorm(load, "post_ffw_norm");
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadExaone4(WeightLoader& load) { return std::make_unique<Exaone4>(load); }

}  // namespace pioneer
