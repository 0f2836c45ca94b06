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
#include "model/test_models.h"
#include "train/checkpoint.h"
#include "train/gradient_workers.h"
#include "train/pair_loader.h"
#include "train/prepare.h"
#include "train/run_folder.h"
#include "train/test_tokenizer.h"
#include "train/text_packs.h"
#include "train/trainer.h"

namespace pioneer {
namespace {

constexpr float kScale = 20;

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
  const double loss = *workers->PairLossAndGradient(texts.views(), kScale);
  EXPECT_NEAR(loss, workers->PairLoss(texts.views(), kScale), 1e-9);
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
    return workers->PairLoss(texts.views(), kScale);
  };
  constexpr double kStep = 1e-2;
  EXPECT_NEAR((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep), length, 0.02 * length);
}

std::vector<std::vector<int32_t>> RandomTexts(std::initializer_list<size_t> lengths) {
  Random random(9);
  std::vector<std::vector<int32_t>> texts;
  for (const size_t n : lengths) {
    for (texts.emplace_back(); texts.back().size() < n;) {
      texts.back().push_back(static_cast<int32_t>(random.Below(23)));
    }
  }
  return texts;
}

const std::initializer_list<size_t> kLengths = {1,   128, 129, 3,   260, 64, 64,
                                                100, 27,  2,   300, 128, 90, 5};

TEST(TextPacksTest, HoldEachTextOnceInBlocksOfTheirOwn) {
  const auto texts = RandomTexts(kLengths);
  const std::vector<std::span<const int32_t>> views(texts.begin(), texts.end());
  std::set<int64_t> packed;
  int64_t n_rows = 0;
  for (const TextPack& pack : PackTexts(views)) {
    EXPECT_EQ(pack.inputs.size() % kQueryBlock, 0u);
    n_rows += std::ssize(pack.inputs);
    int64_t row = 0;
    for (const TextPack::Text& text : pack.texts) {
      EXPECT_EQ(text.first, row);
      row += text.n;
      if (text.n <= kQueryBlock) {
        EXPECT_EQ(text.first / kQueryBlock, (row - 1) / kQueryBlock);
      }
      if (text.index == TextPack::kFiller) continue;
      EXPECT_TRUE(packed.insert(text.index).second);
      const auto rows = std::span(pack.inputs).subspan(text.first, text.n);
      EXPECT_TRUE(std::ranges::equal(rows, views[text.index]));
    }
    EXPECT_EQ(row, std::ssize(pack.inputs));
  }
  EXPECT_EQ(packed.size(), texts.size());
  EXPECT_EQ(n_rows, 11 * kQueryBlock);  // 1301 tokens
}

// The same vectors and the same gradient, whether a text looks both ways or back alone.
TEST(TextPacksTest, ATextIsWhatItIsAlone) {
  const auto texts = RandomTexts(kLengths);
  const std::vector<std::span<const int32_t>> views(texts.begin(), texts.end());
  for (const bool causal : {false, true}) {
    LlamaShape shape = SmallShape();
    shape.n_layers = 2;
    shape.context = 300;
    shape.causal = causal;
    const ParameterLayout layout(shape);
    TrainBuffer<float> weights = InitialParameters(layout, 3);
    for (float& w : weights) w *= 8;
    const TrainWeights<float> both = {weights.data(), weights.data()};
    Random random(2);
    std::vector<float> d_vectors(texts.size() * static_cast<size_t>(shape.d_model));
    for (float& d : d_vectors) d = static_cast<float>(random.Normal());
    std::vector<float> alone(d_vectors.size()), together(d_vectors.size());
    TrainBuffer<float> gradient(weights.size()), sum(weights.size());
    LlamaPass<float> pass(layout), packing(layout);
    for (size_t i = 0; i < texts.size(); ++i) {
      const TextPack one = {texts[i], {{0, std::ssize(texts[i]), static_cast<int64_t>(i)}}};
      pass.Embed(both, one, alone.data());
      pass.EmbedGradient(both, one, d_vectors.data(), gradient.data());
    }
    for (const TextPack& pack : PackTexts(views)) {
      packing.Embed(both, pack, together.data());
      packing.EmbedGradient(both, pack, d_vectors.data(), sum.data());
    }
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 1e-5);
    const double length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
    ASSERT_GT(length, 1);
    for (size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(sum[i], gradient[i], 1e-5 * length);
  }
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

// What is learned looking both ways is what the engine makes of the exported file.
TEST_F(PairRunTest, AModelThatLooksBothWaysEmbedsInTheEngineAsInTraining) {
  WritePairs(200);
  Json recipe = Recipe(20);
  recipe["model"]["causal"] = false;
  Train(recipe, "run");
  ExportGguf(folder_ / "run", folder_ / "pairs.gguf", DType::kF32);
  const Checkpoint checkpoint = LoadCheckpoint(folder_ / "run/checkpoint.bin");
  LlamaShape shape = LoadRecipe(folder_ / "run/recipe.json").model;
  shape.vocab_size = checkpoint.model.at("vocab_size");
  EXPECT_FALSE(shape.causal);
  LlamaPass<float> pass{ParameterLayout(shape)};
  const TextPack text = {{5, 9, 270, 31, 5, 280, 8}, {{0, 7, 0}}};
  std::vector<float> expected(static_cast<size_t>(shape.d_model));
  pass.Embed({checkpoint.weights.data(), checkpoint.weights.data()}, text, expected.data());

  ModelRunner runner(folder_ / "pairs.gguf");
  EXPECT_FALSE(runner.model().embedding().causal);
  EXPECT_FALSE(runner.model().can_generate());
  StepBatch batch;
  batch.tokens = text.inputs;
  batch.positions = {0, 1, 2, 3, 4, 5, 6};
  batch.sequences = {{/*kv=*/nullptr, /*first_row=*/0, /*n_rows=*/7, /*position=*/0}};
  Matrix found;
  runner.model().EmbedTexts(runner.threads(), batch, found);
  const float length =
      std::sqrt(std::inner_product(found.row(0), found.row(0) + shape.d_model, found.row(0), 0.0f));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found.row(0)[i] / length, expected[i], 1e-3);
  }
}

TEST_F(PairRunTest, OnlyACausalModelPredictsText) {
  Json recipe = Recipe(1);
  recipe["model"]["causal"] = false;
  recipe["stages"][0]["sources"][0]["kind"] = "text";
  EXPECT_THROW(ParseRecipe(recipe, folder_ / ""), Error);
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
