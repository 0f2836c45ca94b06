// Why: DeepSeek V2 and V3 (https://arxiv.org/abs/2405.04434): a token's keys and values are one
// short vector that all heads share. Queries are brought into its space, so that attention works on
// it as it is (the paper's absorbed form); the first layers are dense, the others have experts.
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/decoder.h"
#include "model/rope_config.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/matmul.h"

namespace pioneer {
namespace {

// c = the compressed vector's size, r = the rotated part's, d = the rest of a head's query.
struct LatentAttention {
  Linear q_down, q_up;       // [q_rank, d_model], [n_heads * (d + r), q_rank]; or q_up from d_model
  Norm q_norm;               // of q_rank, or none: then there is no q_down
  Linear kv_down;            // [c + r, d_model]
  Norm kv_norm;              // of c
  std::vector<Linear> into;  // of each head, [c, d]: a query into the compressed space
  std::vector<Linear> out_of;  // of each head, [value_dim, c]: what was attended to, out of it
  AttentionBlock core;         // one KV head: keys [c + r], values [c]; its `out` and `rope`
};

struct LatentSizes {
  int n_heads = 0, q_rank = 0, compressed = 0, rotated = 0, plain = 0, value = 0;
};

LatentSizes ReadSizes(const ArchitectureKeys& keys, const ModelConfig& config) {
  constexpr int kMax = 1 << 16;
  LatentSizes sizes;
  sizes.n_heads = config.n_heads;
  sizes.q_rank = keys.Int("attention.q_lora_rank");
  sizes.compressed = keys.IntIn("attention.kv_lora_rank", 1, kMax);
  sizes.rotated = config.rope_dims;
  if (!keys.Has("attention.key_length_mla")) {
    Fail(ErrorCode::kUnsupported,
         "{}: this DeepSeek file has its keys and values uncompressed, as converters wrote them "
         "until April 2025; take a newer file",
         keys.file().name());
  }
  sizes.plain = keys.IntIn("attention.key_length_mla", sizes.rotated + 1, kMax) - sizes.rotated;
  sizes.value = keys.IntIn("attention.value_length_mla", 1, kMax);
  if (config.n_kv_heads != 1 || config.head_dim != sizes.compressed + sizes.rotated) {
    keys.Refuse("attention.key_length", "is not kv_lora_rank + rope.dimension_count for one head");
  }
  return sizes;
}

class DeepSeek2 : public Decoder {
 public:
  explicit DeepSeek2(WeightLoader& load)
      : Decoder(load), keys_(load.file()), sizes_(ReadSizes(keys_, config_)) {
    const RopeParams rope = ReadLatentRope(load);
    const int n_dense = keys_.Int("leading_dense_block_count");
    for (int i = 0; i < config_.n_layers; ++i) {
      DecoderLayer& layer = layers_.emplace_back();
      layer.attention_norm = LayerNorm(load, "attn_norm");
      layer.feed_forward_norm = LayerNorm(load, "ffn_norm");
      LoadLatent(load, i, rope);
      layer.attention.shape = latent_.back().core.shape;
      if (i < n_dense) {
        layer.feed_forward = LoadFeedForward(load, i, config_.d_model, config_.d_ff);
      } else {
        LoadExpertLayer(load, i, layer);
      }
    }
    Finish(load);
  }

 private:
  // Scores grow with YaRN's factor; cosines and sines do not.
  RopeParams ReadLatentRope(WeightLoader& load) {
    const RopeScaling scaling = ReadRopeScaling(keys_, config_);
    RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kInterleaved);
    // Files have a tenth of the multiplier.
    const double multiplier = scaling.log_multiplier * 10;
    rope.magnitude = static_cast<float>(scaling.attention_factor);
    double score_factor = scaling.attention_factor;
    if (scaling.yarn && multiplier == 0) {
      rope.magnitude *= static_cast<float>(scaling.Magnitude(1.0));
      score_factor *= scaling.Magnitude(1.0);
    }
    score_factor *= scaling.Magnitude(multiplier);
    scale_ = static_cast<float>(score_factor * score_factor /
                                std::sqrt(static_cast<double>(sizes_.plain + sizes_.rotated)));
    return rope;
  }

  void LoadLatent(WeightLoader& load, int index, const RopeParams& rope) {
    const LatentSizes& s = sizes_;
    const int64_t d_model = config_.d_model, d_q = int64_t{s.n_heads} * (s.plain + s.rotated);
    LatentAttention& block = latent_.emplace_back();
    if (s.q_rank > 0) {
      block.q_norm = LayerNorm(load, "attn_q_a_norm", s.q_rank);
      block.q_down = LoadLinear(load, LayerName(index, "attn_q_a"), s.q_rank, d_model);
      block.q_up = LoadLinear(load, LayerName(index, "attn_q_b"), d_q, s.q_rank);
    } else {
      block.q_up = LoadLinear(load, LayerName(index, "attn_q"), d_q, d_model);
    }
    block.kv_norm = LayerNorm(load, "attn_kv_a_norm", s.compressed);
    block.kv_down =
        LoadLinear(load, LayerName(index, "attn_kv_a_mqa"), s.compressed + s.rotated, d_model);
    block.into =
        load.Matrices(LayerName(index, "attn_k_b.weight"), s.n_heads, s.compressed, s.plain);
    block.out_of =
        load.Matrices(LayerName(index, "attn_v_b.weight"), s.n_heads, s.value, s.compressed);
    block.core.out =
        LoadLinear(load, LayerName(index, "attn_output"), d_model, int64_t{s.n_heads} * s.value);
    block.core.rope = rope;
    block.core.layer = index;
    block.core.shape = {.n_heads = s.n_heads,
                        .n_kv_heads = 1,
                        .head_dim = s.compressed + s.rotated,
                        .scale = scale_,
                        .value_dim = s.compressed};
  }

  void LoadExpertLayer(WeightLoader& load, int index, DecoderLayer& layer) {
    const int d_expert = keys_.IntIn("expert_feed_forward_length", 1, 1 << 20);
    const int64_t n_shared = keys_.IntIn("expert_shared_count", 0, 1 << 10);
    layer.experts = LoadExperts(load, index, config_.d_model, d_expert,
                                ReadExpertRouting(keys_, ExpertGating::kSoftmax, false));
    if (n_shared > 0) {
      layer.experts->shared = LoadSharedExpert(load, index, config_.d_model, n_shared * d_expert);
    }
  }

  void Attend(Pass& pass, int index, const Matrix& x, Matrix& change) override {
    const LatentAttention& block = latent_[static_cast<size_t>(index)];
    ProjectQueries(pass, block, x);
    ProjectKeys(pass, block, x);
    block.core.Store(pass);
    block.core.Attend(pass);
    BringOut(pass, block);
    RunLinear(pass, {{&block.core.out, &change}}, values_);
  }

  // Queries of each head: [brought into the compressed space, rotated].
  void ProjectQueries(Pass& pass, const LatentAttention& block, const Matrix& x) {
    const LatentSizes& s = sizes_;
    const int64_t d_head = s.plain + s.rotated, d_wide = s.compressed + s.rotated;
    if (block.q_norm.exists()) {
      RunLinear(pass, {{&block.q_down, &low_rank_}}, x);
      block.q_norm.Run(pass.pool, low_rank_.data(), pass.n, low_rank_.data());
      RunLinear(pass, {{&block.q_up, &queries_}}, low_rank_);
    } else {
      RunLinear(pass, {{&block.q_up, &queries_}}, x);
    }
    Rope(pass.pool, block.core.rope, queries_.data() + s.plain, pass.positions, pass.n, s.n_heads,
         d_head);
    Matrix& wide = pass.work.attention.q;
    wide.Resize(pass.n, s.n_heads * d_wide);
    part_.Resize(pass.n, s.plain);
    brought_.Resize(pass.n, s.compressed);
    for (int head = 0; head < s.n_heads; ++head) {
      const float* from = queries_.data() + head * d_head;
      CopyColumns(pass.pool, from, queries_.cols(), pass.n, s.plain, part_.data());
      RunLinear(pass, {{&block.into[head], &brought_}}, part_);
      for (int64_t row = 0; row < pass.n; ++row) {
        float* to = wide.row(row) + head * d_wide;
        std::memcpy(to, brought_.row(row), sizeof(float) * s.compressed);
        std::memcpy(to + s.compressed, from + row * queries_.cols() + s.plain,
                    sizeof(float) * s.rotated);
      }
    }
  }

  // One key of a token: [compressed and normed, rotated]; its value is the first part.
  void ProjectKeys(Pass& pass, const LatentAttention& block, const Matrix& x) {
    const LatentSizes& s = sizes_;
    const int64_t width = s.compressed + s.rotated;
    Matrix& keys = pass.work.attention.k;
    Matrix& values = pass.work.attention.v;
    RunLinear(pass, {{&block.kv_down, &keys}}, x);
    Rope(pass.pool, block.core.rope, keys.data() + s.compressed, pass.positions, pass.n, 1, width);
    values.Resize(pass.n, s.compressed);
    CopyColumns(pass.pool, keys.data(), width, pass.n, s.compressed, values.data());
    block.kv_norm.Run(pass.pool, values.data(), pass.n, values.data());
    for (int64_t row = 0; row < pass.n; ++row) {
      std::memcpy(keys.row(row), values.row(row), sizeof(float) * s.compressed);
    }
  }

  void BringOut(Pass& pass, const LatentAttention& block) {
    const LatentSizes& s = sizes_;
    const Matrix& attended = pass.work.attention.attended;
    values_.Resize(pass.n, int64_t{s.n_heads} * s.value);
    brought_.Resize(pass.n, s.compressed);
    part_.Resize(pass.n, s.value);
    for (int head = 0; head < s.n_heads; ++head) {
      CopyColumns(pass.pool, attended.data() + head * s.compressed, attended.cols(), pass.n,
                  s.compressed, brought_.data());
      RunLinear(pass, {{&block.out_of[head], &part_}}, brought_);
      for (int64_t row = 0; row < pass.n; ++row) {
        std::memcpy(values_.row(row) + head * s.value, part_.row(row), sizeof(float) * s.value);
      }
    }
  }

  ArchitectureKeys keys_;
  LatentSizes sizes_;
  float scale_ = 0;
  std::vector<LatentAttention> latent_;
  // Of one pass: [n, q_rank], [n, n_heads * (plain + rotated)], of one head, [n, n_heads * value].
  Matrix low_rank_, queries_, part_, brought_, values_;
};

}  // namespace

std::unique_ptr<Model> LoadDeepSeek2(WeightLoader& load) {
  return std::make_unique<DeepSeek2>(load);
}

}  // namespace pioneer
