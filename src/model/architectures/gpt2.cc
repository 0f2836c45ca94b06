// Why: GPT-2 (Radford et al. 2019): learned positions instead of rotation, layer norms, a plain
// feed-forward part, biases everywhere.
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {
namespace {

class Gpt2 : public Decoder {
 public:
  explicit Gpt2(WeightLoader& load) : Decoder(load) {
    const ModelConfig& c = config_;
    const float eps =
        ArchitectureKeys(load.file()).Float("attention.layer_norm_epsilon", 1e-5f, 0.0f, 1.0f);
    positions_ = load.Table("position_embd.weight", c.context_length, c.d_model);
    const AttentionShape shape = ReadShape(load, c);
    for (int i = 0; i < c.n_layers; ++i) {
      DecoderLayer& layer = AddLayer(load, shape);
      layer.attention_norm = LoadLayerNorm(load, LayerName(i, "attn_norm"), c.d_model, eps);
      layer.feed_forward_norm = LoadLayerNorm(load, LayerName(i, "ffn_norm"), c.d_model, eps);
      layer.feed_forward =
          LoadFeedForward(load, i, c.d_model, c.d_ff, Activation::kGelu, /*gated=*/false);
    }
    Finish(load, LoadLayerNorm(load, "output_norm", c.d_model, eps));
  }

 private:
  void Embed(Pass& pass) override {
    Decoder::Embed(pass);
    of_positions_.Resize(pass.n, config_.d_model);
    EmbedRows(pass.pool, positions_, pass.positions, pass.n, of_positions_.data());
    AddInPlace(pass.pool, pass.work.x.data(), of_positions_.data(), pass.n * config_.d_model);
  }

  Tensor positions_;     // [context_length, d_model]
  Matrix of_positions_;  // [n, d_model]
};

}  // namespace

std::unique_ptr<Model> LoadGpt2(WeightLoader& load) { return std::make_unique<Gpt2>(load); }

}  // namespace pioneer
