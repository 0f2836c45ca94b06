// Why: Qwen 3.5 and Gemma 4 have layers of two kinds, sizes by layer, and numbers that GGUF keeps
// in another order or form; a published folder must compute what the same model computes as GGUF.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "model/huggingface/folder.h"
#include "model/huggingface/folder_test_support.h"
#include "model/huggingface/import.h"
#include "model/huggingface/tensor_layout.h"
#include "model/random_presets.h"
#include "model/registry.h"

namespace pioneer {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// A small model of two key heads (of one number), six value heads (of two).
TensorPlan PlanOf(TensorLayout layout, const std::vector<float>& values,
                  std::vector<int64_t> shape) {
  TensorPlan plan;
  plan.name = "blk.0.some.weight";
  plan.layout = layout;
  plan.sources = {{"some", "F32", std::move(shape),
                   reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(float),
                   nullptr}};
  plan.n_heads = 6;
  plan.n_key_heads = 2;
  return plan;
}

std::vector<float> Rearranged(const TensorPlan& plan) {
  GgufWriter writer;
  AddPlannedTensor(plan, writer);
  const auto file = writer.Build("rearranged");
  return ValuesOf(file->tensors().at(0));
}

std::vector<float> CountTo(int n) {
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(static_cast<float>(i));
  return values;
}

// Published: value heads 0, 1, 2 share key head 0, and 3, 4, 5 share key head 1. In GGUF value head
// h shares key head h % 2, so the heads come as 0, 3, 1, 4, 2, 5.
TEST(DealtHeads, ComeInTheOrderOfLlamaCpp) {
  const std::vector<float> twelve = CountTo(12), sixteen = CountTo(16), six = CountTo(6);
  EXPECT_THAT(Rearranged(PlanOf(TensorLayout::kDealHeads, six, {6, 1})),
              ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(Rearranged(PlanOf(TensorLayout::kDealHeads, six, {6})),
              ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(Rearranged(PlanOf(TensorLayout::kDealHeads, twelve, {12, 1})),
              ElementsAre(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11));
  // One row of twelve columns, and two of six.
  EXPECT_THAT(Rearranged(PlanOf(TensorLayout::kDealHeadsOfInput, twelve, {1, 12})),
              ElementsAre(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11));
  EXPECT_THAT(Rearranged(PlanOf(TensorLayout::kDealHeadsOfInput, twelve, {2, 6})),
              ElementsAre(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11));
  // Two queries and two keys stay where they are.
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{16, 1}, std::vector<int64_t>{16, 1, 1}}) {
    TensorPlan qkv = PlanOf(TensorLayout::kDealHeadsOfQkv, sixteen, shape);
    qkv.key_rows = 4;
    EXPECT_THAT(Rearranged(qkv), ElementsAre(0, 1, 2, 3, 4, 5, 10, 11, 6, 7, 12, 13, 8, 9, 14, 15));
  }
  const std::vector<float> decays = Rearranged(PlanOf(TensorLayout::kDealHeadsOfDecay, six, {6}));
  EXPECT_THAT(decays, ElementsAreArray({-std::exp(0.0f), -std::exp(3.0f), -std::exp(1.0f),
                                        -std::exp(4.0f), -std::exp(2.0f), -std::exp(5.0f)}));
}

TEST(DealtHeads, RefuseShapesThatDoNotFit) {
  const std::vector<float> seven = CountTo(7);
  EXPECT_THROW(Rearranged(PlanOf(TensorLayout::kDealHeads, seven, {7, 1})), Error);
  EXPECT_THROW(Rearranged(PlanOf(TensorLayout::kDealHeads, seven, {})), Error);
  EXPECT_THROW(Rearranged(PlanOf(TensorLayout::kDealHeadsOfInput, seven, {1, 7})), Error);
  EXPECT_THROW(Rearranged(PlanOf(TensorLayout::kDealHeadsOfInput, seven, {7})), Error);
  TensorPlan plan = PlanOf(TensorLayout::kDealHeads, seven, {6, 1});
  plan.n_key_heads = 4;
  EXPECT_THROW(Rearranged(plan), Error);
  plan.n_key_heads = 0;
  EXPECT_THROW(Rearranged(plan), Error);
  plan = PlanOf(TensorLayout::kDealHeadsOfQkv, seven, {7, 1});
  plan.key_rows = 7;
  EXPECT_THROW(Rearranged(plan), Error);
}

using ChangeValues = std::function<void(const std::string& name, std::vector<float>& values)>;

// The model file with some numbers changed.
void RewriteGguf(const fs::path& path, const ChangeValues& change) {
  const auto file = GgufFile::Open(path);
  GgufWriter writer;
  for (const std::string& key : file->keys()) writer.CopyValue(*file, key);
  for (const Tensor& tensor : file->tensors()) {
    std::vector<float> values = ValuesOf(tensor);
    change(tensor.name, values);
    writer.AddTensor(Tensor{tensor.name, DType::kF32, tensor.shape, nullptr, {}},
                     [values = std::move(values)](const GgufSink& sink) {
                       sink(values.data(), values.size() * sizeof(float));
                     });
  }
  const fs::path changed = path.string() + ".changed";
  writer.Finish(changed);
  fs::rename(changed, path);
}

// A tensor's name without its layer, and the layer's beginning.
std::pair<std::string, std::string> SplitName(const std::string& name) {
  if (!name.starts_with("blk.")) return {"", name};
  const size_t dot = name.find('.', 4);
  return {"layers." + name.substr(4, dot - 3), name.substr(dot + 1)};
}

class HybridFolderTest : public ::testing::Test {
 protected:
  // Writes both forms; `publish` undoes what the reader does to a tensor's numbers.
  void Write(const RandomModelOptions& options, const std::map<std::string, std::string>& names,
             const ChangeValues& adjust_gguf,
             const std::function<Published(const Tensor&, const std::string& name)>& publish) {
    WriteRandomModel(gguf, options);
    RewriteGguf(gguf, adjust_gguf);
    const auto file = GgufFile::Open(gguf);
    std::vector<Published> tensors;
    for (const Tensor& tensor : file->tensors()) {
      if (tensor.name == "rope_freqs.weight") continue;
      const auto [layer, part] = SplitName(tensor.name);
      ASSERT_TRUE(names.contains(part)) << tensor.name;
      tensors.push_back(publish(tensor, "model.language_model." + layer + names.at(part)));
    }
    for (const char* name : {"model.visual.patch_embed.proj.bias", "model.embed_vision.x.weight",
                             "model.vision_tower.y.weight", "mtp.fc.weight"}) {
      tensors.push_back(PublishFloats(name, {1}, {1}));
    }
    fs::create_directories(model);
    WriteShards(model, tensors);
    WriteFileAtomically(model / "tokenizer.json", DumpJson(TokenizerJson(options.vocabulary)));
  }

  void WriteConfig(const std::string& class_name, const RandomModelOptions& options, Json text) {
    text.update(
        {{"hidden_size", options.d_model},
         {"intermediate_size", options.d_ff},
         {"max_position_embeddings", options.context_length},
         {"num_attention_heads", options.n_heads},
         {"num_key_value_heads", options.n_kv_heads},
         {"num_hidden_layers", options.n_layers},
         {"rms_norm_eps", GgufFile::Open(gguf)->Float(
                              options.architecture + ".attention.layer_norm_rms_epsilon", 0)},
         {"vocab_size", 300}});
    const Json config = {{"architectures", {class_name}},
                         {"tie_word_embeddings", true},
                         {"vision_config", {{"hidden_size", 8}}},
                         {"text_config", text}};
    WriteFileAtomically(model / "config.json", DumpJson(config));
  }

  void ExpectSameNumbers() {
    const std::vector<float> expected = FolderLogits(gguf);
    EXPECT_EQ(FolderLogits(model), expected);
    ThreadPool pool(1);
    ImportModel(model, folder / "imported.gguf", {}, pool);
    EXPECT_EQ(FolderLogits(folder / "imported.gguf"), expected);
  }

  std::string OpenError() const {
    try {
      OpenHuggingFaceFolder(model);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  TemporaryFolder folder;
  const fs::path gguf = folder / "tiny.gguf", model = folder / "tiny";
};

// Two key heads of 16 and six value heads of 16.
constexpr int kKeyHeads = 2, kValueHeads = 6, kHead = 16;

// A vector, or the rows behind `n_kept`, back in the order of publishing: head k * 3 + v of those
// that GGUF has as v * 2 + k.
std::vector<float> Gathered(const std::vector<float>& values, size_t n_kept) {
  std::vector<float> out(values.begin(), values.begin() + static_cast<long>(n_kept));
  const size_t head = (values.size() - n_kept) / kValueHeads;
  for (size_t k = 0; k < kKeyHeads; ++k) {
    for (size_t v = 0; v < kValueHeads / kKeyHeads; ++v) {
      const auto from = values.begin() + static_cast<long>(n_kept + (v * kKeyHeads + k) * head);
      out.insert(out.end(), from, from + static_cast<long>(head));
    }
  }
  return out;
}

// The logarithms of the decays, which rounding keeps from being those of any decays.
std::vector<float> Logarithms(std::vector<float> decays) {
  for (float& value : decays) value = std::log(-value);
  return decays;
}

Published PublishQwen35(const Tensor& tensor, const std::string& name) {
  std::vector<float> values = ValuesOf(tensor);
  std::vector<int64_t> shape = tensor.shape;
  const auto cols = static_cast<size_t>(tensor.cols());
  const auto ends = [&](const char* end) { return tensor.name.ends_with(end); };
  if (ends("norm.weight") && !ends("ssm_norm.weight")) {
    for (float& value : values) value -= 1;
  }
  if (ends("ssm_a")) values = Logarithms(values);
  if (ends("ssm_a") || ends("ssm_dt.bias") || ends("ssm_alpha.weight") || ends("ssm_beta.weight") ||
      ends("attn_gate.weight")) {
    values = Gathered(values, 0);
  }
  if (ends("attn_qkv.weight") || ends("conv1d.weight")) {
    values = Gathered(values, 2 * kKeyHeads * kHead * cols);
  }
  if (ends("conv1d.weight")) shape = {shape[0], 1, shape[1]};
  if (ends("ssm_out.weight")) {
    std::vector<float> all;
    for (auto row = values.begin(); row != values.end(); row += static_cast<long>(cols)) {
      const std::vector<float> one = Gathered({row, row + static_cast<long>(cols)}, 0);
      all.insert(all.end(), one.begin(), one.end());
    }
    values = all;
  }
  return PublishFloats(name, shape, values);
}

class Qwen35FolderTest : public HybridFolderTest {
 protected:
  void Make() {
    options = RandomPreset("qwen35");
    options.vocabulary = MakeByteVocabulary(300);
    options.keys.insert(options.keys.end(), {{"ssm.time_step_rank", uint64_t{kValueHeads}},
                                             {"ssm.inner_size", uint64_t{kValueHeads * kHead}}});
    const std::map<std::string, std::string> names = {
        {"token_embd.weight", "embed_tokens.weight"},
        {"output_norm.weight", "norm.weight"},
        {"attn_norm.weight", "input_layernorm.weight"},
        {"post_attention_norm.weight", "post_attention_layernorm.weight"},
        {"attn_q.weight", "self_attn.q_proj.weight"},
        {"attn_k.weight", "self_attn.k_proj.weight"},
        {"attn_v.weight", "self_attn.v_proj.weight"},
        {"attn_output.weight", "self_attn.o_proj.weight"},
        {"attn_q_norm.weight", "self_attn.q_norm.weight"},
        {"attn_k_norm.weight", "self_attn.k_norm.weight"},
        {"attn_qkv.weight", "linear_attn.in_proj_qkv.weight"},
        {"attn_gate.weight", "linear_attn.in_proj_z.weight"},
        {"ssm_conv1d.weight", "linear_attn.conv1d.weight"},
        {"ssm_dt.bias", "linear_attn.dt_bias"},
        {"ssm_a", "linear_attn.A_log"},
        {"ssm_alpha.weight", "linear_attn.in_proj_a.weight"},
        {"ssm_beta.weight", "linear_attn.in_proj_b.weight"},
        {"ssm_norm.weight", "linear_attn.norm.weight"},
        {"ssm_out.weight", "linear_attn.out_proj.weight"},
        {"ffn_gate.weight", "mlp.gate_proj.weight"},
        {"ffn_up.weight", "mlp.up_proj.weight"},
        {"ffn_down.weight", "mlp.down_proj.weight"}};
    const auto exact_decays = [](const std::string& name, std::vector<float>& values) {
      if (!name.ends_with("ssm_a")) return;
      values = Logarithms(values);
      for (float& value : values) value = -std::exp(value);
    };
    Write(options, names, exact_decays, PublishQwen35);
    WriteConfig("Qwen3_5ForConditionalGeneration", options, config);
  }

  RandomModelOptions options;
  Json config = {{"head_dim", 16},
                 {"linear_conv_kernel_dim", 4},
                 {"linear_key_head_dim", kHead},
                 {"linear_num_key_heads", kKeyHeads},
                 {"linear_num_value_heads", kValueHeads},
                 {"linear_value_head_dim", kHead},
                 {"layer_types",
                  {"linear_attention", "linear_attention", "full_attention", "linear_attention",
                   "linear_attention", "full_attention"}},
                 {"mtp_num_hidden_layers", 1},
                 {"rope_parameters",
                  {{"rope_type", "default"},
                   {"rope_theta", 10000.0},
                   {"partial_rotary_factor", 0.5},
                   {"mrope_section", {2, 1, 1}}}}};
};

TEST_F(Qwen35FolderTest, ComputesWhatTheGgufComputes) {
  Make();
  ExpectSameNumbers();
  EXPECT_THAT(*OpenHuggingFaceFolder(model)->Ints("qwen35.rope.dimension_sections"),
              ElementsAre(2, 1, 1, 0));
}

TEST_F(Qwen35FolderTest, ReadsTheIntervalAndRefusesUnevenOnes) {
  config.erase("layer_types");
  config["full_attention_interval"] = 3;
  Make();
  EXPECT_EQ(OpenHuggingFaceFolder(model)->Int("qwen35.full_attention_interval"), 3);
  config["layer_types"] = {"linear_attention", "full_attention",   "linear_attention",
                           "linear_attention", "linear_attention", "full_attention"};
  WriteConfig("Qwen3_5ForCausalLM", options, config);
  EXPECT_THAT(OpenError(), HasSubstr("uneven"));
}

class Gemma4FolderTest : public HybridFolderTest {
 protected:
  // A quarter of the pairs of wide heads turns.
  static void SetFrequencies(const std::string& name, std::vector<float>& values) {
    if (name != "rope_freqs.weight") return;
    std::fill(values.begin(), values.end(), 1e30f);
    std::fill_n(values.begin(), values.size() / 4, 1.0f);
  }

  void Make(const RandomModelOptions& options, Json config) {
    const std::map<std::string, std::string> names = {
        {"token_embd.weight", "embed_tokens.weight"},
        {"output_norm.weight", "norm.weight"},
        {"per_layer_token_embd.weight", "embed_tokens_per_layer.weight"},
        {"per_layer_model_proj.weight", "per_layer_model_projection.weight"},
        {"per_layer_proj_norm.weight", "per_layer_projection_norm.weight"},
        {"attn_norm.weight", "input_layernorm.weight"},
        {"post_attention_norm.weight", "post_attention_layernorm.weight"},
        {"ffn_norm.weight", "pre_feedforward_layernorm.weight"},
        {"post_ffw_norm.weight", "post_feedforward_layernorm.weight"},
        {"post_ffw_norm_1.weight", "post_feedforward_layernorm_1.weight"},
        {"pre_ffw_norm_2.weight", "pre_feedforward_layernorm_2.weight"},
        {"post_ffw_norm_2.weight", "post_feedforward_layernorm_2.weight"},
        {"attn_q.weight", "self_attn.q_proj.weight"},
        {"attn_k.weight", "self_attn.k_proj.weight"},
        {"attn_v.weight", "self_attn.v_proj.weight"},
        {"attn_output.weight", "self_attn.o_proj.weight"},
        {"attn_q_norm.weight", "self_attn.q_norm.weight"},
        {"attn_k_norm.weight", "self_attn.k_norm.weight"},
        {"ffn_gate.weight", "mlp.gate_proj.weight"},
        {"ffn_up.weight", "mlp.up_proj.weight"},
        {"ffn_down.weight", "mlp.down_proj.weight"},
        {"ffn_gate_inp.weight", "router.proj.weight"},
        {"ffn_gate_inp.scale", "router.scale"},
        {"ffn_gate_up_exps.weight", "experts.gate_up_proj"},
        {"ffn_down_exps.weight", "experts.down_proj"},
        {"ffn_down_exps.scale", "router.per_expert_scale"},
        {"inp_gate.weight", "per_layer_input_gate.weight"},
        {"proj.weight", "per_layer_projection.weight"},
        {"post_norm.weight", "post_per_layer_input_norm.weight"},
        {"layer_output_scale.weight", "layer_scalar"}};
    Write(options, names, SetFrequencies, [](const Tensor& tensor, const std::string& name) {
      return PublishFloats(name, tensor.shape, ValuesOf(tensor));
    });
    config.update({{"head_dim", 16},
                   {"sliding_window", 24},
                   {"final_logit_softcapping", 30.0},
                   {"rope_parameters",
                    {{"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1000.0}}},
                     {"full_attention",
                      {{"rope_type", "proportional"},
                       {"rope_theta", 10000.0},
                       {"partial_rotary_factor", 0.25}}}}}});
    WriteConfig("Gemma4ForConditionalGeneration", options, config);
  }
};

// As the small ones: inputs by layer, late layers that share keys and are twice as wide.
TEST_F(Gemma4FolderTest, ComputesWhatTheGgufComputes) {
  RandomModelOptions options = RandomPreset("gemma4");
  options.vocabulary = MakeByteVocabulary(300);
  options.keys.push_back(
      {"feed_forward_length", std::vector<int64_t>{128, 128, 128, 128, 128, 256, 256}});
  Make(options, {{"global_head_dim", 32},
                 {"num_global_key_value_heads", nullptr},
                 {"attention_k_eq_v", false},
                 {"num_kv_shared_layers", 2},
                 {"use_double_wide_mlp", true},
                 {"hidden_size_per_layer_input", 32},
                 {"layer_types",
                  {"sliding_attention", "sliding_attention", "full_attention", "sliding_attention",
                   "full_attention", "sliding_attention", "full_attention"}}});
  ExpectSameNumbers();
}

// As the large ones: experts, and wide heads whose values are their keys. Twice: with sizes under
// names of their own and, as newer files have them, by layer.
TEST_F(Gemma4FolderTest, ComputesWhatTheGgufOfExpertsComputes) {
  RandomModelOptions options = RandomPreset("gemma4");
  options.vocabulary = MakeByteVocabulary(300);
  options.n_layers = 3;
  options.keys.insert(options.keys.end(),
                      {{"expert_count", uint64_t{4}},
                       {"expert_used_count", uint64_t{2}},
                       {"expert_feed_forward_length", uint64_t{64}},
                       {"attention.sliding_window_pattern", std::vector<bool>{true, true, false}},
                       {"attention.head_count_kv", std::vector<int64_t>{2, 2, 1}},
                       {"attention.shared_kv_layers", uint64_t{0}},
                       {"embedding_length_per_layer_input", uint64_t{0}}});
  options.optional_tensors = {"0.attn_v.weight", "1.attn_v.weight", "ffn_gate_inp.weight",
                              "ffn_gate_up_exps.weight", "ffn_down_exps.scale"};
  Json config = {{"global_head_dim", 32},
                 {"num_global_key_value_heads", 1},
                 {"attention_k_eq_v", true},
                 {"enable_moe_block", true},
                 {"num_experts", 4},
                 {"top_k_experts", 2},
                 {"moe_intermediate_size", 64},
                 {"layer_types", {"sliding_attention", "sliding_attention", "full_attention"}}};
  Make(options, config);
  ExpectSameNumbers();
  config.erase("global_head_dim");
  config.erase("num_global_key_value_heads");
  config["per_layer_config"] = {{"2", {{"head_dim", 32}, {"num_key_value_heads", 1}}}};
  Make(options, config);
  ExpectSameNumbers();
}

}  // namespace
}  // namespace pioneer
