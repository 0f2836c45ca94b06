// Why: tests of tuning need models of every architecture, texts, and a folder that goes away.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "model/random_model.h"
#include "tune/packed_texts.h"

namespace pioneer::tune {

class TuneFolder {
 public:
  TuneFolder() {
    std::string pattern = (fs::temp_directory_path() / "pioneer_tune_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TuneFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

struct ModelKind {
  std::string architecture;
  std::vector<std::string> optional;
  std::vector<std::pair<std::string, GgufValue>> keys;
};

// What differs between the architectures: rotation, its factors (Llama 3.1), biases, norms of
// heads, heads of an own size.
inline std::vector<ModelKind> ModelKinds() {
  return {{"llama", {}, {}},
          {"llama", {"rope_freqs.weight"}, {}},
          {"llama",
           {},
           {{"rope.scaling.type", std::string("yarn")},
            {"rope.scaling.factor", 4.0},
            {"rope.scaling.original_context_length", uint64_t{128}}}},
          {"qwen2", {"attn_q.bias", "attn_k.bias", "attn_v.bias"}, {}},
          {"qwen3", {}, {}}};
}

inline void WriteTestModel(const fs::path& path, const ModelKind& kind, DType dtype = DType::kF32) {
  RandomModelOptions options;
  options.architecture = kind.architecture;
  options.n_layers = 2;
  options.d_model = dtype == DType::kQ4_K || dtype == DType::kQ6_K ? 256 : 64;
  options.d_ff = 2 * options.d_model;
  options.head_dim = kind.architecture == "qwen3" ? 24 : 0;
  options.dtype = dtype;
  options.optional_tensors = kind.optional;
  options.keys = kind.keys;
  options.vocabulary = MakeByteVocabulary(300);
  WriteRandomModel(path, options);
}

// Three texts in one pack, of which about two thirds of the tokens count.
inline PackedTexts RandomPack(uint64_t seed, std::vector<int> lengths = {5, 9, 4}) {
  Random random(seed);
  PackedTexts pack;
  int32_t name = 0;
  for (const int length : lengths) {
    TokenText text;
    for (int i = 0; i < length; ++i) {
      text.tokens.push_back(static_cast<int32_t>(random.Below(300)));
      text.counted.push_back(random.Below(3) != 0);
    }
    Append(text, name++, pack);
  }
  return pack;
}

}  // namespace pioneer::tune
