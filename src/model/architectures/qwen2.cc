// Why: Qwen 2 and 2.5 (https://arxiv.org/abs/2407.10671): llama with biases of queries, keys and
// values, and rotation in halves.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Qwen2 : public Decoder {
 public:
  explicit Qwen2(WeightLoader& load) : Decoder(load) {
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kHalves);
    const AttentionShape shape = ReadShape(load, config_);
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      layer.attention.rope = rope;
      layer.feed_forward = LoadFeedForward(load, i, config_.d_model, config_.d_ff);
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadQwen2(WeightLoader& load) { return std::make_unique<Qwen2>(load); }

}  // namespace pioneer
