#include "model/huggingface/families.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "base/error.h"
#include "model/huggingface/family_keys.h"

namespace pioneer {
namespace {

using enum TensorLayout;
using enum ValueKind;
using Rules = std::vector<TensorRule>;

Rules Join(std::initializer_list<Rules> parts) {
  Rules all;
  for (const Rules& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Rules Ends() {
  return {{"model.embed_tokens.weight", "token_embd.weight"},
          {"model.norm.weight", "output_norm.weight"},
          {"lm_head.weight", "output.weight"}};
}

Rules Attention(TensorLayout q = kAsIs, TensorLayout k = kAsIs) {
  return {{"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", q},
          {"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", q},
          {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", k},
          {"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", k},
          {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight"},
          {"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias"},
          {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight"},
          {"model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias"}};
}

Rules QkNorms(TensorLayout layout = kAsIs) {
  return {{"model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight", layout},
          {"model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight", layout}};
}

// A norm before each block.
Rules PreNorms() {
  return {{"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight"},
          {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight"}};
}

// A norm behind each block.
Rules PostNorms() {
  return {{"model.layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight"},
          {"model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight"}};
}

Rules FeedForward() {
  return {{"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight"},
          {"model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias"},
          {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight"},
          {"model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias"},
          {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight"},
          {"model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias"}};
}

Rules MixtralExperts() {
  return {{"model.layers.{}.block_sparse_moe.gate.weight", "blk.{}.ffn_gate_inp.weight"},
          {"model.layers.{}.block_sparse_moe.experts.{e}.w1.weight", "blk.{}.ffn_gate_exps.weight",
           kStackExperts},
          {"model.layers.{}.block_sparse_moe.experts.{e}.w2.weight", "blk.{}.ffn_down_exps.weight",
           kStackExperts},
          {"model.layers.{}.block_sparse_moe.experts.{e}.w3.weight", "blk.{}.ffn_up_exps.weight",
           kStackExperts}};
}

// One tensor an expert, or (newer files) all experts in one tensor.
Rules QwenExperts() {
  return {{"model.layers.{}.mlp.gate.weight", "blk.{}.ffn_gate_inp.weight"},
          {"model.layers.{}.mlp.experts.{e}.gate_proj.weight", "blk.{}.ffn_gate_exps.weight",
           kStackExperts},
          {"model.layers.{}.mlp.experts.{e}.up_proj.weight", "blk.{}.ffn_up_exps.weight",
           kStackExperts},
          {"model.layers.{}.mlp.experts.{e}.down_proj.weight", "blk.{}.ffn_down_exps.weight",
           kStackExperts},
          {"model.layers.{}.mlp.experts.gate_up_proj", "blk.{}.ffn_gate_exps.weight", kFirstHalf},
          {"model.layers.{}.mlp.experts.gate_up_proj", "blk.{}.ffn_up_exps.weight", kSecondHalf},
          {"model.layers.{}.mlp.experts.down_proj", "blk.{}.ffn_down_exps.weight"}};
}

Rules GemmaNorms(TensorLayout layout) {
  return {
      {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", layout},
      {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight",
       layout},
      {"model.layers.{}.pre_feedforward_layernorm.weight", "blk.{}.ffn_norm.weight", layout},
      {"model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight", layout},
      {"model.embed_tokens.weight", "token_embd.weight"},
      {"model.norm.weight", "output_norm.weight", layout},
      {"lm_head.weight", "output.weight"}};
}

// What Gemma 4 has beside the usual: inputs of each layer's own, experts beside the feed-forward
// part.
Rules Gemma4Extras() {
  return {{"model.embed_tokens_per_layer.weight", "per_layer_token_embd.weight"},
          {"model.per_layer_model_projection.weight", "per_layer_model_proj.weight"},
          {"model.per_layer_projection_norm.weight", "per_layer_proj_norm.weight"},
          {"model.layers.{}.per_layer_input_gate.weight", "blk.{}.inp_gate.weight"},
          {"model.layers.{}.per_layer_projection.weight", "blk.{}.proj.weight"},
          {"model.layers.{}.post_per_layer_input_norm.weight", "blk.{}.post_norm.weight"},
          {"model.layers.{}.layer_scalar", "blk.{}.layer_output_scale.weight"},
          {"model.layers.{}.router.proj.weight", "blk.{}.ffn_gate_inp.weight"},
          {"model.layers.{}.router.scale", "blk.{}.ffn_gate_inp.scale"},
          {"model.layers.{}.router.per_expert_scale", "blk.{}.ffn_down_exps.scale"},
          {"model.layers.{}.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight"},
          {"model.layers.{}.experts.down_proj", "blk.{}.ffn_down_exps.weight"},
          {"model.layers.{}.post_feedforward_layernorm_1.weight", "blk.{}.post_ffw_norm_1.weight"},
          {"model.layers.{}.pre_feedforward_layernorm_2.weight", "blk.{}.pre_ffw_norm_2.weight"},
          {"model.layers.{}.post_feedforward_layernorm_2.weight", "blk.{}.post_ffw_norm_2.weight"}};
}

// Norms multiply by 1 + weight, but for that inside the linear attention.
Rules Qwen35Tensors() {
  return {
      {"model.embed_tokens.weight", "token_embd.weight"},
      {"model.norm.weight", "output_norm.weight", kAddOne},
      {"lm_head.weight", "output.weight"},
      {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight", kAddOne},
      {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight",
       kAddOne},
      {"model.layers.{}.linear_attn.in_proj_qkv.weight", "blk.{}.attn_qkv.weight", kDealHeadsOfQkv},
      {"model.layers.{}.linear_attn.conv1d.weight", "blk.{}.ssm_conv1d.weight", kDealHeadsOfQkv},
      {"model.layers.{}.linear_attn.in_proj_z.weight", "blk.{}.attn_gate.weight", kDealHeads},
      {"model.layers.{}.linear_attn.in_proj_a.weight", "blk.{}.ssm_alpha.weight", kDealHeads},
      {"model.layers.{}.linear_attn.in_proj_b.weight", "blk.{}.ssm_beta.weight", kDealHeads},
      {"model.layers.{}.linear_attn.dt_bias", "blk.{}.ssm_dt.bias", kDealHeads},
      {"model.layers.{}.linear_attn.A_log", "blk.{}.ssm_a", kDealHeadsOfDecay},
      {"model.layers.{}.linear_attn.norm.weight", "blk.{}.ssm_norm.weight"},
      {"model.layers.{}.linear_attn.out_proj.weight", "blk.{}.ssm_out.weight", kDealHeadsOfInput}};
}

Rules Phi3Tensors() {
  return {{"model.layers.{}.self_attn.qkv_proj.weight", "blk.{}.attn_qkv.weight"},
          {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight"},
          {"model.layers.{}.mlp.gate_up_proj.weight", "blk.{}.ffn_up.weight"},
          {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight"}};
}

Rules Gpt2Tensors() {
  return {{"wte.weight", "token_embd.weight"},
          {"wpe.weight", "position_embd.weight"},
          {"ln_f.weight", "output_norm.weight"},
          {"ln_f.bias", "output_norm.bias"},
          {"lm_head.weight", "output.weight"},
          {"h.{}.ln_1.weight", "blk.{}.attn_norm.weight"},
          {"h.{}.ln_1.bias", "blk.{}.attn_norm.bias"},
          {"h.{}.attn.c_attn.weight", "blk.{}.attn_qkv.weight", kTranspose},
          {"h.{}.attn.c_attn.bias", "blk.{}.attn_qkv.bias"},
          {"h.{}.attn.c_proj.weight", "blk.{}.attn_output.weight", kTranspose},
          {"h.{}.attn.c_proj.bias", "blk.{}.attn_output.bias"},
          {"h.{}.ln_2.weight", "blk.{}.ffn_norm.weight"},
          {"h.{}.ln_2.bias", "blk.{}.ffn_norm.bias"},
          {"h.{}.mlp.c_fc.weight", "blk.{}.ffn_up.weight", kTranspose},
          {"h.{}.mlp.c_fc.bias", "blk.{}.ffn_up.bias"},
          {"h.{}.mlp.c_proj.weight", "blk.{}.ffn_down.weight", kTranspose},
          {"h.{}.mlp.c_proj.bias", "blk.{}.ffn_down.bias"}};
}

Rules GptOssTensors() {
  return {{"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight"},
          {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight"},
          {"model.layers.{}.self_attn.sinks", "blk.{}.attn_sinks.weight"},
          {"model.layers.{}.mlp.router.weight", "blk.{}.ffn_gate_inp.weight"},
          {"model.layers.{}.mlp.router.bias", "blk.{}.ffn_gate_inp.bias"},
          {"model.layers.{}.mlp.experts.gate_up_proj_blocks", "blk.{}.ffn_gate_exps.weight",
           kMxfp4EvenRows},
          {"model.layers.{}.mlp.experts.gate_up_proj_blocks", "blk.{}.ffn_up_exps.weight",
           kMxfp4OddRows},
          {"model.layers.{}.mlp.experts.gate_up_proj_bias", "blk.{}.ffn_gate_exps.bias", kEvenRows},
          {"model.layers.{}.mlp.experts.gate_up_proj_bias", "blk.{}.ffn_up_exps.bias", kOddRows},
          {"model.layers.{}.mlp.experts.down_proj_blocks", "blk.{}.ffn_down_exps.weight", kMxfp4},
          {"model.layers.{}.mlp.experts.down_proj_bias", "blk.{}.ffn_down_exps.bias"}};
}

Rules Lfm2Tensors() {
  return {{"model.embed_tokens.weight", "token_embd.weight"},
          {"model.embedding_norm.weight", "token_embd_norm.weight"},
          {"lm_head.weight", "output.weight"},
          {"model.layers.{}.operator_norm.weight", "blk.{}.attn_norm.weight"},
          {"model.layers.{}.ffn_norm.weight", "blk.{}.ffn_norm.weight"},
          {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight"},
          {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight"},
          {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight"},
          {"model.layers.{}.self_attn.out_proj.weight", "blk.{}.attn_output.weight"},
          {"model.layers.{}.self_attn.q_layernorm.weight", "blk.{}.attn_q_norm.weight"},
          {"model.layers.{}.self_attn.k_layernorm.weight", "blk.{}.attn_k_norm.weight"},
          {"model.layers.{}.conv.conv.weight", "blk.{}.shortconv.conv.weight", kSqueeze},
          {"model.layers.{}.conv.in_proj.weight", "blk.{}.shortconv.in_proj.weight"},
          {"model.layers.{}.conv.out_proj.weight", "blk.{}.shortconv.out_proj.weight"},
          {"model.layers.{}.feed_forward.w1.weight", "blk.{}.ffn_gate.weight"},
          {"model.layers.{}.feed_forward.w2.weight", "blk.{}.ffn_down.weight"},
          {"model.layers.{}.feed_forward.w3.weight", "blk.{}.ffn_up.weight"}};
}

// DeepSeek's attention has names of its own; its experts are named as Qwen's.
Rules DeepSeekTensors() {
  return {{"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight"},
          {"model.layers.{}.self_attn.q_a_proj.weight", "blk.{}.attn_q_a.weight"},
          {"model.layers.{}.self_attn.q_a_layernorm.weight", "blk.{}.attn_q_a_norm.weight"},
          {"model.layers.{}.self_attn.q_b_proj.weight", "blk.{}.attn_q_b.weight"},
          {"model.layers.{}.self_attn.kv_a_proj_with_mqa.weight", "blk.{}.attn_kv_a_mqa.weight"},
          {"model.layers.{}.self_attn.kv_a_layernorm.weight", "blk.{}.attn_kv_a_norm.weight"},
          {"model.layers.{}.self_attn.kv_b_proj.weight", "blk.{}.attn_k_b.weight", kLatentKeys},
          {"model.layers.{}.self_attn.kv_b_proj.weight", "blk.{}.attn_v_b.weight", kLatentValues},
          {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight"},
          {"model.layers.{}.mlp.gate.e_score_correction_bias", "blk.{}.exp_probs_b.bias"},
          {"model.layers.{}.mlp.shared_experts.gate_proj.weight", "blk.{}.ffn_gate_shexp.weight"},
          {"model.layers.{}.mlp.shared_experts.up_proj.weight", "blk.{}.ffn_up_shexp.weight"},
          {"model.layers.{}.mlp.shared_experts.down_proj.weight", "blk.{}.ffn_down_shexp.weight"}};
}

// Encoders have the names of the first of them.
Rules BertTensors(TensorLayout positions) {
  Rules rules = {{"embeddings.word_embeddings.weight", "token_embd.weight"},
                 {"embeddings.position_embeddings.weight", "position_embd.weight", positions},
                 {"embeddings.token_type_embeddings.weight", "token_types.weight"}};
  static constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"embeddings.LayerNorm.weight", "token_embd_norm.weight"},
      {"embeddings.LayerNorm.bias", "token_embd_norm.bias"},
      {"encoder.layer.{}.attention.self.query.weight", "blk.{}.attn_q.weight"},
      {"encoder.layer.{}.attention.self.query.bias", "blk.{}.attn_q.bias"},
      {"encoder.layer.{}.attention.self.key.weight", "blk.{}.attn_k.weight"},
      {"encoder.layer.{}.attention.self.key.bias", "blk.{}.attn_k.bias"},
      {"encoder.layer.{}.attention.self.value.weight", "blk.{}.attn_v.weight"},
      {"encoder.layer.{}.attention.self.value.bias", "blk.{}.attn_v.bias"},
      {"encoder.layer.{}.attention.output.dense.weight", "blk.{}.attn_output.weight"},
      {"encoder.layer.{}.attention.output.dense.bias", "blk.{}.attn_output.bias"},
      {"encoder.layer.{}.attention.output.LayerNorm.weight", "blk.{}.attn_output_norm.weight"},
      {"encoder.layer.{}.attention.output.LayerNorm.bias", "blk.{}.attn_output_norm.bias"},
      {"encoder.layer.{}.intermediate.dense.weight", "blk.{}.ffn_up.weight"},
      {"encoder.layer.{}.intermediate.dense.bias", "blk.{}.ffn_up.bias"},
      {"encoder.layer.{}.output.dense.weight", "blk.{}.ffn_down.weight"},
      {"encoder.layer.{}.output.dense.bias", "blk.{}.ffn_down.bias"},
      {"encoder.layer.{}.output.LayerNorm.weight", "blk.{}.layer_output_norm.weight"},
      {"encoder.layer.{}.output.LayerNorm.bias", "blk.{}.layer_output_norm.bias"}};
  for (const auto& [name, gguf_name] : kParts) rules.push_back({name, gguf_name});
  return rules;
}

// A head that scores pairs; models that embed have a layer in its place that nothing uses.
Rules BertHead() {
  return {{"pooler.dense.weight", "cls.weight"},
          {"pooler.dense.bias", "cls.bias"},
          {"classifier.weight", "cls.output.weight"},
          {"classifier.bias", "cls.output.bias"}};
}
Rules RobertaHead() {
  return {{"classifier.dense.weight", "cls.weight"},
          {"classifier.dense.bias", "cls.bias"},
          {"classifier.out_proj.weight", "cls.output.weight"},
          {"classifier.out_proj.bias", "cls.output.bias"}};
}
Rules NoHead() { return {{"pooler.dense.weight", "", kDrop}, {"pooler.dense.bias", "", kDrop}}; }

const std::vector<KeyRule>& WindowKey() {
  static const std::vector<KeyRule> keys = {{"sliding_window", "attention.sliding_window"}};
  return keys;
}

std::vector<ModelFamily> MakeFamilies() {
  const Rules rotated = Attention(kInterleaveQ, kInterleaveK);
  const Rules llama = Join({Ends(), rotated, PreNorms(), FeedForward()});
  const Rules qwen3 = Join({Ends(), Attention(), QkNorms(), PreNorms()});
  const Rules post_norm = Join({Ends(), Attention(), QkNorms(), PostNorms(), FeedForward()});
  const Rules gemma = Join({GemmaNorms(kAddOne), Attention(), FeedForward()});
  return {
      {"llama", {"LlamaForCausalLM", "LLaMAForCausalLM", "LlamaModel"}, llama, {}},
      {"llama",
       {"MistralForCausalLM", "MixtralForCausalLM"},
       Join({llama, MixtralExperts()}),
       WindowKey()},
      {"qwen2",
       {"Qwen2ForCausalLM", "Qwen2Model"},
       Join({Ends(), Attention(), PreNorms(), FeedForward()}),
       {}},
      {"qwen3", {"Qwen3ForCausalLM", "Qwen3Model"}, Join({qwen3, FeedForward()}), {}},
      {"qwen3moe",
       {"Qwen3MoeForCausalLM"},
       Join({qwen3, FeedForward(), QwenExperts()}),
       {{"moe_intermediate_size", "expert_feed_forward_length"}}},
      {"qwen35",
       {"Qwen3_5ForCausalLM", "Qwen3_5ForConditionalGeneration"},
       Join({Qwen35Tensors(), Attention(), QkNorms(kAddOne), FeedForward()}),
       {{"linear_conv_kernel_dim", "ssm.conv_kernel"},
        {"linear_key_head_dim", "ssm.state_size"},
        {"linear_num_key_heads", "ssm.group_count"},
        {"linear_num_value_heads", "ssm.time_step_rank"}},
       AddQwen35Keys},
      {"gemma2",
       {"Gemma2ForCausalLM"},
       gemma,
       {{"sliding_window", "attention.sliding_window"},
        {"attn_logit_softcapping", "attn_logit_softcapping", kNumber},
        {"final_logit_softcapping", "final_logit_softcapping", kNumber}}},
      {"gemma3",
       {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
       Join({gemma, QkNorms(kAddOne)}),
       {{"sliding_window", "attention.sliding_window"},
        {"final_logit_softcapping", "final_logit_softcapping", kNumber}},
       AddGemma3Keys},
      {"gemma4",
       {"Gemma4ForCausalLM", "Gemma4ForConditionalGeneration",
        "Gemma4UnifiedForConditionalGeneration"},
       Join({GemmaNorms(kAsIs), Attention(), QkNorms(), FeedForward(), Gemma4Extras()}),
       {{"sliding_window", "attention.sliding_window"},
        {"final_logit_softcapping", "final_logit_softcapping", kNumber},
        {"top_k_experts", "expert_used_count"},
        {"moe_intermediate_size", "expert_feed_forward_length"}},
       AddGemma4Keys},
      {"phi3", {"Phi3ForCausalLM"}, Join({Ends(), PreNorms(), Phi3Tensors()}), {}, AddPhi3Keys},
      {"granite",
       {"GraniteForCausalLM"},
       llama,
       {{"attention_multiplier", "attention.scale", kNumber},
        {"embedding_multiplier", "embedding_scale", kNumber},
        {"residual_multiplier", "residual_scale", kNumber},
        {"logits_scaling", "logit_scale", kNumber}}},
      {"smollm3", {"SmolLM3ForCausalLM"}, llama, {}},
      {"olmo2", {"Olmo2ForCausalLM", "Olmo3ForCausalLM"}, post_norm, WindowKey(), AddOlmo2Keys},
      {"exaone4", {"Exaone4ForCausalLM"}, post_norm, WindowKey(), AddExaone4Keys},
      {"gpt2", {"GPT2LMHeadModel"}, Gpt2Tensors(), {}, AddGpt2Keys},
      {"gpt-oss",
       {"GptOssForCausalLM"},
       Join({Ends(), Attention(), GptOssTensors()}),
       WindowKey(),
       AddGptOssKeys},
      {"lfm2",
       {"Lfm2ForCausalLM"},
       Lfm2Tensors(),
       {{"conv_L_cache", "shortconv.l_cache"}},
       AddLfm2Keys},
      {"deepseek2",
       {"DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM"},
       Join({Ends(), PreNorms(), DeepSeekTensors(), FeedForward(), QwenExperts()}),
       {{"kv_lora_rank", "attention.kv_lora_rank"},
        {"q_lora_rank", "attention.q_lora_rank"},
        {"n_routed_experts", "expert_count"},
        {"n_group", "expert_group_count"},
        {"topk_group", "expert_group_used_count"},
        {"norm_topk_prob", "expert_weights_norm", kFlag},
        {"routed_scaling_factor", "expert_weights_scale", kNumber}},
       AddDeepSeekKeys},
      {"bert", {"BertModel"}, Join({BertTensors(kAsIs), NoHead()}), {}, AddBertKeys},
      {"bert",
       {"BertForSequenceClassification"},
       Join({BertTensors(kAsIs), BertHead()}),
       {},
       AddBertKeys},
      {"bert",
       {"XLMRobertaModel", "RobertaModel"},
       Join({BertTensors(kFromThirdRow), NoHead()}),
       {},
       AddRobertaKeys},
      {"bert",
       {"XLMRobertaForSequenceClassification", "RobertaForSequenceClassification"},
       Join({BertTensors(kFromThirdRow), RobertaHead()}),
       {},
       AddRobertaKeys},
  };
}

const std::vector<ModelFamily>& Families() {
  static const std::vector<ModelFamily> families = MakeFamilies();
  return families;
}

// The number at the beginning of the text, which is cut off; nullopt when there is none.
std::optional<int64_t> TakeNumber(std::string_view& text) {
  constexpr ptrdiff_t kMaxDigits = 6;
  int64_t number = 0;
  const char* const begin = text.data();
  const auto [end, error] = std::from_chars(begin, begin + text.size(), number);
  if (error != std::errc() || number < 0 || end - begin > kMaxDigits) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - begin));
  return number;
}

std::optional<TensorMatch> Match(const TensorRule& rule, std::string_view name) {
  TensorMatch match{&rule, 0, 0, std::string(rule.gguf_name)};
  std::string_view pattern = rule.name;
  while (!pattern.empty()) {
    const bool layer = pattern.starts_with("{}"), expert = pattern.starts_with("{e}");
    if (layer || expert) {
      const auto number = TakeNumber(name);
      if (!number) return std::nullopt;
      (layer ? match.layer : match.expert) = *number;
      pattern.remove_prefix(layer ? 2 : 3);
    } else {
      if (name.empty() || name.front() != pattern.front()) return std::nullopt;
      name.remove_prefix(1);
      pattern.remove_prefix(1);
    }
  }
  if (!name.empty()) return std::nullopt;
  const size_t hole = match.gguf_name.find("{}");
  if (hole != std::string::npos) match.gguf_name.replace(hole, 2, std::to_string(match.layer));
  return match;
}

}  // namespace

std::string UnwrappedTensorName(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> kWrappers[] = {
      {"model.language_model.", "model."},
      {"language_model.", ""},
      {"transformer.", ""},
      {"bert.", ""},
      {"roberta.", ""}};
  for (const auto& [wrapper, inner] : kWrappers) {
    if (name.starts_with(wrapper)) return std::string(inner) + name.substr(wrapper.size());
  }
  return name;
}

std::optional<TensorMatch> MatchTensorRule(std::string_view architecture, std::string_view name) {
  for (const ModelFamily& family : Families()) {
    if (family.architecture != architecture) continue;
    for (const TensorRule& rule : family.tensors) {
      if (auto match = Match(rule, name)) return match;
    }
  }
  return std::nullopt;
}

const ModelFamily* FindModelFamily(std::string_view class_name) {
  for (const ModelFamily& family : Families()) {
    for (const std::string_view name : family.class_names) {
      if (name == class_name) return &family;
    }
  }
  return nullptr;
}

std::string KnownModelClasses() {
  std::vector<std::string_view> names;
  for (const ModelFamily& family : Families()) {
    names.insert(names.end(), family.class_names.begin(), family.class_names.end());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace pioneer
