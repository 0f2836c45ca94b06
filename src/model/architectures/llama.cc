// Why: the llama architecture (Touvron et al. 2023, https://arxiv.org/abs/2302.13971; grouped-query
// attention: Ainslie et al. 2023) and its nearest relatives: Llama 1-3, TinyLlama, SmolLM, Mistral
// 7B, Mixtral's experts ("llama"); Ministral 3, whose queries grow with their position
// ("mistral3"); models that only embed, whose rows see the whole text ("llama-embed").
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Llama : public Decoder {
 public:
  explicit Llama(WeightLoader& load, bool causal = true) : Decoder(load, causal) {
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kInterleaved);
    const ArchitectureKeys keys(load.file());
    AttentionShape shape = ReadShape(load, config_);
    const float scale = keys.Float("attention.scale", 0.0f);
    if (scale != 0) shape.scale = scale;
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      layer.attention.rope = rope;
      layer.attention.temperature_scale = keys.Float("attention.temperature_scale", 0.0f);
      layer.attention.temperature_length = ReadRopeScaling(keys, config_).original_context;
      LoadFeedForwardOrExperts(load, layer, ExpertGating::kSoftmax, true);
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadLlama(WeightLoader& load) { return std::make_unique<Llama>(load); }

std::unique_ptr<Model> LoadLlamaEmbed(WeightLoader& load) {
  return std::make_unique<Llama>(load, /*causal=*/false);
}

}  // namespace pioneer
