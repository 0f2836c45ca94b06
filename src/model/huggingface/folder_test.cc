// Why: a published folder must compute what the same model computes as GGUF.
#include "model/huggingface/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "model/huggingface/config.h"
#include "model/huggingface/import.h"
#include "model/registry.h"
#include "model/test_files.h"
#include "model/test_models.h"
#include "model/vocabulary.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

constexpr int kLayers = 2, kWidth = 64, kHeads = 4, kKvHeads = 2, kHeadDim = 16;

struct Published {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};

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
  static const std::pair<std::string, std::string> kNames[] = {
      {"token_embd", "model.embed_tokens"},
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
  for (const auto& [from, to] : kNames) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  return name;
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

void WriteSafetensors(const fs::path& path, const std::vector<Published>& tensors) {
  Json header = Json::object();
  std::string data;
  for (const Published& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  const std::string text = DumpJson(header);
  const uint64_t n = text.size();
  WriteFileAtomically(path, std::string(reinterpret_cast<const char*>(&n), sizeof n) + text + data);
}

Json TokenizerJson(const Vocabulary& vocabulary) {
  Json tokens = Json::object(), added = Json::array();
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string& token = vocabulary.tokens[id];
    if (vocabulary.types[id] == TokenType::kControl) {
      added.push_back({{"id", id}, {"content", token}, {"special", true}, {"normalized", false}});
    } else {
      tokens[token] = id;
    }
  }
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model", {{"type", "BPE"}, {"vocab", tokens}, {"merges", vocabulary.merges}}}};
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
    WriteShards(tensors);
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

  void WriteShards(const std::vector<Published>& tensors) {
    const auto middle = tensors.begin() + static_cast<long>(tensors.size() / 2);
    WriteSafetensors(model / "model-00001-of-00002.safetensors", {tensors.begin(), middle});
    WriteSafetensors(model / "model-00002-of-00002.safetensors", {middle, tensors.end()});
    Json index = Json::object();
    for (auto tensor = tensors.begin(); tensor != tensors.end(); ++tensor) {
      index[tensor->name] =
          tensor < middle ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
    }
    WriteFileAtomically(model / "model.safetensors.index.json",
                        DumpJson(Json{{"weight_map", index}}));
  }

  // The logits after each token of a text.
  static std::vector<float> Logits(const fs::path& path) {
    ModelRunner runner(path);
    KvSequence kv(runner.pages());
    const Matrix& logits = runner.Step({{&kv, 0, {5, 70, 12, 101, 33, 8, 260, 44}, true}});
    return {logits.data(), logits.data() + logits.rows() * logits.cols()};
  }

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
      const std::vector<float> expected = Logits(gguf);
      EXPECT_EQ(Logits(model), expected);
      ThreadPool pool(1);
      ImportModel(model, folder / "imported.gguf", {}, pool);
      EXPECT_EQ(Logits(folder / "imported.gguf"), expected);
    }
  }
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
