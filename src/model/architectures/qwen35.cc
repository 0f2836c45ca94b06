// Why: Qwen 3.5: three of four layers are linear attention by the gated delta rule (Yang, Kautz &
// Hatamizadeh 2024, https://arxiv.org/abs/2412.06464), the fourth is attention with a gate.
#include <cmath>
#include <map>

#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/blocks/conv_block.h"
#include "model/config.h"
#include "model/decoder.h"
#include "model/rope_config.h"
#include "tensor/ops/delta_rule.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/norm.h"

namespace pioneer {
namespace {

struct LinearAttention {
  DeltaRule rule;  // the heads
  float eps = 0;
  Linear qkv;  // [2 * keys + values, d_model], then convolved
  ConvBlock conv;
  Linear alpha, beta;                // [n_value_heads, d_model]
  std::vector<float> decay_bias, a;  // [n_value_heads]; a < 0
  Linear gate;                       // [values, d_model]
  Norm out_norm;                     // of a head
  Linear out;                        // [d_model, values]
  int64_t state_begin = 0;           // in the state of a sequence

  int64_t KeyWidth() const { return int64_t{rule.n_key_heads} * rule.key_dim; }
  int64_t ValueWidth() const { return int64_t{rule.n_value_heads} * rule.value_dim; }

  void Run(Pass& pass, const Matrix& x, Matrix& change) const {
    auto& work = pass.work.recurrent;
    RunLinear(pass,
              {{&qkv, &work.in}, {&gate, &work.gate}, {&alpha, &work.decay}, {&beta, &work.beta}},
              x);
    conv.Run(pass, work.in, work.conv);
    Activate(pass.pool, Activation::kSilu, work.conv.data(), pass.n * work.conv.cols(),
             work.conv.data());
    RunGates(pass);
    RunRule(pass);
    // norm(out) * silu(gate), a head at a time.
    out_norm.Run(pass.pool, work.out.data(), pass.n * rule.n_value_heads, work.out.data());
    ActivateMul(pass.pool, Activation::kSilu, work.gate.data(), work.out.data(),
                pass.n * ValueWidth(), work.out.data());
    RunLinear(pass, {{&out, &change}}, work.out);
  }

 private:
  // decay = a * softplus(alpha + bias), beta = sigmoid(beta).
  void RunGates(Pass& pass) const {
    auto& work = pass.work.recurrent;
    const int64_t heads = rule.n_value_heads;
    AddBias(pass.pool, work.decay.data(), decay_bias.data(), pass.n, heads);
    Softplus(work.decay.data(), pass.n * heads);
    for (int64_t row = 0; row < pass.n; ++row) {
      Multiply(pass.pool, work.decay.row(row), a.data(), heads, work.decay.row(row));
    }
    Activate(pass.pool, Activation::kSigmoid, work.beta.data(), pass.n * heads, work.beta.data());
  }

  void RunRule(Pass& pass) const {
    auto& work = pass.work.recurrent;
    work.qk.Resize(pass.n, 2 * KeyWidth());
    work.out.Resize(pass.n, ValueWidth());
    CopyColumns(pass.pool, work.conv.data(), work.conv.cols(), pass.n, work.qk.cols(),
                work.qk.data());
    L2Norm(pass.pool, work.qk.data(), eps, pass.n * 2 * rule.n_key_heads, rule.key_dim,
           work.qk.data());
    DeltaRule step = rule;
    step.q = work.qk.data();
    step.k = step.q + KeyWidth();
    step.v = work.conv.data() + 2 * KeyWidth();
    step.qk_stride = work.qk.cols();
    step.v_stride = work.conv.cols();
    step.log_decay = work.decay.data();
    step.beta = work.beta.data();
    step.out = work.out.data();
    std::vector<DeltaRuleSequence> sequences;
    for (const StepBatch::Sequence& s : pass.sequences) {
      sequences.push_back({s.kv->state() + state_begin, s.first_row, s.n_rows});
    }
    GatedDeltaRule(pass.pool, step, sequences);
  }
};

class Qwen35 : public Decoder {
 public:
  explicit Qwen35(WeightLoader& load) : Decoder(load) {
    const ArchitectureKeys keys(load.file());
    // Layers that guess further tokens come last and are not part of the model proper.
    const int n_guessing = keys.Int("nextn_predict_layers", 0);
    if (n_guessing >= config_.n_layers) {
      keys.Refuse("nextn_predict_layers", fmt::format("is {}, as many as all layers", n_guessing));
    }
    config_.n_layers -= n_guessing;
    const DeltaRule rule = ReadRule(keys);
    const int n_taps = keys.IntIn("ssm.conv_kernel", 2, kMaxTaps);
    const int interval = keys.Int("full_attention_interval", 4);
    const RopeParams rope = ReadRopeParams(load, config_, RopeStyle::kHalves);
    for (int i = 0; i < config_.n_layers; ++i) {
      const bool full = interval > 0 && (i + 1) % interval == 0;
      DecoderLayer& layer =
          full ? AddGatedAttention(load, rope) : AddLinearAttention(load, rule, n_taps);
      layer.attention_norm = LayerNorm(load, "attn_norm");
      layer.feed_forward_norm = LayerNorm(load, "post_attention_norm");
      layer.feed_forward = LoadFeedForward(load, i, config_.d_model, config_.d_ff);
    }
    Finish(load);
  }

 private:
  static constexpr int kMaxTaps = 64;
  static constexpr int kMaxRuleHeads = 4096;

  static DeltaRule ReadRule(const ArchitectureKeys& keys) {
    DeltaRule rule;
    rule.key_dim = keys.IntIn("ssm.state_size", 1, kMaxHeadDim);
    rule.n_key_heads = keys.IntIn("ssm.group_count", 1, kMaxRuleHeads);
    rule.n_value_heads = keys.IntIn("ssm.time_step_rank", 1, kMaxRuleHeads);
    rule.value_dim =
        keys.IntIn("ssm.inner_size", 1, kMaxRuleHeads * kMaxHeadDim) / rule.n_value_heads;
    rule.scale = 1.0f / std::sqrt(static_cast<float>(rule.key_dim));
    if (rule.n_value_heads % rule.n_key_heads != 0 || rule.value_dim < 1 ||
        rule.value_dim > kMaxHeadDim) {
      keys.Refuse("ssm.time_step_rank",
                  fmt::format("is {}, which does not fit {} groups and an inner size of {}",
                              rule.n_value_heads, rule.n_key_heads, keys.Int("ssm.inner_size")));
    }
    return rule;
  }

  DecoderLayer& AddLinearAttention(WeightLoader& load, const DeltaRule& rule, int n_taps) {
    const int index = static_cast<int>(layers_.size());
    const int64_t d_model = config_.d_model, heads = rule.n_value_heads;
    const auto name = [&](const char* end) { return LayerName(index, end); };
    LinearAttention& block = linear_[index];
    block.rule = rule;
    block.eps = config_.rms_eps;
    const int64_t d_qkv = 2 * block.KeyWidth() + block.ValueWidth();
    block.qkv = LoadLinear(load, name("attn_qkv"), d_qkv, d_model);
    block.gate = LoadLinear(load, name("attn_gate"), block.ValueWidth(), d_model);
    block.conv = LoadConv(load, name("ssm_conv1d"), static_cast<int>(d_qkv), n_taps, memory_);
    block.decay_bias = load.Vector(name("ssm_dt.bias"), heads);
    block.a = load.Vector(name("ssm_a"), heads);
    block.alpha = LoadLinear(load, name("ssm_alpha"), heads, d_model);
    block.beta = LoadLinear(load, name("ssm_beta"), heads, d_model);
    block.out_norm = LoadRmsNorm(load, name("ssm_norm"), rule.value_dim, config_.rms_eps);
    block.out = LoadLinear(load, name("ssm_out"), d_model, block.ValueWidth());
    block.state_begin = memory_.state_floats;
    memory_.state_floats += rule.StateFloats();
    return layers_.emplace_back();
  }

  // attn_q holds each head's query and then its gate.
  DecoderLayer& AddGatedAttention(WeightLoader& load, const RopeParams& rope) {
    const int index = static_cast<int>(layers_.size());
    DecoderLayer& layer = layers_.emplace_back();
    AttentionBlock& block = layer.attention;
    block.shape = ReadShape(load, config_);
    block.shape.value_dim = block.shape.head_dim;
    block.layer = index;
    block.rope = rope;
    const int64_t d_q = int64_t{block.shape.n_heads} * block.shape.head_dim;
    const int64_t d_kv = int64_t{block.shape.n_kv_heads} * block.shape.head_dim;
    block.q = LoadLinear(load, LayerName(index, "attn_q"), 2 * d_q, config_.d_model);
    block.k = LoadLinear(load, LayerName(index, "attn_k"), d_kv, config_.d_model);
    block.v = LoadLinear(load, LayerName(index, "attn_v"), d_kv, config_.d_model);
    block.out = LoadLinear(load, LayerName(index, "attn_output"), config_.d_model, d_q);
    AddHeadNorms(load, layer);
    return layer;
  }

  void Attend(Pass& pass, int index, const Matrix& x, Matrix& change) override {
    const auto linear = linear_.find(index);
    if (linear != linear_.end()) return linear->second.Run(pass, x, change);
    AttendGated(pass, layers_[static_cast<size_t>(index)].attention, x, change);
  }

  // change = out(attention * sigmoid(gate)).
  void AttendGated(Pass& pass, const AttentionBlock& block, const Matrix& x, Matrix& change) {
    auto& work = pass.work.attention;
    Matrix& both = pass.work.recurrent.in;
    Matrix& gate = pass.work.recurrent.gate;
    const int64_t heads = block.shape.n_heads, dim = block.shape.head_dim;
    RunLinear(pass, {{&block.q, &both}, {&block.k, &work.k}, {&block.v, &work.v}}, x);
    work.q.Resize(pass.n, heads * dim);
    gate.Resize(pass.n, heads * dim);
    CopyColumns(pass.pool, both.data(), 2 * dim, pass.n * heads, dim, work.q.data());
    CopyColumns(pass.pool, both.data() + dim, 2 * dim, pass.n * heads, dim, gate.data());
    block.NormAndRotate(pass);
    block.Store(pass);
    block.Attend(pass);
    ActivateMul(pass.pool, Activation::kSigmoid, gate.data(), work.attended.data(),
                pass.n * heads * dim, work.attended.data());
    block.PutOut(pass, change);
  }

  std::map<int, LinearAttention> linear_;  // by layer
};

}  // namespace

std::unique_ptr<Model> LoadQwen35(WeightLoader& load) { return std::make_unique<Qwen35>(load); }

}  // namespace pioneer
