// Why: small models of every architecture, and what they say next, are what several tests compare
// with llama.cpp.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "model/random_presets.h"
#include "model/test_models.h"
#include "tensor/ops/softmax.h"

namespace pioneer {

// Two experts may be as good as equal for a token; then rounding decides, and everything after
// differs. The seeds of models with experts are such that this does not happen with the prompts.
struct Case {
  std::string name;
  RandomModelOptions options;
};

// Of a test that takes a case's name: as it is, without what a test's name must not hold.
inline std::string NameOfTest(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
}

using Keys = std::vector<std::pair<std::string, GgufValue>>;

inline Case Variant(const std::string& name, const std::string& architecture, const Keys& keys = {},
                    const std::vector<std::string>& tensors = {}) {
  RandomModelOptions options = RandomPreset(architecture);
  options.vocabulary = MakeByteVocabulary(320);
  options.keys.insert(options.keys.end(), keys.begin(), keys.end());
  options.optional_tensors.insert(options.optional_tensors.end(), tensors.begin(), tensors.end());
  return {name, options};
}

inline GgufValue Count(uint64_t n) { return n; }

inline std::vector<Case> LlamaCases() {
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

inline Case ExaoneWithWindows() {
  Case c = Variant("exaone4-windows", "exaone4", {{"attention.sliding_window", Count(24)}});
  c.options.n_layers = 64;
  c.options.seed = 5;
  c.options.d_model = c.options.d_ff = 32;
  return c;
}

inline Case GemmaWithExperts() {
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

inline Case DeepSeekLite() {
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

inline std::vector<Case> AllCases() {
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
inline std::vector<double> Probabilities(const Matrix& logits, int64_t row) {
  const float* x = logits.row(row);
  const double log_sum = LogSumExp(x, logits.cols());
  std::vector<double> p;
  for (int64_t i = 0; i < logits.cols(); ++i) p.push_back(std::exp(x[i] - log_sum));
  return p;
}

class Prompted {
 public:
  explicit Prompted(const fs::path& path) : runner_(path, 1) {}

  Model& model() { return runner_.model(); }
  // Of all later steps.
  void Use(const AdapterMix* adapters) { adapters_ = adapters; }

  // After the prompt in steps of `chunk` tokens.
  std::vector<double> InChunks(const std::vector<int32_t>& prompt, int chunk) {
    KvSequence kv(runner_.pages());
    const int n = static_cast<int>(prompt.size());
    for (int at = 0;; at += chunk) {
      const int end = std::min(at + chunk, n);
      const Matrix& logits =
          runner_.Step({{&kv, at, {prompt.begin() + at, prompt.begin() + end}, false, adapters_}});
      if (end == n) return Probabilities(logits, 0);
    }
  }

  // All prompts in one step.
  std::vector<std::vector<double>> Together(const std::vector<std::vector<int32_t>>& prompts) {
    std::vector<std::unique_ptr<KvSequence>> sequences;
    std::vector<ModelRunner::Part> parts;
    for (const std::vector<int32_t>& prompt : prompts) {
      sequences.push_back(std::make_unique<KvSequence>(runner_.pages()));
      parts.push_back({sequences.back().get(), 0, prompt, false, adapters_});
    }
    const Matrix& logits = runner_.Step(parts);
    std::vector<std::vector<double>> all;
    for (int64_t i = 0; i < logits.rows(); ++i) all.push_back(Probabilities(logits, i));
    return all;
  }

 private:
  ModelRunner runner_;
  const AdapterMix* adapters_ = nullptr;
};

// The largest difference to a golden: a list of [token, probability], the likeliest.
inline double LargestDifference(const std::vector<double>& p, const Json& golden) {
  double largest = 0;
  for (const Json& entry : golden) {
    largest = std::max(largest, std::fabs(p.at(entry[0].get<size_t>()) - entry[1].get<double>()));
  }
  return largest;
}

}  // namespace pioneer
