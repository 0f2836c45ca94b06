// Why: Phi 3 and 4 (https://arxiv.org/abs/2404.14219): queries, keys and values in one matrix, gate
// and up in one, LongRoPE, part of each head rotated. Sliding windows of its files are not used,
// since llama.cpp does not use them either: few files state them rightly.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"

namespace pioneer {
namespace {

class Phi3 : public Decoder {
 public:
  explicit Phi3(WeightLoader& load) : Decoder(load) {
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kHalves);
    const AttentionShape shape = ReadShape(load, config_);
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = AddPreNormLayer(load, shape);
      layer.attention.rope = rope;
      FeedForward& block = layer.feed_forward.emplace();
      auto halves = LoadStackedLinear(load, LayerName(i, "ffn_up"), {config_.d_ff, config_.d_ff},
                                      config_.d_model);
      block.gate = std::move(halves[0]);
      block.up = std::move(halves[1]);
      block.down = LoadLinear(load, LayerName(i, "ffn_down"), config_.d_model, config_.d_ff);
    }
    Finish(load);
  }
};

}  // namespace

std::unique_ptr<Model> LoadPhi3(WeightLoader& load) { return std::make_unique<Phi3>(load); }

}  // namespace pioneer
