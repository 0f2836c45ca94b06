#include "model/random_presets.h"

#include <map>

namespace pioneer {
namespace {

using Keys = std::vector<std::pair<std::string, GgufValue>>;
using Names = std::vector<std::string>;

struct Preset {
  Keys keys;
  Names tensors;
  int n_layers = 3;
  int n_kv_heads = 2;
};

GgufValue Count(uint64_t n) { return n; }

const Keys kExperts = {{"expert_count", Count(8)},
                       {"expert_used_count", Count(2)},
                       {"expert_feed_forward_length", Count(64)}};

Keys With(Keys keys, const Keys& more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

const std::map<std::string, Preset>& Presets() {
  static const std::map<std::string, Preset> presets = {
      {"deepseek2",
       {With(kExperts, {{"attention.q_lora_rank", Count(32)},
                        {"attention.kv_lora_rank", Count(32)},
                        {"attention.key_length", Count(48)},
                        {"attention.value_length", Count(32)},
                        {"attention.key_length_mla", Count(48)},
                        {"attention.value_length_mla", Count(32)},
                        {"rope.dimension_count", Count(16)},
                        {"leading_dense_block_count", Count(1)},
                        {"expert_shared_count", Count(1)},
                        {"expert_gating_func", Count(2)},
                        {"expert_weights_norm", true},
                        {"expert_weights_scale", 1.5}}),
        {"exp_probs_b.bias"},
        3,
        1}},
      {"gemma2",
       {{{"attention.sliding_window", Count(24)},
         {"attn_logit_softcapping", 50.0},
         {"final_logit_softcapping", 30.0}},
        {}}},
      {"gemma3",
       {{{"attention.sliding_window", Count(24)}, {"rope.freq_base_swa", 1000.0}}, {}, 7}},
      {"gemma4",
       {{{"attention.sliding_window", Count(24)},
         {"attention.sliding_window_pattern",
          std::vector<bool>{true, true, false, true, false, true, false}},
         {"attention.shared_kv_layers", Count(2)},
         {"attention.key_length", Count(32)},
         {"attention.value_length", Count(32)},
         {"attention.key_length_swa", Count(16)},
         {"attention.value_length_swa", Count(16)},
         {"rope.dimension_count", Count(32)},
         {"rope.dimension_count_swa", Count(16)},
         {"rope.freq_base_swa", 1000.0},
         {"embedding_length_per_layer_input", Count(32)},
         {"final_logit_softcapping", 30.0}},
        {"attn_v.weight", "layer_output_scale.weight"},
        7}},
      {"gpt-oss",
       {With(kExperts, {{"attention.sliding_window", Count(24)}}),
        {"attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias", "ffn_gate_inp.bias",
         "ffn_gate_exps.bias", "ffn_up_exps.bias", "ffn_down_exps.bias", "output.weight"}}},
      {"gpt2",
       {{{"attention.layer_norm_epsilon", 1e-5}},
        {"attn_qkv.weight", "attn_qkv.bias", "attn_output.bias", "ffn_up.bias", "ffn_down.bias",
         "norm.bias"},
        3,
        4}},
      {"granite",
       {{{"embedding_scale", 6.0},
         {"residual_scale", 0.25},
         {"attention.scale", 0.125},
         {"logit_scale", 2.0}},
        {}}},
      {"granitemoe",
       {{{"expert_count", Count(8)},
         {"expert_used_count", Count(2)},
         {"expert_shared_feed_forward_length", Count(32)},
         {"embedding_scale", 6.0},
         {"residual_scale", 0.25},
         {"attention.scale", 0.125},
         {"logit_scale", 2.0}},
        {}}},
      {"lfm2",
       {{{"shortconv.l_cache", Count(3)},
         {"attention.head_count_kv", std::vector<int64_t>{0, 2, 0, 2, 0}}},
        {},
        5}},
      {"lfm2moe",
       {With(kExperts, {{"shortconv.l_cache", Count(3)},
                        {"attention.head_count_kv", std::vector<int64_t>{0, 2, 0, 2, 0}},
                        {"leading_dense_block_count", Count(2)},
                        {"expert_gating_func", Count(2)}}),
        {"exp_probs_b.bias"},
        5}},
      {"mistral3",
       {{{"attention.temperature_scale", 0.1},
         {"rope.scaling.type", std::string("yarn")},
         {"rope.scaling.factor", 4.0},
         {"rope.scaling.original_context_length", Count(64)}},
        {}}},
      {"olmo2", {{}, {"output.weight"}, 3, 4}},
      {"phi3", {{}, {"attn_qkv.weight"}}},
      {"qwen2", {{}, {"attn_q.bias", "attn_k.bias", "attn_v.bias"}}},
      {"qwen35",
       {{{"ssm.conv_kernel", Count(4)},
         {"ssm.inner_size", Count(64)},
         {"ssm.state_size", Count(16)},
         {"ssm.time_step_rank", Count(4)},
         {"ssm.group_count", Count(2)},
         {"rope.dimension_sections", std::vector<int64_t>{2, 1, 1, 0}},
         {"rope.dimension_count", Count(8)},
         {"full_attention_interval", Count(3)}},
        {},
        6}},
      {"qwen3moe", {kExperts, {}}},
      {"smollm3", {{}, {}, 5}},
  };
  return presets;
}

// From config.json of HuggingFaceTB/SmolLM2-135M, Qwen/Qwen3-0.6B and meta-llama/Llama-3.2-1B.
struct Sizes {
  const char *name, *title, *architecture;
  int vocab_size, n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ff, context_length;
  float rope_base;
  bool rope_factors;  // of Llama 3.1's longer context
};
constexpr Sizes kShapes[] = {
    {"smollm2-135m", "random SmolLM2-135M", "llama", 49152, 30, 576, 9, 3, 64, 1536, 8192, 1e5f,
     false},
    {"qwen3-0.6b", "random Qwen3-0.6B", "qwen3", 151936, 28, 1024, 16, 8, 128, 3072, 40960, 1e6f,
     false},
    {"llama-3.2-1b", "random Llama-3.2-1B", "llama", 128256, 16, 2048, 32, 8, 64, 8192, 131072,
     5e5f, true},
};

RandomModelOptions ShapeOf(const Sizes& sizes) {
  RandomModelOptions options;
  options.architecture = sizes.architecture;
  options.name = sizes.title;
  options.n_layers = sizes.n_layers;
  options.d_model = sizes.d_model;
  options.n_heads = sizes.n_heads;
  options.n_kv_heads = sizes.n_kv_heads;
  options.head_dim = sizes.head_dim;
  options.d_ff = sizes.d_ff;
  options.context_length = sizes.context_length;
  options.rope_base = sizes.rope_base;
  if (sizes.rope_factors) options.optional_tensors = {"rope_freqs.weight"};
  return options;
}

}  // namespace

RandomModelOptions RandomPreset(const std::string& architecture) {
  RandomModelOptions options;
  options.architecture = architecture;
  const auto found = Presets().find(architecture);
  if (found == Presets().end()) return options;
  options.keys = found->second.keys;
  options.optional_tensors = found->second.tensors;
  options.n_layers = found->second.n_layers;
  options.n_kv_heads = found->second.n_kv_heads;
  return options;
}

const std::vector<RandomShape>& RandomShapes() {
  static const std::vector<RandomShape> shapes = [] {
    std::vector<RandomShape> all;
    for (const Sizes& sizes : kShapes)
      all.push_back({sizes.name, ShapeOf(sizes), sizes.vocab_size});
    return all;
  }();
  return shapes;
}

}  // namespace pioneer
