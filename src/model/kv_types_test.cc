// Every kind of memory that models have, with every type of keys and values: near float32's answer,
// and the same however a text is cut.
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "model/test_architectures.h"

namespace pioneer {
namespace {

// Full attention, windows and caps, sinks, recurrent states beside attention, one latent head.
constexpr const char* kModels[] = {"llama", "gemma3", "gpt-oss", "qwen35", "lfm2", "deepseek2"};

class KvTypesTest : public testing::TestWithParam<const char*> {
 protected:
  static std::vector<int32_t> Text() {
    std::vector<int32_t> tokens;
    for (int i = 0; i < 75; ++i) tokens.push_back(3 + i * i * 7 % 250);
    return tokens;
  }
  ModelRunner Load(KvTypes types) const {
    LoadOptions options;
    options.kv_types = types;
    return ModelRunner(LoadModel(path_, options));
  }
  // The logits after the text, which goes in steps of `chunk` tokens.
  static std::vector<float> Run(ModelRunner& runner, int chunk) {
    const std::vector<int32_t> text = Text();
    KvSequence kv(runner.pages());
    std::vector<float> logits;
    for (int at = 0; at < std::ssize(text); at += chunk) {
      const int end = std::min<int>(at + chunk, std::ssize(text));
      const Matrix& last = runner.Step({{&kv, at, {text.begin() + at, text.begin() + end}}});
      logits.assign(last.row(0), last.row(0) + last.cols());
    }
    return logits;
  }
  // Distance as a share of the length.
  static double Distance(const std::vector<float>& a, const std::vector<float>& b) {
    double difference = 0, length = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      difference += std::pow(a[i] - b[i], 2);
      length += std::pow(b[i], 2);
    }
    return std::sqrt(difference / length);
  }
  void SetUp() override {
    path_ = fs::path(testing::TempDir()) / fmt::format("kv_types_{}.gguf", GetParam());
    WriteRandomModel(path_, Variant(GetParam(), GetParam()).options);
  }
  void TearDown() override { fs::remove(path_); }

  fs::path path_;
};

TEST_P(KvTypesTest, EveryTypeIsNearTheExactOneAndTheSameHoweverATextIsCut) {
  ModelRunner exact = Load({KvType::kF32, KvType::kF32});
  const std::vector<float> expected = Run(exact, 75);
  constexpr double kBounds[kKvTypes] = {0.005, 0.02, 0.05, 0.5, 0};
  for (int i = 0; i < kKvTypes; ++i) {
    const auto type = static_cast<KvType>(i);
    ModelRunner runner = Load({type, type});
    EXPECT_EQ(runner.model().memory().types.k, type);
    const std::vector<float> whole = Run(runner, 75);
    EXPECT_LE(Distance(whole, expected), kBounds[i]) << KvTypeName(type);
    EXPECT_EQ(whole, Run(runner, 1)) << KvTypeName(type);
    EXPECT_EQ(whole, Run(runner, 23)) << KvTypeName(type);
  }
}

TEST_P(KvTypesTest, KeysAndValuesMayDiffer) {
  ModelRunner exact = Load({KvType::kF32, KvType::kF32});
  ModelRunner runner = Load({KvType::kQ8_0, KvType::kBf16});
  EXPECT_LE(Distance(Run(runner, 75), Run(exact, 75)), 0.05);
}

INSTANTIATE_TEST_SUITE_P(Models, KvTypesTest, testing::ValuesIn(kModels), NameOfTest);

}  // namespace
}  // namespace pioneer
