// Why: SmolLM 3 (https://huggingface.co/blog/smollm3): llama whose every fourth layer does not
// rotate (NoPE, Yang et al. 2025, https://arxiv.org/abs/2501.18795).
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class SmolLm3 : public Decoder {
 public:
  explicit SmolLm3(WeightLoader& load) : Decoder(load) {
    constexpr int kPeriod = 4;
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kInterleaved);
    const AttentionShape shape = ReadShape(load, config_);
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      if ((i + 1) % kPeriod != 0) layer.attention.rope = rope;
      layer.feed_forward = LoadFeedForward(load, i, config_.d_model, config_.d_ff);
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadSmolLm3(WeightLoader& load) { return std::make_unique<SmolLm3>(load); }

}  // namespace pioneer
