// Embeddings and scores of small random models against what llama.cpp gives for the same files
// (bench/peers/embeddings.mjs, tests/cases/architectures/embeddings.json). To make them again:
//   PIONEER_WRITE_MODELS=DIR build/model_test --gtest_filter=EmbeddingGoldenTest.*
//   node bench/peers/embeddings.mjs DIR tests/cases/architectures/embeddings.json
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "model/test_files.h"
#include "model/test_models.h"
#include "model/vocabulary.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

const std::vector<std::string> kAttentionBiases = {"attn_q.bias", "attn_k.bias", "attn_v.bias",
                                                   "attn_output.bias"};

RandomModelOptions Tiny(const std::string& architecture) {
  RandomModelOptions options;
  options.architecture = architecture;
  options.n_layers = 3;
  options.n_heads = options.n_kv_heads = 4;
  options.vocabulary = MakeByteVocabulary(320);
  options.vocabulary.add_bos = false;
  return options;
}

RandomModelOptions Encoder(const std::string& architecture, Pooling pooling) {
  RandomModelOptions options = Tiny(architecture);
  options.d_model = 128;
  options.d_ff = 256;
  options.keys = {{"pooling_type", static_cast<uint64_t>(pooling)},
                  {"attention.layer_norm_epsilon", 1e-12},
                  {"attention.causal", false},
                  {"tokenizer.ggml.token_type_count", uint64_t{2}}};
  options.optional_tensors = {"token_types.weight", "norm.bias"};
  return options;
}

RandomModelOptions Bert(Pooling pooling) {
  RandomModelOptions options = Encoder("bert", pooling);
  auto& optional = options.optional_tensors;
  optional.insert(optional.end(), kAttentionBiases.begin(), kAttentionBiases.end());
  optional.insert(optional.end(), {"ffn_up.bias", "ffn_down.bias"});
  return options;
}

RandomModelOptions Nomic() {
  RandomModelOptions options = Encoder("nomic-bert", Pooling::kMean);
  options.optional_tensors.push_back("attn_qkv.weight");
  options.rope_base = 1000.0f;
  return options;
}

RandomModelOptions CrossEncoder() {
  RandomModelOptions options = Bert(Pooling::kRank);
  auto& optional = options.optional_tensors;
  optional.insert(optional.end(),
                  {"cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias"});
  return options;
}

// XLM-RoBERTa's way: four special tokens first, spaces as U+2581, one row of token types.
Vocabulary UnigramVocabulary() {
  Vocabulary vocabulary;
  vocabulary.kind = VocabularyKind::kUnigram;
  vocabulary.tokens = {"<s>", "<pad>", "</s>", "<unk>", "▁"};
  for (char c = 'a'; c <= 'z'; ++c) vocabulary.tokens.push_back({c});
  for (const char* piece :
       {"▁the",   "▁a",    "▁qu", "ick",  "▁brown", "▁fox", "▁jump", "ing",
        "er",     "▁over", "laz", "▁dog", ".",      ",",    "?",     "▁안녕",
        "하세요", "▁오늘", "은",  "▁날",  "씨",     "가",   "▁좋",   "습니다"}) {
    vocabulary.tokens.push_back(piece);
  }
  vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
  for (const int special : {0, 1, 2}) vocabulary.types[special] = TokenType::kControl;
  vocabulary.types[3] = TokenType::kUnknown;
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    vocabulary.scores.push_back(i < 4 ? 0.0f : -5.0f - 0.0625f * static_cast<float>(i));
  }
  vocabulary.bos_id = 0;
  vocabulary.padding_id = 1;
  vocabulary.eos_id = vocabulary.separator_id = 2;
  vocabulary.unknown_id = 3;
  vocabulary.add_bos = vocabulary.add_eos = true;
  vocabulary.remove_extra_whitespace = true;
  return vocabulary;
}

RandomModelOptions XlmRoberta(RandomModelOptions options) {
  options.vocabulary = UnigramVocabulary();
  options.keys.push_back({"attention.layer_norm_epsilon", 1e-5});
  options.keys.push_back({"tokenizer.ggml.token_type_count", uint64_t{1}});
  return options;
}

RandomModelOptions Qwen2(Pooling pooling) {
  RandomModelOptions options = Tiny("qwen2");
  options.n_kv_heads = 2;
  options.keys = {{"pooling_type", static_cast<uint64_t>(pooling)}};
  return options;
}

RandomModelOptions Qwen3(Pooling pooling) {
  RandomModelOptions options = Qwen2(pooling);
  options.architecture = "qwen3";
  if (pooling == Pooling::kRank) {
    options.keys.push_back({"classifier.output_labels", std::vector<std::string>{"yes", "no"}});
    options.optional_tensors = {"cls.output.weight"};
  }
  return options;
}

RandomModelOptions LlamaEmbed() {
  RandomModelOptions options = Qwen2(Pooling::kMean);
  options.architecture = "llama-embed";
  options.keys.push_back({"attention.causal", false});
  return options;
}

struct Case {
  std::string name;
  RandomModelOptions options;
};

std::vector<Case> AllCases() {
  return {{"bert-cls", Bert(Pooling::kCls)},
          {"bert-mean", Bert(Pooling::kMean)},
          {"bert-rank", CrossEncoder()},
          {"llama-embed-mean", LlamaEmbed()},
          {"nomic-bert-mean", Nomic()},
          {"qwen2-mean", Qwen2(Pooling::kMean)},
          {"qwen3-last", Qwen3(Pooling::kLast)},
          {"qwen3-rank", Qwen3(Pooling::kRank)},
          {"xlm-roberta-cls", XlmRoberta(Bert(Pooling::kCls))},
          {"xlm-roberta-rank", XlmRoberta(CrossEncoder())}};
}

// Runs texts by themselves or in one batch.
class Embedder {
 public:
  explicit Embedder(const fs::path& path) : runner_(path) {}

  const EmbeddingInfo& info() { return runner_.model().embedding(); }

  Matrix Run(const std::vector<std::vector<int32_t>>& texts) {
    StepBatch batch;
    std::vector<std::unique_ptr<KvSequence>> sequences;
    for (const std::vector<int32_t>& text : texts) {
      const int first = static_cast<int>(batch.tokens.size()), n = static_cast<int>(text.size());
      if (info().causal) {
        sequences.push_back(std::make_unique<KvSequence>(runner_.pages()));
        EXPECT_TRUE(sequences.back()->Reserve(n));
      }
      batch.sequences.push_back(
          {info().causal ? sequences.back().get() : nullptr, first, n, /*position=*/0});
      for (int i = 0; i < n; ++i) batch.positions.push_back(i);
      batch.tokens.insert(batch.tokens.end(), text.begin(), text.end());
    }
    Matrix out;
    runner_.model().EmbedTexts(runner_.threads(), batch, out);
    return out;
  }

 private:
  ModelRunner runner_;
};

// Causal models keep keys and values in float16, the golden is of float32; in llama.cpp itself that
// makes a difference of 3e-4.
double Tolerance(const EmbeddingInfo& info) { return info.causal ? 5e-4 : 1e-4; }

// A plain score as the probability that clients take it for.
double Probability(double score) { return 1 / (1 + std::exp(-score)); }

void ExpectSame(const EmbeddingInfo& info, const float* found,
                const std::vector<double>& expected) {
  ASSERT_EQ(info.size, std::ssize(expected));
  double dot = 0, found_square = 0, expected_square = 0, largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    dot += found[i] * expected[i];
    found_square += double{found[i]} * found[i];
    expected_square += expected[i] * expected[i];
  }
  const double found_length = std::sqrt(found_square), length = std::sqrt(expected_square);
  for (size_t i = 0; i < expected.size(); ++i) {
    // Of unit vectors, as clients get them; scores as they are.
    const double scale = info.pooling == Pooling::kRank ? 1 : 1 / length;
    const double difference = info.pooling == Pooling::kRank && !info.causal
                                  ? Probability(found[i]) - Probability(expected[i])
                                  : (found[i] - expected[i]) * scale;
    largest = std::max(largest, std::fabs(difference));
  }
  EXPECT_LT(largest, Tolerance(info));
  EXPECT_GT(dot / (found_length * length), 1 - 2e-6);
}

TEST(EmbeddingGoldenTest, WritesTheModelsForThePeer) {
  const char* folder = std::getenv("PIONEER_WRITE_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "PIONEER_WRITE_MODELS names no folder";
  fs::create_directories(folder);
  for (const Case& c : AllCases())
    WriteRandomModel(fs::path(folder) / (c.name + ".gguf"), c.options);
}

TEST(EmbeddingGoldenTest, AloneAndTogetherAsLlamaCpp) {
  const Json golden = ParseJson(
      ReadFile(fs::path(PIONEER_SOURCE_DIR) / "tests/cases/architectures/embeddings.json"));
  const TemporaryFolder folder;
  for (const Case& c : AllCases()) {
    SCOPED_TRACE(c.name);
    WriteRandomModel(folder / "model.gguf", c.options);
    Embedder embedder(folder / "model.gguf");
    EXPECT_EQ(GeneratesText(c.options.architecture), embedder.info().causal);
    ASSERT_TRUE(golden.contains(c.name));
    const auto tokenizer = MakeTokenizer(LoadVocabulary(*GgufFile::Open(folder / "model.gguf")));
    std::vector<std::vector<int32_t>> texts;
    for (const Json& text : golden.at(c.name)) {
      texts.push_back(text.at("tokens"));
      if (!text.contains("text")) continue;
      EXPECT_EQ(tokenizer->Encode(text.at("text").get<std::string>(), {.add_special = true}),
                texts.back());
    }
    const Matrix together = embedder.Run(texts);
    for (size_t i = 0; i < texts.size(); ++i) {
      SCOPED_TRACE(texts[i].size());
      const Matrix alone = embedder.Run({texts[i]});
      const float* row = together.row(static_cast<int64_t>(i));
      for (int64_t j = 0; j < alone.cols(); ++j) ASSERT_EQ(row[j], alone.row(0)[j]);
      ExpectSame(embedder.info(), row,
                 golden.at(c.name)[i].at("vector").get<std::vector<double>>());
    }
  }
}

TEST(EmbeddingTest, ALongTextSeesAllOfItselfAndOthersDoNotMatter) {
  const TemporaryFolder folder;
  RandomModelOptions options = Bert(Pooling::kMean);
  options.context_length = 1024;
  WriteRandomModel(folder / "model.gguf", options);
  Embedder embedder(folder / "model.gguf");
  std::vector<int32_t> longest(900);
  for (size_t i = 0; i < longest.size(); ++i) longest[i] = static_cast<int32_t>(i * 7 % 300);
  const std::vector<int32_t> brief = {5, 6, 7};
  std::vector<int32_t> changed = longest;
  changed.back() = 299;
  const Matrix out = embedder.Run({brief, longest, changed, brief});
  const Matrix alone = embedder.Run({longest});
  bool differs = false;
  for (int64_t i = 0; i < out.cols(); ++i) {
    EXPECT_EQ(out.row(0)[i], out.row(3)[i]);
    EXPECT_EQ(out.row(1)[i], alone.row(0)[i]);
    differs |= out.row(1)[i] != out.row(2)[i];
  }
  EXPECT_TRUE(differs);
}

TEST(EmbeddingTest, FilesThatContradictThemselvesAreRefused) {
  const TemporaryFolder folder;
  const auto error = [&](const RandomModelOptions& options) -> std::string {
    try {
      WriteRandomModel(folder / "model.gguf", options);
      LoadModel(folder / "model.gguf");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  RandomModelOptions unknown = Bert(Pooling::kMean);
  unknown.keys[0].second = uint64_t{9};
  EXPECT_NE(error(unknown).find("bert.pooling_type"), std::string::npos);
  EXPECT_NE(error(Bert(Pooling::kRank)).find("cls.weight"), std::string::npos);
  RandomModelOptions types = Bert(Pooling::kMean);
  types.keys.back().second = uint64_t{0};
  EXPECT_NE(error(types).find("token_type_count"), std::string::npos);
}

}  // namespace
}  // namespace pioneer
