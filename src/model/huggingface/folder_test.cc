// Why: a published folder must compute what the same model computes as GGUF.
#include "model/huggingface/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "model/huggingface/config.h"
#include "model/huggingface/folder_test_support.h"
#include "model/huggingface/import.h"
#include "model/random_presets.h"
#include "model/registry.h"
#include "model/vocabulary.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

constexpr int kLayers = 2, kWidth = 64, kHeads = 4, kKvHeads = 2, kHeadDim = 16;

// Row (i, half) of each head becomes row (half, i): what the folder's reader undoes.
std::string HalvesOfHeads(const Tensor& tensor, int64_t n_heads) {
  const int64_t rows = tensor.shape[0], half = rows / n_heads / 2;
  const size_t row_bytes = tensor.bytes() / static_cast<size_t>(rows);
  std::string bytes(tensor.bytes(), '\0');
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t inside = row % (2 * half);
    const int64_t to = row - inside + inside % 2 * half + inside / 2;
    std::memcpy(bytes.data() + static_cast<size_t>(to) * row_bytes,
                tensor.data + static_cast<size_t>(row) * row_bytes, row_bytes);
  }
  return bytes;
}

std::string PublishedName(std::string name) {
  static const Renames kNames = {{"token_embd", "model.embed_tokens"},
                                 {"output_norm", "model.norm"},
                                 {"attn_output", "self_attn.o_proj"},
                                 {"attn_q_norm", "self_attn.q_norm"},
                                 {"attn_k_norm", "self_attn.k_norm"},
                                 {"attn_norm", "input_layernorm"},
                                 {"ffn_norm", "post_attention_layernorm"},
                                 {"attn_q.", "self_attn.q_proj."},
                                 {"attn_k.", "self_attn.k_proj."},
                                 {"attn_v.", "self_attn.v_proj."},
                                 {"ffn_gate", "mlp.gate_proj"},
                                 {"ffn_up", "mlp.up_proj"},
                                 {"ffn_down", "mlp.down_proj"},
                                 {"blk.", "model.layers."}};
  return Renamed(std::move(name), kNames);
}

Published Publish(const Tensor& tensor, bool interleaved) {
  Published out{PublishedName(tensor.name), std::string(InfoOf(tensor.dtype).name), tensor.shape,
                std::string(reinterpret_cast<const char*>(tensor.data), tensor.bytes())};
  if (interleaved && tensor.name.find("attn_q.") != std::string::npos) {
    out.bytes = HalvesOfHeads(tensor, kHeads);
  }
  if (interleaved && tensor.name.find("attn_k.") != std::string::npos) {
    out.bytes = HalvesOfHeads(tensor, kKvHeads);
  }
  return out;
}

// A tiny random model as GGUF and the same as a folder.
class FolderTest : public ::testing::Test {
 protected:
  void Make(const std::string& architecture, const std::string& class_name, DType dtype) {
    RandomModelOptions options;
    options.architecture = architecture;
    options.vocabulary = MakeByteVocabulary(300);
    options.n_layers = kLayers;
    options.d_model = kWidth;
    options.n_heads = kHeads;
    options.n_kv_heads = kKvHeads;
    options.head_dim = kHeadDim;
    options.d_ff = 96;
    options.dtype = dtype;
    WriteRandomModel(gguf, options);
    fs::create_directories(model);
    const auto file = GgufFile::Open(gguf);
    std::vector<Published> tensors;
    for (const Tensor& tensor : file->tensors()) {
      tensors.push_back(Publish(tensor, architecture == "llama"));
    }
    WriteShards(model, tensors);
    config = {{"architectures", {class_name}},
              {"hidden_size", kWidth},
              {"intermediate_size", 96},
              {"max_position_embeddings", options.context_length},
              {"num_attention_heads", kHeads},
              {"num_hidden_layers", kLayers},
              {"num_key_value_heads", kKvHeads},
              {"head_dim", kHeadDim},
              {"rms_norm_eps", file->Float(architecture + ".attention.layer_norm_rms_epsilon", 0)},
              {"rope_theta", options.rope_base},
              {"tie_word_embeddings", true},
              {"vocab_size", 300}};
    WriteConfig();
    WriteFileAtomically(model / "tokenizer.json", DumpJson(TokenizerJson(options.vocabulary)));
    WriteFileAtomically(model / "tokenizer_config.json",
                        R"({"bos_token":"<|bos|>","eos_token":"<|eos|>","add_bos_token":true,)"
                        R"("chat_template":"{{ messages[0].content }}"})");
  }

  void WriteConfig() { WriteFileAtomically(model / "config.json", DumpJson(config)); }

  std::string OpenError(ErrorCode code) const {
    try {
      OpenHuggingFaceFolder(model);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  TemporaryFolder folder;
  const fs::path gguf = folder / "tiny.gguf", model = folder / "tiny";
  Json config;
};

TEST_F(FolderTest, ComputesWhatTheGgufComputes) {
  for (const auto& [architecture, class_name] :
       std::vector<std::pair<std::string, std::string>>{{"llama", "LlamaForCausalLM"},
                                                        {"qwen2", "Qwen2ForCausalLM"},
                                                        {"qwen3", "Qwen3ForCausalLM"}}) {
    for (const DType dtype : {DType::kF32, DType::kBF16}) {
      SCOPED_TRACE(class_name);
      Make(architecture, class_name, dtype);
      const std::vector<float> expected = FolderLogits(gguf);
      EXPECT_EQ(FolderLogits(model), expected);
      ThreadPool pool(1);
      ImportModel(model, folder / "imported.gguf", {}, pool);
      EXPECT_EQ(FolderLogits(folder / "imported.gguf"), expected);
    }
  }
}

// DeepSeek's compressed keys and values are one matrix there, and its experts one tensor each.
class DeepSeekFolderTest : public FolderTest {
 protected:
  static std::string Name(std::string name) {
    static const Renames kNames = {{"token_embd", "model.embed_tokens"},
                                   {"output_norm", "model.norm"},
                                   {"attn_output", "self_attn.o_proj"},
                                   {"attn_q_a_norm", "self_attn.q_a_layernorm"},
                                   {"attn_q_a.", "self_attn.q_a_proj."},
                                   {"attn_q_b.", "self_attn.q_b_proj."},
                                   {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
                                   {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
                                   {"attn_norm", "input_layernorm"},
                                   {"ffn_norm", "post_attention_layernorm"},
                                   {"ffn_gate_inp", "mlp.gate"},
                                   {"exp_probs_b.bias", "mlp.gate.e_score_correction_bias"},
                                   {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
                                   {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
                                   {"ffn_down_shexp", "mlp.shared_experts.down_proj"},
                                   {"ffn_gate.", "mlp.gate_proj."},
                                   {"ffn_up.", "mlp.up_proj."},
                                   {"ffn_down.", "mlp.down_proj."},
                                   {"blk.", "model.layers."}};
    return Renamed(std::move(name), kNames);
  }

  // k_b [h, c, d] and v_b [h, v, c] as rows of keys and values [h (d + v), c].
  static Published Joined(const std::string& name, const Tensor& k, const Tensor& v) {
    const int64_t heads = k.shape[0], c = k.shape[1], d = k.shape[2], n_values = v.shape[1];
    const std::vector<float> keys = ValuesOf(k), values = ValuesOf(v);
    std::vector<float> joined;
    for (int64_t head = 0; head < heads; ++head) {
      for (int64_t row = 0; row < d; ++row) {
        for (int64_t i = 0; i < c; ++i) joined.push_back(keys[(head * c + i) * d + row]);
      }
      const auto first = values.begin() + head * n_values * c;
      joined.insert(joined.end(), first, first + n_values * c);
    }
    return PublishFloats(name, {heads * (d + n_values), c}, joined);
  }

  static void AddExperts(const Tensor& tensor, std::vector<Published>& out) {
    const std::string layer = tensor.name.substr(0, tensor.name.find("ffn_"));
    const std::string kind = tensor.name.substr(layer.size() + 4);  // "gate_exps.weight"
    const std::vector<float> all = ValuesOf(tensor);
    const int64_t size = tensor.shape[1] * tensor.shape[2];
    for (int64_t e = 0; e < tensor.shape[0]; ++e) {
      out.push_back(PublishFloats(fmt::format("{}mlp.experts.{}.{}_proj.weight", Name(layer), e,
                                              kind.substr(0, kind.find('_'))),
                                  {tensor.shape[1], tensor.shape[2]},
                                  {all.begin() + e * size, all.begin() + (e + 1) * size}));
    }
  }
};

TEST_F(DeepSeekFolderTest, ComputesWhatTheGgufComputes) {
  RandomModelOptions options = RandomPreset("deepseek2");
  options.vocabulary = MakeByteVocabulary(300);
  WriteRandomModel(gguf, options);
  const auto file = GgufFile::Open(gguf);
  std::vector<Published> tensors;
  for (const Tensor& tensor : file->tensors()) {
    if (tensor.name.ends_with("attn_v_b.weight")) continue;
    if (tensor.name.ends_with("attn_k_b.weight")) {
      std::string v = tensor.name;
      v.replace(v.find("k_b"), 3, "v_b");
      const std::string layer = Name(tensor.name.substr(0, tensor.name.find("attn_")));
      tensors.push_back(Joined(layer + "self_attn.kv_b_proj.weight", tensor, *file->FindTensor(v)));
    } else if (tensor.name.find("_exps.") != std::string::npos) {
      AddExperts(tensor, tensors);
    } else {
      tensors.push_back(PublishFloats(Name(tensor.name), tensor.shape, ValuesOf(tensor)));
    }
  }
  // A layer that guesses ahead is left out.
  tensors.push_back(
      PublishFloats(fmt::format("model.layers.{}.eh_proj.weight", options.n_layers), {1}, {1}));
  fs::create_directories(model);
  WriteShards(model, tensors);
  config = {{"architectures", {"DeepseekV3ForCausalLM"}},
            {"hidden_size", options.d_model},
            {"intermediate_size", options.d_ff},
            {"moe_intermediate_size", file->Int("deepseek2.expert_feed_forward_length")},
            {"max_position_embeddings", options.context_length},
            {"num_attention_heads", options.n_heads},
            {"num_key_value_heads", options.n_heads},
            {"num_hidden_layers", options.n_layers},
            {"num_nextn_predict_layers", 1},
            {"rms_norm_eps", file->Float("deepseek2.attention.layer_norm_rms_epsilon", 0)},
            {"rope_theta", options.rope_base},
            {"q_lora_rank", 32},
            {"kv_lora_rank", 32},
            {"qk_nope_head_dim", 32},
            {"qk_rope_head_dim", 16},
            {"v_head_dim", 32},
            {"n_routed_experts", file->Int("deepseek2.expert_count")},
            {"num_experts_per_tok", file->Int("deepseek2.expert_used_count")},
            {"n_shared_experts", 1},
            {"first_k_dense_replace", 1},
            {"scoring_func", "sigmoid"},
            {"norm_topk_prob", true},
            {"routed_scaling_factor", 1.5},
            {"tie_word_embeddings", true},
            {"vocab_size", 300}};
  WriteConfig();
  WriteFileAtomically(model / "tokenizer.json", DumpJson(TokenizerJson(options.vocabulary)));
  EXPECT_EQ(FolderLogits(model), FolderLogits(gguf));
}

// Encoders: BERT, and RoBERTa, whose table of positions begins two rows later.
class EncoderFolderTest : public FolderTest {
 protected:
  static std::string EncoderName(std::string name, bool roberta) {
    static const Renames kNames = {{"token_embd_norm", "embeddings.LayerNorm"},
                                   {"token_embd", "embeddings.word_embeddings"},
                                   {"position_embd", "embeddings.position_embeddings"},
                                   {"token_types", "embeddings.token_type_embeddings"},
                                   {"attn_output_norm", "attention.output.LayerNorm"},
                                   {"attn_output", "attention.output.dense"},
                                   {"attn_q", "attention.self.query"},
                                   {"attn_k", "attention.self.key"},
                                   {"attn_v", "attention.self.value"},
                                   {"ffn_up", "intermediate.dense"},
                                   {"ffn_down", "output.dense"},
                                   {"layer_output_norm", "output.LayerNorm"},
                                   {"blk.", "encoder.layer."}};
    if (name.starts_with("cls.output")) {
      return (roberta ? "classifier.out_proj" : "classifier") + name.substr(10);
    }
    if (name.starts_with("cls"))
      return (roberta ? "classifier.dense" : "pooler.dense") + name.substr(3);
    return (roberta ? "roberta." : "bert.") + Renamed(std::move(name), kNames);
  }

  void MakeEncoder(const std::string& class_name, bool roberta, bool ranks) {
    RandomModelOptions options;
    options.architecture = "bert";
    options.vocabulary = MakeByteVocabulary(300);
    options.n_heads = options.n_kv_heads = kHeads;
    options.keys = {{"pooling_type", static_cast<uint64_t>(ranks ? Pooling::kRank : Pooling::kCls)},
                    {"attention.layer_norm_epsilon", 1e-12},
                    {"attention.causal", false},
                    {"tokenizer.ggml.token_type_count", uint64_t{2}}};
    options.optional_tensors = {"token_types.weight", "norm.bias",    "attn_q.bias",
                                "attn_k.bias",        "attn_v.bias",  "attn_output.bias",
                                "ffn_up.bias",        "ffn_down.bias"};
    if (ranks) {
      options.optional_tensors.insert(
          options.optional_tensors.end(),
          {"cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias"});
    }
    WriteRandomModel(gguf, options);
    const auto file = GgufFile::Open(gguf);
    std::vector<Published> tensors;
    for (const Tensor& tensor : file->tensors()) {
      Published out{EncoderName(tensor.name, roberta), "F32", tensor.shape,
                    std::string(reinterpret_cast<const char*>(tensor.data), tensor.bytes())};
      if (roberta && tensor.name == "position_embd.weight") {
        out.shape[0] += 2;
        out.bytes.insert(0, 2 * sizeof(float) * static_cast<size_t>(out.shape[1]), '\1');
      }
      tensors.push_back(std::move(out));
    }
    if (!ranks) tensors.push_back({"bert.pooler.dense.bias", "F32", {1}, std::string(4, '\0')});
    fs::create_directories(model / "1_Pooling");
    WriteShards(model, tensors);
    config = {{"architectures", {class_name}},
              {"hidden_size", options.d_model},
              {"intermediate_size", options.d_ff},
              {"max_position_embeddings", options.context_length + (roberta ? 2 : 0)},
              {"num_attention_heads", kHeads},
              {"num_hidden_layers", kLayers},
              {"layer_norm_eps", 1e-12},
              {"hidden_act", "gelu"},
              {"type_vocab_size", 2},
              {"vocab_size", 300}};
    WriteConfig();
    WriteFileAtomically(
        model / "modules.json",
        R"([{"idx":0,"path":"","type":"sentence_transformers.models.Transformer"},)"
        R"({"idx":1,"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}])");
    WriteFileAtomically(model / "1_Pooling" / "config.json",
                        R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false})");
    if (ranks) fs::remove(model / "modules.json");
    WriteFileAtomically(model / "tokenizer.json", DumpJson(TokenizerJson(options.vocabulary)));
  }

  static std::vector<float> Vector(const fs::path& path) {
    const auto encoder = LoadModel(path);
    ThreadPool threads(1);
    StepBatch batch;
    batch.tokens = {5, 70, 12, 101, 33, 8, 260, 44};
    for (int i = 0; i < 8; ++i) batch.positions.push_back(i);
    batch.sequences.push_back({nullptr, 0, 8, 0});
    Matrix out;
    encoder->EmbedTexts(threads, batch, out);
    return {out.row(0), out.row(0) + out.cols()};
  }
};

TEST_F(EncoderFolderTest, ComputesWhatTheGgufComputes) {
  struct {
    const char* class_name;
    bool roberta, ranks;
  } const kCases[] = {{"BertModel", false, false},
                      {"BertForSequenceClassification", false, true},
                      {"XLMRobertaModel", true, false},
                      {"XLMRobertaForSequenceClassification", true, true}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.class_name);
    MakeEncoder(c.class_name, c.roberta, c.ranks);
    EXPECT_EQ(Vector(model), Vector(gguf));
  }
}

TEST_F(EncoderFolderTest, RefusesWhatItWouldComputeWrongly) {
  MakeEncoder("BertModel", false, false);
  WriteFileAtomically(model / "1_Pooling" / "config.json", R"({"pooling_mode_max_tokens":true})");
  EXPECT_THAT(OpenError(ErrorCode::kUnsupported), HasSubstr("pooled in a way"));
  config["hidden_act"] = "relu";
  WriteConfig();
  EXPECT_THAT(OpenError(ErrorCode::kUnsupported), HasSubstr("\"relu\""));
}

TEST_F(FolderTest, KeepsTheVocabularyAndTheTemplate) {
  Make("llama", "LlamaForCausalLM", DType::kF16);
  const auto opened = OpenModelFile(model);
  const Vocabulary found = LoadVocabulary(*opened),
                   expected = LoadVocabulary(*GgufFile::Open(gguf));
  EXPECT_EQ(found.tokens, expected.tokens);
  EXPECT_EQ(found.types, expected.types);
  EXPECT_EQ(found.merges, expected.merges);
  EXPECT_EQ(found.bos_id, expected.bos_id);
  EXPECT_EQ(found.eos_id, expected.eos_id);
  EXPECT_TRUE(found.add_bos);
  EXPECT_EQ(opened->String("tokenizer.chat_template"), "{{ messages[0].content }}");
  EXPECT_EQ(opened->String("general.name"), "tiny");
  const ModelSummary summary = ReadModelSummary(model);
  EXPECT_EQ(summary.config.n_layers, kLayers);
  EXPECT_EQ(summary.config.quantization, "F16");
}

TEST_F(FolderTest, ImportsIntoASmallerType) {
  Make("llama", "LlamaForCausalLM", DType::kF32);
  ThreadPool pool(1);
  uint64_t last = 0;
  ImportModel(model, folder / "small.gguf", FindQuantizePreset("Q8_0"), pool,
              [&](const ImportProgress& progress) { last = progress.bytes_done; });
  EXPECT_GT(last, 0u);
  EXPECT_EQ(ReadModelSummary(folder / "small.gguf").config.quantization, "Q8_0");
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_THROW(ImportModel(model, folder / "none.gguf", {}, pool, {}, cancel), Error);
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_THAT(entry.path().filename().string(),
                ::testing::AnyOf("tiny", "tiny.gguf", "small.gguf"));
  }
}

TEST_F(FolderTest, PadsTheVocabularyToTheEmbedding) {
  Make("llama", "LlamaForCausalLM", DType::kF32);
  Json tokenizer = ReadModelJson(model / "tokenizer.json");
  tokenizer["added_tokens"].erase(1);  // <|eos|>, the last
  WriteFileAtomically(model / "tokenizer.json", DumpJson(tokenizer));
  WriteFileAtomically(model / "tokenizer_config.json", R"({"bos_token":"<|bos|>"})");
  const Vocabulary vocabulary = LoadVocabulary(*OpenModelFile(model));
  ASSERT_EQ(vocabulary.tokens.size(), 300u);
  EXPECT_EQ(vocabulary.tokens[299], "[PAD299]");
  EXPECT_EQ(vocabulary.types[299], TokenType::kUnused);
}

TEST_F(FolderTest, RefusesWhatItWouldComputeWrongly) {
  Make("llama", "OddForCausalLM", DType::kF32);
  EXPECT_THAT(OpenError(ErrorCode::kUnsupported), HasSubstr("LlamaForCausalLM"));
  config["architectures"] = {"LlamaForCausalLM"};
  config["quantization_config"] = {{"quant_method", "gptq"}};
  WriteConfig();
  EXPECT_THAT(OpenError(ErrorCode::kUnsupported), HasSubstr("gptq"));
  config.erase("quantization_config");
  config["rope_scaling"] = {{"rope_type", "strange"}};
  WriteConfig();
  EXPECT_THAT(OpenError(ErrorCode::kUnsupported), HasSubstr("strange"));
  config.erase("rope_scaling");
  config["num_hidden_layers"] = 1;
  WriteConfig();
  EXPECT_THAT(OpenError(ErrorCode::kUnsupported), HasSubstr("model.layers.1."));
  config["num_hidden_layers"] = -1;
  WriteConfig();
  EXPECT_THAT(OpenError(ErrorCode::kCorruptFile), HasSubstr("num_hidden_layers"));
  config["num_hidden_layers"] = kLayers;
  config["num_key_value_heads"] = 3;
  WriteConfig();
  EXPECT_THAT(OpenError(ErrorCode::kCorruptFile), HasSubstr("whole number of heads"));
}

TEST(HuggingFaceConfig, FindsTheRotationWhereItIs) {
  const auto theta = [](const Json& json) {
    return HuggingFaceConfig(json, "test").Rope().Number("rope_theta").value_or(0);
  };
  EXPECT_EQ(theta({{"rope_theta", 5}}), 5);
  EXPECT_EQ(theta({{"rope_parameters", {{"rope_theta", 6}}}}), 6);
  EXPECT_EQ(theta({{"rope_parameters", {{"full_attention", {{"rope_theta", 7}}}}}}), 7);
  const HuggingFaceConfig nested(
      {{"hidden_size", 1}, {"text_config", {{"hidden_size", 2}, {"head_dim", nullptr}}}}, "test");
  EXPECT_EQ(nested.RequiredCount({"hidden_size"}), 2);
  EXPECT_FALSE(nested.Has("head_dim"));
}

}  // namespace
}  // namespace pioneer
