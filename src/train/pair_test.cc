// Why: from pairs of texts to a model that embeds: the gradient, the stream of pairs, and a toy
// task that only a model which has learned can do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "model/gguf.h"
#include "train/gradient_workers.h"
#include "train/pair_loader.h"
#include "train/prepare.h"
#include "train/run_folder.h"
#include "train/test_tokenizer.h"
#include "train/trainer.h"

namespace pioneer {
namespace {

LlamaShape SmallShape() {
  return {.vocab_size = 23,
          .d_model = 16,
          .n_layers = 1,
          .n_heads = 2,
          .n_kv_heads = 1,
          .head_dim = 8,
          .d_ff = 16,
          .context = 12};
}

struct Texts {
  Texts() {
    Random random(9);
    for (int i = 0; i < 6; ++i) {
      SequenceBuffer& text = buffers.emplace_back();
      for (uint64_t n = 3 + random.Below(8); n > 0; --n) {
        text.inputs.push_back(static_cast<int32_t>(random.Below(23)));
      }
    }
  }
  std::vector<TrainSequence> views() const {
    std::vector<TrainSequence> views;
    for (const SequenceBuffer& text : buffers) views.push_back(text.view());
    return views;
  }
  std::vector<SequenceBuffer> buffers;
};

// Along the gradient, the loss grows by the gradient's length.
TEST(PairGradientTest, IsThatOfFiniteDifferences) {
  const ParameterLayout layout(SmallShape());
  TrainBuffer<float> weights = InitialParameters(layout, 3);
  for (float& w : weights) w *= 8;
  const Texts texts;
  ThreadPool pool(2);
  const auto workers = GradientWorkers::Make(layout, pool, false);
  workers->SetWeights(weights.data());
  const double loss = *workers->PairLossAndGradient(texts.views());
  EXPECT_NEAR(loss, workers->PairLoss(texts.views()), 1e-9);
  std::vector<float> gradient(weights.size());
  for (const auto& part : workers->gradients()) {
    for (size_t i = 0; i < gradient.size(); ++i) gradient[i] += part[i];
  }
  const double length =
      std::sqrt(std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0));
  ASSERT_GT(length, 0);
  const auto loss_at = [&](double distance) {
    TrainBuffer<float> moved = weights;
    for (size_t i = 0; i < moved.size(); ++i) {
      moved[i] += static_cast<float>(distance * gradient[i] / length);
    }
    workers->SetWeights(moved.data());
    return workers->PairLoss(texts.views());
  };
  constexpr double kStep = 1e-2;
  EXPECT_NEAR((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep), length, 0.02 * length);
}

class PairRunTest : public testing::Test {
 protected:
  // A text of words of a topic belongs to another of the topic's other words.
  void WritePairs(int n) {
    Random random(5);
    std::vector<std::string> lines;
    for (int i = 0; i < n; ++i) {
      const uint64_t topic = random.Below(kTopics);
      const auto words = [&](char side, uint64_t name) {
        std::string text;
        for (int w = 0; w < 4; ++w) {
          text += fmt::format("{}{}x{} ", side, name, random.Below(3));
        }
        return text + std::to_string(random.Below(1000));
      };
      const std::string a = words('a', topic), b = words('b', 20 + (5 * topic + 3) % kTopics);
      lines.push_back(DumpJson(Json{{"pair", {a, b}}}));
    }
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    WriteFileAtomically(folder_ / "pairs.jsonl", all);
  }

  Json Recipe(int steps) const {
    const Json source = {
        {"path", (folder_ / "pairs.jsonl").string()}, {"kind", "pairs"}, {"clean", false}};
    return {{"model",
             {{"d_model", 32}, {"n_layers", 1}, {"n_heads", 2}, {"d_ff", 32}, {"context", 32}}},
            {"tokenizer", {{"train", {{"vocab_size", 300}, {"sources", {source}}}}}},
            {"validation", {{"share", 0.1}, {"sequences", 32}, {"every_steps", 1000}}},
            {"stages",
             {{{"sources", {source}}, {"steps", steps}, {"batch_tokens", 32 * 32}, {"lr", 0.01}}}}};
  }

  TrainResult Train(const Json& recipe, const std::string& run) {
    TrainOptions options;
    options.recipe = ParseRecipe(recipe, folder_ / "");
    options.run_dir = folder_ / run;
    return RunTraining(options);
  }

  static constexpr uint64_t kTopics = 12;
  TestFolder folder_;
};

TEST_F(PairRunTest, LearnsWhatBelongsTogetherAndExportsAModelThatEmbeds) {
  WritePairs(600);
  const TrainResult before = Train(Recipe(1), "before"), after = Train(Recipe(100), "after");
  EXPECT_GT(before.validation_loss, 1.8);
  EXPECT_LT(after.validation_loss, 0.6 * before.validation_loss);
  ExportGguf(folder_ / "after", folder_ / "pairs.gguf", DType::kQ8_0);
  const auto file = GgufFile::Open(folder_ / "pairs.gguf");
  EXPECT_EQ(std::get<uint64_t>(file->metadata().at("llama.pooling_type")), 1u);
}

TEST_F(PairRunTest, PairsNeedAStageOfTheirOwn) {
  Json recipe = Recipe(1);
  recipe["stages"][0]["sources"].push_back({{"path", "text.txt"}});
  EXPECT_THROW(ParseRecipe(recipe, folder_ / ""), Error);
}

TEST_F(PairRunTest, EachPairOnceAnEpochAndOnFromAnyPosition) {
  WritePairs(40);
  Train(Recipe(1), "run");
  const RunFolder run{folder_ / "run"};
  const TrainRecipe recipe = LoadRecipe(run.recipe());
  const auto tokenizer = OpenTokenizer(run);
  const auto open = [&] {
    return PairLoader({{OpenSource(recipe.stages[0].sources[0], *tokenizer, run), 1.0}},
                      {.context = 32, .seed = 4});
  };
  PairLoader loader = open();
  const auto n = OpenSource(recipe.stages[0].sources[0], *tokenizer, run).train->n_documents();
  std::multiset<std::vector<int32_t>> first_epoch, second_epoch;
  std::vector<SequenceBuffer> dealt;
  Json position;
  for (int64_t i = 0; i < 4 * n; ++i) {
    if (i == n / 2 * 2) position = loader.Position();
    SequenceBuffer text;
    loader.Next(text);
    EXPECT_EQ(text.inputs[0], tokenizer->FindToken("<|endoftext|>"));
    (i < 2 * n ? first_epoch : second_epoch).insert(text.inputs);
    if (i >= n / 2 * 2) dealt.push_back(text);
  }
  EXPECT_EQ(first_epoch, second_epoch);
  EXPECT_GT(std::set(first_epoch.begin(), first_epoch.end()).size(), static_cast<size_t>(n));
  PairLoader other = open();
  other.SetPosition(position);
  for (const SequenceBuffer& text : dealt) {
    SequenceBuffer again;
    other.Next(again);
    EXPECT_EQ(again.inputs, text.inputs);
  }
}

}  // namespace
}  // namespace pioneer
