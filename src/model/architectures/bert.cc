// Why: encoders, whose rows see the whole text: BERT (Devlin et al. 2019,
// https://arxiv.org/abs/1810.04805) and, in the same files, RoBERTa and XLM-RoBERTa ("bert");
// Nomic's, which rotates instead of adding positions and has gated layers ("nomic-bert"). They
// embed and rank, and do not generate.
#include <cmath>
#include <optional>

#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/blocks/attention_block.h"
#include "model/blocks/feed_forward.h"
#include "model/rope_config.h"
#include "model/transformer.h"
#include "tensor/ops/elementwise.h"

namespace pioneer {
namespace {

struct Layer {
  AttentionBlock attention;
  Norm attention_norm;
  FeedForward feed_forward;
  Norm feed_forward_norm;
};

// What differs between the members of the family.
struct Kind {
  bool rotated;  // positions: rotation, not learned vectors
  bool gated;    // feed-forward layers
  Activation f;
};
constexpr Kind kBert{false, false, Activation::kGelu};
constexpr Kind kNomicBert{true, true, Activation::kSilu};

class BertModel : public Transformer {
 public:
  BertModel(WeightLoader& load, const Kind& kind) : Transformer(load, /*causal=*/false) {
    const ModelConfig& c = config_;
    const ArchitectureKeys keys(load.file());
    const float eps = keys.Float("attention.layer_norm_epsilon", 1e-12f, 0.0f, 1.0f);
    memory_.layers.assign(static_cast<size_t>(c.n_layers), {});  // a text is never continued
    if (!kind.rotated) {
      positions_ = load.Table("position_embd.weight", c.context_length, c.d_model);
    }
    LoadTokenTypes(load);
    input_norm_ = LoadLayerNorm(load, "token_embd_norm", c.d_model, eps);
    RopeParams rope;
    if (kind.rotated) rope = ReadRopeParams(load, c, RopeStyle::kHalves);
    for (int i = 0; i < c.n_layers; ++i) LoadLayer(load, i, kind, rope, eps);
  }

 private:
  // Only the first kind of token is ever used: the text is one sentence to the model.
  void LoadTokenTypes(WeightLoader& load) {
    if (!load.Has("token_types.weight")) return;
    const int64_t n_types = load.file().Int("tokenizer.ggml.token_type_count", 0);
    if (n_types < 1 || n_types > 1024) {
      Fail(ErrorCode::kCorruptFile,
           "{}: key \"tokenizer.ggml.token_type_count\" is missing or {}, not in 1..1024",
           load.file().name(), n_types);
    }
    const std::vector<float> all = load.Floats("token_types.weight", {n_types, config_.d_model});
    token_type_.assign(all.begin(), all.begin() + config_.d_model);
  }

  void LoadLayer(WeightLoader& load, int index, const Kind& kind, const RopeParams& rope,
                 float eps) {
    const ModelConfig& c = config_;
    const AttentionShape shape{c.n_heads, c.n_kv_heads, c.head_dim,
                               1.0f / std::sqrt(static_cast<float>(c.head_dim))};
    const std::string prefix = fmt::format("blk.{}.", index);
    Layer& layer = layers_.emplace_back();
    layer.attention = LoadAttention(load, index, c.d_model, shape);
    layer.attention.rope = rope;
    layer.attention_norm = LoadLayerNorm(load, prefix + "attn_output_norm", c.d_model, eps);
    layer.feed_forward = LoadFeedForward(load, index, c.d_model, c.d_ff, kind.f, kind.gated);
    layer.feed_forward_norm = LoadLayerNorm(load, prefix + "layer_output_norm", c.d_model, eps);
  }

  // x = norm(token + token type + position).
  void Embed(Pass& pass) override {
    Matrix& x = pass.work.x;
    Transformer::Embed(pass);
    if (!token_type_.empty()) {
      AddBias(pass.pool, x.data(), token_type_.data(), pass.n, config_.d_model);
    }
    if (positions_) {
      EmbedRows(pass.pool, *positions_, pass.positions, pass.n, pass.work.normed.data());
      AddInPlace(pass.pool, x.data(), pass.work.normed.data(), pass.n * config_.d_model);
    }
    input_norm_.Run(pass.pool, x.data(), pass.n, x.data());
  }

  // x = norm(x + Attention(x)); x = norm(x + FeedForward(x)).
  void RunLayer(Pass& pass, int index) override {
    const Layer& layer = layers_[index];
    auto& work = pass.work;
    float* const x = work.x.data();
    layer.attention.RunBothWays(pass, work.x, work.change);
    AddInPlace(pass.pool, x, work.change.data(), pass.n * config_.d_model);
    layer.attention_norm.Run(pass.pool, x, pass.n, x);
    layer.feed_forward.Run(pass, work.x, work.change);
    AddInPlace(pass.pool, x, work.change.data(), pass.n * config_.d_model);
    layer.feed_forward_norm.Run(pass.pool, x, pass.n, x);
  }

  std::optional<Tensor> positions_;  // [context_length, d_model]
  std::vector<float> token_type_;    // [d_model], or empty
  Norm input_norm_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Model> LoadBert(WeightLoader& load) {
  return std::make_unique<BertModel>(load, kBert);
}

std::unique_ptr<Model> LoadNomicBert(WeightLoader& load) {
  return std::make_unique<BertModel>(load, kNomicBert);
}

}  // namespace pioneer
