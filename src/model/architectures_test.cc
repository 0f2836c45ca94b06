// Small random models of every architecture against the next-token distributions that llama.cpp
// computes for the same files (bench/peers/architectures.mjs, tests/cases/architectures/next_tokens
// .json). To make them again:
//   PIONEER_WRITE_MODELS=DIR build/model_test --gtest_filter=ArchitecturesTest.*
//   node bench/peers/architectures.mjs DIR tests/cases/architectures/next_tokens.json
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "model/random_presets.h"
#include "model/test_files.h"
#include "model/test_models.h"
#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

// Two experts may be as good as equal for a token; then rounding decides, and everything after
// differs. The seeds of models with experts are such that this does not happen with the prompts.
struct Case {
  std::string name;
  RandomModelOptions options;
};

using Keys = std::vector<std::pair<std::string, GgufValue>>;

Case Variant(const std::string& name, const std::string& architecture, const Keys& keys = {},
             const std::vector<std::string>& tensors = {}) {
  RandomModelOptions options = RandomPreset(architecture);
  options.vocabulary = MakeByteVocabulary(320);
  options.keys.insert(options.keys.end(), keys.begin(), keys.end());
  options.optional_tensors.insert(options.optional_tensors.end(), tensors.begin(), tensors.end());
  return {name, options};
}

GgufValue Count(uint64_t n) { return n; }

std::vector<Case> LlamaCases() {
  const GgufValue longrope = std::string("longrope"), yarn = std::string("yarn");
  return {
      Variant("llama", "llama"),
      Variant("llama-biases", "llama", {},
              {"attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias", "ffn_gate.bias",
               "ffn_up.bias", "ffn_down.bias", "output.weight"}),
      Variant("llama-linear", "llama",
              {{"rope.scaling.type", std::string("linear")}, {"rope.scaling.factor", 4.0}}),
      Variant("llama-factors", "llama", {}, {"rope_freqs.weight"}),
      Variant("llama-yarn", "llama",
              {{"rope.scaling.type", yarn},
               {"rope.scaling.factor", 4.0},
               {"rope.scaling.original_context_length", Count(64)},
               {"rope.freq_base", 500.0}}),
      Variant("llama-longrope", "llama",
              {{"rope.scaling.type", longrope},
               {"rope.scaling.attn_factor", 1.2},
               {"rope.scaling.original_context_length", Count(64)}},
              {"rope_factors_long.weight", "rope_factors_short.weight"}),
      Variant(
          "llama-shortrope", "llama",
          {{"rope.scaling.type", longrope}, {"rope.scaling.original_context_length", Count(4096)}},
          {"rope_factors_long.weight", "rope_factors_short.weight"}),
      Variant("llama-experts", "llama",
              {{"expert_count", Count(8)}, {"expert_used_count", Count(2)}}),
      Variant("mistral3", "mistral3"),
  };
}

Case ExaoneWithWindows() {
  Case c = Variant("exaone4-windows", "exaone4", {{"attention.sliding_window", Count(24)}});
  c.options.n_layers = 64;
  c.options.seed = 5;
  c.options.d_model = c.options.d_ff = 32;
  return c;
}

Case GemmaWithExperts() {
  Case c = Variant("gemma4-experts", "gemma4",
                   {{"expert_count", Count(4)},
                    {"expert_used_count", Count(4)},
                    {"expert_feed_forward_length", Count(64)},
                    {"attention.sliding_window_pattern", std::vector<bool>{true, false, true}},
                    {"attention.shared_kv_layers", Count(0)},
                    {"embedding_length_per_layer_input", Count(0)}});
  c.options.n_layers = 3;
  c.options.optional_tensors = {"0.attn_v.weight", "2.attn_v.weight", "ffn_gate_inp.weight",
                                "ffn_gate_up_exps.weight", "ffn_down_exps.scale"};
  return c;
}

Case DeepSeekLite() {
  Case c = Variant("deepseek2-lite", "deepseek2",
                   {{"expert_gating_func", Count(1)},
                    {"leading_dense_block_count", Count(24)},
                    {"expert_weights_norm", false},
                    {"expert_weights_scale", 1.0}});
  std::erase_if(c.options.keys, [](auto& key) { return key.first == "attention.q_lora_rank"; });
  c.options.optional_tensors.clear();
  c.options.n_layers = 27;  // what llama.cpp knows it by
  c.options.seed = 5;
  c.options.d_model = c.options.d_ff = 32;
  c.options.head_dim = 48;
  return c;
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = LlamaCases();
  for (const char* architecture :
       {"qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "gemma4", "phi3", "gpt-oss", "granite",
        "granitemoe", "smollm3", "olmo2", "exaone4", "gpt2", "lfm2", "lfm2moe", "qwen35"}) {
    cases.push_back(Variant(architecture, architecture));
  }
  cases.push_back(Variant("phi3-longrope", "phi3",
                          {{"rope.dimension_count", Count(8)},
                           {"rope.scaling.attn_factor", 1.2},
                           {"rope.scaling.original_context_length", Count(64)}},
                          {"rope_factors_long.weight", "rope_factors_short.weight"}));
  cases.push_back(Variant("granite-nope", "granite", {{"rope.scaling.finetuned", false}}));
  cases.push_back(Variant("olmo3", "olmo2",
                          {{"attention.sliding_window", Count(24)},
                           {"rope.scaling.type", std::string("yarn")},
                           {"rope.scaling.factor", 4.0},
                           {"rope.scaling.original_context_length", Count(64)}}));
  cases.push_back(Variant("deepseek2-groups", "deepseek2",
                          {{"expert_group_count", Count(4)},
                           {"expert_group_used_count", Count(2)},
                           {"rope.scaling.type", std::string("yarn")},
                           {"rope.scaling.factor", 4.0},
                           {"rope.scaling.original_context_length", Count(64)},
                           {"rope.scaling.yarn_log_multiplier", 0.0707}}));
  cases.push_back(DeepSeekLite());
  cases.push_back(ExaoneWithWindows());
  cases.push_back(Variant("deepseek2", "deepseek2"));
  cases.back().options.seed = 4;
  cases.push_back(GemmaWithExperts());
  cases.back().options.seed = 4;
  return cases;
}

// The probabilities of one row of logits.
std::vector<double> Probabilities(const Matrix& logits, int64_t row) {
  const float* x = logits.row(row);
  const double log_sum = LogSumExp(x, logits.cols());
  std::vector<double> p;
  for (int64_t i = 0; i < logits.cols(); ++i) p.push_back(std::exp(x[i] - log_sum));
  return p;
}

class Prompted {
 public:
  explicit Prompted(const fs::path& path) : runner_(path, 1) {}

  // After the prompt in steps of `chunk` tokens.
  std::vector<double> InChunks(const std::vector<int32_t>& prompt, int chunk) {
    KvSequence kv(runner_.pages());
    const int n = static_cast<int>(prompt.size());
    for (int at = 0;; at += chunk) {
      const int end = std::min(at + chunk, n);
      const Matrix& logits = runner_.Step({{&kv, at, {prompt.begin() + at, prompt.begin() + end}}});
      if (end == n) return Probabilities(logits, 0);
    }
  }

  // All prompts in one step.
  std::vector<std::vector<double>> Together(const std::vector<std::vector<int32_t>>& prompts) {
    std::vector<std::unique_ptr<KvSequence>> sequences;
    std::vector<ModelRunner::Part> parts;
    for (const std::vector<int32_t>& prompt : prompts) {
      sequences.push_back(std::make_unique<KvSequence>(runner_.pages()));
      parts.push_back({sequences.back().get(), 0, prompt});
    }
    const Matrix& logits = runner_.Step(parts);
    std::vector<std::vector<double>> all;
    for (int64_t i = 0; i < logits.rows(); ++i) all.push_back(Probabilities(logits, i));
    return all;
  }

 private:
  ModelRunner runner_;
};

// The largest difference to a golden: a list of [token, probability], the likeliest.
double LargestDifference(const std::vector<double>& p, const Json& golden) {
  double largest = 0;
  for (const Json& entry : golden) {
    largest = std::max(largest, std::fabs(p.at(entry[0].get<size_t>()) - entry[1].get<double>()));
  }
  return largest;
}

fs::path GoldenPath() {
  const char* path = std::getenv("PIONEER_NEXT_TOKENS");  // for trying out new goldens
  return path != nullptr
             ? fs::path(path)
             : fs::path(PIONEER_SOURCE_DIR) / "tests/cases/architectures/next_tokens.json";
}

struct Type {
  DType dtype;
  const char* name;
  double tolerance;
};
constexpr Type kTypes[] = {{DType::kF32, "F32", 1e-4}, {DType::kQ8_0, "Q8_0", 2e-3}};

TEST(ArchitecturesTest, WritesTheModelsForThePeer) {
  const char* folder = std::getenv("PIONEER_WRITE_MODELS");
  if (folder == nullptr) GTEST_SKIP() << "PIONEER_WRITE_MODELS names no folder";
  fs::create_directories(folder);
  for (Case& c : AllCases()) {
    for (const Type& type : kTypes) {
      c.options.dtype = type.dtype;
      WriteRandomModel(fs::path(folder) / fmt::format("{}.{}.gguf", c.name, type.name), c.options);
    }
  }
}

TEST(ArchitecturesTest, NextTokensAreLlamaCpps) {
  const Json golden = ParseJson(ReadFile(GoldenPath()));
  const auto prompts = golden.at("prompts").get<std::vector<std::vector<int32_t>>>();
  const TemporaryFolder folder;
  for (Case& c : AllCases()) {
    for (const Type& type : kTypes) {
      SCOPED_TRACE(c.name + " " + type.name);
      c.options.dtype = type.dtype;
      WriteRandomModel(folder / "model.gguf", c.options);
      Prompted model(folder / "model.gguf");
      const auto together = model.Together(prompts);
      double largest = 0;
      for (size_t i = 0; i < prompts.size(); ++i) {
        const Json& expected = golden.at(c.name).at(type.name).at(i);
        const double batched = LargestDifference(together[i], expected);
        EXPECT_LT(batched, type.tolerance) << prompts[i].size() << " tokens together";
        // Rows do not know their neighbours, bit for bit.
        EXPECT_EQ(model.InChunks(prompts[i], 1), together[i]) << prompts[i].size() << " one by one";
        EXPECT_EQ(model.InChunks(prompts[i], 37), together[i]);
        largest = std::max(largest, batched);
      }
      RecordProperty(c.name + "-" + type.name, fmt::format("{:.2e}", largest));
    }
  }
}

// Nothing is in the list of architectures that the goldens do not test.
TEST(ArchitecturesTest, EveryArchitectureIsTested) {
  std::set<std::string> tested = {"bert", "nomic-bert"};  // in tests of their own
  for (const Case& c : AllCases()) tested.insert(c.options.architecture);
  for (const std::string& name : KnownArchitectures()) EXPECT_EQ(tested.count(name), 1u) << name;
}

}  // namespace
}  // namespace pioneer
