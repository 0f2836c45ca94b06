// Why: gpt-oss (https://arxiv.org/abs/2508.10925): every second layer has a window, attention may
// look at nothing (sinks), and all feed-forward parts are experts with clamped gates.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class GptOss : public Decoder {
 public:
  explicit GptOss(WeightLoader& load) : Decoder(load) {
    const ArchitectureKeys keys(load.file());
    const ModelConfig& c = config_;
    const RopeParams rope = ReadRopeParams(load, c, RopeStyle::kHalves);
    const int window = keys.IntIn("attention.sliding_window", 1, 1 << 30);
    const std::vector<bool> has_window = WindowLayers(keys, c.n_layers, 2);
    const ExpertRouting routing = ReadExpertRouting(keys, ExpertGating::kSoftmaxOfChosen, false);
    const int d_ff = keys.IntIn("expert_feed_forward_length", 1, 1 << 20);
    AttentionShape shape = ReadShape(load, c);
    for (int i = 0; i < c.n_layers; ++i) {
      shape.window = has_window[i] ? window : 0;
      DecoderLayer& layer = AddLayer(load, shape);
      layer.attention_norm = LayerNorm(load, "attn_norm");
      layer.attention.rope = rope;
      layer.attention.sinks = load.Vector(LayerName(i, "attn_sinks.weight"), c.n_heads);
      layer.feed_forward_norm = LayerNorm(load, "post_attention_norm");
      layer.experts = LoadExperts(load, i, c.d_model, d_ff, routing);
      layer.experts->clamped = true;
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadGptOss(WeightLoader& load) { return std::make_unique<GptOss>(load); }

}  // namespace pioneer
