// Why: Qwen 3 (https://arxiv.org/abs/2505.09388): a norm of each head's queries and keys, no
// biases; its large models have experts ("qwen3moe").
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Qwen3 : public Decoder {
 public:
  explicit Qwen3(WeightLoader& load) : Decoder(load) {
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kHalves);
    const AttentionShape shape = ReadShape(load, config_);
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      layer.attention.rope = rope;
      AddHeadNorms(load, layer);
      LoadFeedForwardOrExperts(load, layer, ExpertGating::kSoftmax, true);
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadQwen3(WeightLoader& load) { return std::make_unique<Qwen3>(load); }

}  // namespace pioneer
