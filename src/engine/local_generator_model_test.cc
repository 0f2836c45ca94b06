// Why: the engine and a really trained model, together.
#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "engine/local_generator.h"
#include "engine/test_model.h"

namespace pioneer {
namespace {

class StoriesTest : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path path = fs::path(PIONEER_SOURCE_DIR) / "../shared/data/models/stories260K.gguf";
    if (!fs::exists(path)) GTEST_SKIP() << "the model file stories260K.gguf is not here";
    model_ = LoadModel(path);
  }
  static EngineOptions Options() {
    EngineOptions options;
    options.n_threads = 2;
    options.kv_bytes = int64_t{64} << 20;
    return options;
  }
  std::shared_ptr<Model> model_;
};

TEST_F(StoriesTest, TellsTheKnownStory) {
  LocalGenerator generator(model_, Options());
  CompletionRequest request;
  request.prompt = std::string();
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = 220;
  const Collected all = Collect(*generator.Complete(request));
  const std::string expected =
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
      "park. "
      "One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n"
      "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. "
      "She "
      "said, \"I want to play with your ball, but I can't find it.\"\n"
      "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to "
      "do.\"\nLily didn't want to help her mom, so she";
  EXPECT_EQ(all.texts.at(0).substr(0, expected.size()), expected);
  EXPECT_EQ(all.usage.prompt_tokens, 1);
}

TEST_F(StoriesTest, TogetherEqualsAlone) {
  LocalGenerator generator(model_, Options());
  const auto request = [](int i) {
    CompletionRequest one;
    one.prompt = std::string("Once upon a time there was a dog. It ran ").substr(0, 4 + 5 * i);
    one.options.sampling.temperature = i % 2 == 0 ? 0 : 0.8;
    one.options.sampling.seed = i;
    one.options.limits.max_tokens = 60;
    return one;
  };
  std::vector<Collected> alone;
  for (int i = 0; i < 8; ++i) alone.push_back(Collect(*generator.Complete(request(i))));
  std::vector<std::unique_ptr<Generation>> generations;
  for (int i = 0; i < 8; ++i) generations.push_back(generator.Complete(request(i)));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(Collect(*generations[i]).texts, alone[i].texts) << i;
}

TEST_F(StoriesTest, AnswersGoOnWithTheirSpace) {
  LocalGenerator generator(model_, Options());
  CompletionRequest request;
  request.prompt = std::string("Once upon a");
  request.echo = true;
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = 4;
  EXPECT_EQ(Collect(*generator.Complete(request)).texts.at(0).substr(0, 16), "Once upon a time");
  request.options.logprobs = true;
  EXPECT_EQ(Collect(*generator.Complete(request)).texts.at(0).substr(0, 16), "Once upon a time");
}

}  // namespace
}  // namespace pioneer
