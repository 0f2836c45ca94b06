// Why: LFM2 (Liquid AI 2025, https://arxiv.org/abs/2511.23404): most layers have a gated short
// convolution instead of attention; larger models have experts ("lfm2moe").
#include <map>

#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/blocks/conv_block.h"
#include "model/decoder.h"
#include "model/rope_config.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {
namespace {

// y = out(c(x) * conv(b(x) * v(x))).
struct GatedConv {
  Linear b, c, v;  // [d_model, d_model]
  ConvBlock conv;
  Linear out;  // [d_model, d_model]

  void Run(Pass& pass, const Matrix& x, Matrix& change) const {
    auto& work = pass.work.recurrent;
    RunLinear(pass, {{&b, &work.in}, {&c, &work.gate}, {&v, &work.out}}, x);
    const int64_t n = pass.n * work.in.cols();
    Multiply(pass.pool, work.in.data(), work.out.data(), n, work.in.data());
    conv.Run(pass, work.in, work.conv);
    Multiply(pass.pool, work.gate.data(), work.conv.data(), n, work.conv.data());
    RunLinear(pass, {{&out, &change}}, work.conv);
  }
};

class Lfm2 : public Decoder {
 public:
  explicit Lfm2(WeightLoader& load) : Decoder(load) {
    constexpr int kMaxTaps = 64;
    const ArchitectureKeys keys(load.file());
    const ModelConfig& c = config_;
    const RopeParams rope = ReadRopeParams(load, c, RopeStyle::kHalves);
    const int n_taps = keys.IntIn("shortconv.l_cache", 2, kMaxTaps);
    const int n_dense = keys.Int("leading_dense_block_count", 0);
    // Layers without key-value heads have a convolution.
    const std::vector<int> kv_heads =
        keys.IntOfLayers("attention.head_count_kv", c.n_layers, c.n_kv_heads, c.n_heads);
    for (int i = 0; i < c.n_layers; ++i) {
      DecoderLayer& layer =
          kv_heads[i] > 0 ? AddAttention(load, kv_heads[i], rope) : AddConv(load, n_taps);
      layer.attention_norm = LayerNorm(load, "attn_norm");
      layer.feed_forward_norm = LayerNorm(load, "ffn_norm");
      if (i < n_dense) {
        layer.feed_forward = LoadFeedForward(load, i, c.d_model, c.d_ff);
      } else {
        LoadFeedForwardOrExperts(load, layer, ExpertGating::kSigmoid, true);
      }
    }
    // Files call the last norm by another norm's name.
    const bool usual_name = load.Has("output_norm.weight");
    Finish(load,
           LoadRmsNorm(load, usual_name ? "output_norm" : "token_embd_norm", c.d_model, c.rms_eps));
  }

 private:
  DecoderLayer& AddAttention(WeightLoader& load, int n_kv_heads, const RopeParams& rope) {
    AttentionShape shape = ReadShape(load, config_);
    shape.n_kv_heads = n_kv_heads;
    DecoderLayer& layer = AddLayer(load, shape);
    layer.attention.rope = rope;
    AddHeadNorms(load, layer);
    return layer;
  }

  DecoderLayer& AddConv(WeightLoader& load, int n_taps) {
    const int index = static_cast<int>(layers_.size());
    const int64_t d = config_.d_model;
    GatedConv& block = convolutions_[index];
    auto parts = LoadStackedLinear(load, LayerName(index, "shortconv.in_proj"), {d, d, d}, d);
    block.b = std::move(parts[0]);
    block.c = std::move(parts[1]);
    block.v = std::move(parts[2]);
    block.conv =
        LoadConv(load, LayerName(index, "shortconv.conv"), config_.d_model, n_taps, memory_);
    block.out = LoadLinear(load, LayerName(index, "shortconv.out_proj"), d, d);
    return layers_.emplace_back();
  }

  void Attend(Pass& pass, int index, const Matrix& x, Matrix& change) override {
    const auto conv = convolutions_.find(index);
    if (conv == convolutions_.end()) return Decoder::Attend(pass, index, x, change);
    conv->second.Run(pass, x, change);
  }

  std::map<int, GatedConv> convolutions_;  // by layer
};

}  // namespace

std::unique_ptr<Model> LoadLfm2(WeightLoader& load) { return std::make_unique<Lfm2>(load); }

}  // namespace pioneer
