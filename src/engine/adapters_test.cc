// Why: requests with different adapters share one model and its steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/adapter_generator.h"
#include "engine/local_generator.h"
#include "engine/test_model.h"
#include "engine/validate.h"
#include "model/test_architectures.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

class AdaptersTest : public testing::Test {
 protected:
  void SetUp() override {
    // What tests/cases/adapters is for, see model/adapter_test.cc.
    for (Case& c : AllCases()) {
      if (c.name == "llama-biases") WriteRandomModel(folder_ / "model.gguf", c.options);
    }
    const std::shared_ptr<Model> model = LoadModel(folder_ / "model.gguf");
    const fs::path adapters = fs::path(PIONEER_SOURCE_DIR) / "tests/cases/adapters";
    EngineOptions options;
    options.n_threads = 2;
    options.kv_bytes = int64_t{16} << 20;
    options.id = "base";
    for (const char* name : {"usual", "rest"}) {
      const fs::path path = adapters / (std::string(name) + ".gguf");
      options.adapters.push_back({{name, 1.0}, LoadAdapter(*model, path)});
    }
    generator_ = std::make_shared<LocalGenerator>(model, options);
  }

  static CompletionRequest Request(const std::vector<AdapterUse>& adapters) {
    CompletionRequest request;
    request.prompt = std::vector<int32_t>{3, 1, 4, 1, 5, 9, 2, 6};
    request.options.sampling.temperature = 0;
    request.options.limits.max_tokens = 24;
    request.options.limits.ignore_eos = true;
    request.options.adapters = adapters;
    return request;
  }
  static std::string Answer(Generator& generator, const std::vector<AdapterUse>& adapters) {
    return Collect(*generator.Complete(Request(adapters))).texts.at(0);
  }

  const TemporaryFolder folder_;
  std::shared_ptr<LocalGenerator> generator_;
};

TEST_F(AdaptersTest, EachRequestHasItsOwnAlsoTogether) {
  const std::vector<std::vector<AdapterUse>> choices = {
      {}, {{"usual", 1}}, {{"rest", 1}}, {{"usual", 1}, {"rest", 0.5}}, {{"usual", -0.75}}};
  std::vector<std::string> alone;
  for (const auto& choice : choices) alone.push_back(Answer(*generator_, choice));
  for (size_t i = 1; i < alone.size(); ++i) EXPECT_NE(alone[i], alone[0]) << i;
  std::vector<std::unique_ptr<Generation>> together;
  for (int round = 0; round < 3; ++round) {
    for (const auto& choice : choices) together.push_back(generator_->Complete(Request(choice)));
  }
  for (size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(Collect(*together[i]).texts.at(0), alone[i % choices.size()]) << i;
  }
}

TEST_F(AdaptersTest, AnAdapterIsAModelToo) {
  AdapterGenerator usual(generator_, {"usual", 0.5});
  EXPECT_EQ(usual.info().id, "usual");
  EXPECT_EQ(usual.info().base, "base");
  EXPECT_EQ(usual.info().context_length, generator_->info().context_length);
  EXPECT_EQ(Answer(usual, {}), Answer(*generator_, {{"usual", 0.5}}));
  EXPECT_EQ(Answer(usual, {{"usual", 1}}), Answer(*generator_, {{"usual", 1}})) << "its own scale";
  EXPECT_EQ(Answer(usual, {{"rest", 1}}), Answer(*generator_, {{"usual", 0.5}, {"rest", 1}}));

  const auto vector_of = [](Generator& generator) {
    return generator.Embed({{std::string("a text")}, {}}, {}).vectors.at(0);
  };
  EXPECT_NE(vector_of(usual), vector_of(*generator_));
}

TEST_F(AdaptersTest, UnknownOnesAreNamed) {
  const auto error = [&](const std::vector<AdapterUse>& adapters) {
    try {
      generator_->Complete(Request(adapters));
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(error({{"poet", 1}}), HasSubstr("no adapter \"poet\" (it has: usual, rest)"));
  EXPECT_THAT(error({{"usual", 1000}}), HasSubstr("scale"));
  EXPECT_THAT(error(std::vector<AdapterUse>(kMaxAdapters + 1, {"usual", 1})), HasSubstr("adapters"));
}

}  // namespace
}  // namespace pioneer
