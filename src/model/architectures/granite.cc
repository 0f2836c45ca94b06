// Why: Granite 3 and 4 (https://arxiv.org/abs/2405.04324): llama with multipliers of embeddings,
// scores, residuals and logits, with experts ("granitemoe") or without rotation in some of its
// models.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Granite : public Decoder {
 public:
  explicit Granite(WeightLoader& load) : Decoder(load) {
    const ArchitectureKeys keys(load.file());
    const auto multiplier = [&](const char* key, float otherwise) {
      const float value = keys.Float(key, 0.0f);
      return value == 0 ? otherwise : value;
    };
    embedding_scale_ = multiplier("embedding_scale", 1.0f);
    residual_scale_ = multiplier("residual_scale", 1.0f);
    logit_scale_ = 1.0f / multiplier("logit_scale", 1.0f);
    AttentionShape shape = ReadShape(load, config_);
    shape.scale = multiplier("attention.scale", shape.scale);
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kInterleaved);
    const bool rotates = keys.Bool("rope.scaling.finetuned", true);
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      if (rotates) layer.attention.rope = rope;
      LoadFeedForwardOrExperts(load, layer, ExpertGating::kSoftmax, true);
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadGranite(WeightLoader& load) { return std::make_unique<Granite>(load); }

}  // namespace pioneer
