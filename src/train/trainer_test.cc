// Why: whole small runs: they learn, they resume to the same bits, they refuse broken checkpoints,
// and what they export is a model.
#include "train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "model/gguf.h"
#include "model/test_models.h"
#include "train/checkpoint.h"
#include "train/llama_pass.h"
#include "train/prepare.h"
#include "train/run_folder.h"
#include "train/test_tokenizer.h"
#include "train/train_log.h"

namespace pioneer {
namespace {

// A tiny model on a text that says the same again and again, and on two dialogues.
class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    std::string lines;
    for (int i = 0; i < 40; ++i) {
      std::string text;
      for (int j = 0; j < 12; ++j) text += "the cat sat on the mat and the dog sat on the log. ";
      lines += DumpJson(Json{{"text", text}}) + "\n";
    }
    WriteFileAtomically(folder_ / "text.jsonl", lines);
    WriteFileAtomically(folder_ / "talk.jsonl",
                        "{\"text\": \"User: hello\\nAssistant: good day\"}\n"
                        "{\"messages\": [{\"role\": \"user\", \"content\": \"who?\"}, "
                        "{\"role\": \"assistant\", \"content\": \"a cat\"}]}\n");
    recipe_ = {
        {"name", "tiny"},
        {"threads", 2},
        {"model",
         {{"d_model", 32},
          {"n_layers", 2},
          {"n_heads", 2},
          {"n_kv_heads", 1},
          {"d_ff", 48},
          {"context", 32}}},
        {"tokenizer",
         {{"train",
           {{"vocab_size", 280}, {"sources", {{{"path", "text.jsonl"}, {"clean", false}}}}}}}},
        {"validation", {{"every_steps", 5}, {"sequences", 2}, {"share", 0.05}}}};
    recipe_["stages"] = {{{"name", "read"},
                          {"sources", {{{"path", "text.jsonl"}, {"clean", false}}}},
                          {"steps", 16},
                          {"batch_tokens", 128},
                          {"lr", 0.01}},
                         {{"name", "talk"},
                          {"sources", {{{"path", "talk.jsonl"}, {"kind", "dialogue"}}}},
                          {"steps", 4},
                          {"batch_tokens", 64},
                          {"lr", 0.003},
                          {"loss_mask", "assistant"}}};
  }

  // Runs up to stop_at steps (0 = to the end).
  TrainResult Run(const std::string& run, bool resume = false, int64_t stop_at = 0) {
    TrainOptions options;
    options.recipe = ParseRecipe(recipe_, folder_ / ".");
    options.run_dir = folder_ / run;
    options.resume = resume;
    options.on_progress = [&](const TrainProgress& progress) {
      if (stop_at > 0 && progress.step >= stop_at) options.cancel.Cancel();
    };
    return RunTraining(options);
  }

  TrainBuffer<float> Weights(const std::string& run) {
    return LoadCheckpoint(RunFolder{folder_ / run}.checkpoint()).weights;
  }

  std::string ErrorOf(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  TestFolder folder_;
  Json recipe_;
};

TEST_F(TrainerTest, LearnsARepeatedTextByHeart) {
  recipe_["stages"].erase(1);
  recipe_["stages"][0]["steps"] = 150;
  const TrainResult result = Run("run");
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.steps, 150);
  EXPECT_LT(result.loss, 0.15);
  EXPECT_LT(result.validation_loss, 0.3);
  // A token of this text has from one to eight bytes.
  EXPECT_LT(result.validation_bits_per_byte, result.validation_loss / std::log(2.0));
  EXPECT_GT(result.validation_bits_per_byte, result.validation_loss / std::log(2.0) / 8);
  const auto log = ReadLog(RunFolder{folder_ / "run"}.log());
  ASSERT_EQ(log.size(), 150u);
  EXPECT_NEAR(log[0].loss, std::log(280.0), 0.4);
}

TEST_F(TrainerTest, StoppedAndResumedEndsWithTheSameBits) {
  const TrainResult through = Run("through");
  ASSERT_TRUE(through.finished);
  for (const int64_t stop : {10, 18}) {  // in the first stage and in the second
    const std::string run = "stopped" + std::to_string(stop);
    const TrainResult first = Run(run, false, stop);
    EXPECT_FALSE(first.finished);
    EXPECT_EQ(first.steps, stop);
    const TrainResult rest = Run(run, true);
    EXPECT_TRUE(rest.finished);
    EXPECT_EQ(rest.steps, 20);
    EXPECT_EQ(Weights(run), Weights("through"));
    const auto log = ReadLog(RunFolder{folder_ / run}.log());
    const auto log_through = ReadLog(RunFolder{folder_ / "through"}.log());
    ASSERT_EQ(log.size(), log_through.size());
    for (size_t i = 0; i < log.size(); ++i) EXPECT_EQ(log[i].loss, log_through[i].loss);
  }
}

TEST_F(TrainerTest, AKillDuringACheckpointLosesNothing) {
  Run("run", false, 10);
  const RunFolder folder{folder_ / "run"};
  // What a kill leaves behind: an unfinished file beside the whole one, and a log that ran ahead.
  const std::string whole = ReadFile(folder.checkpoint());
  WriteFileAtomically(folder.root / "checkpoint.bin.123.tmp", whole.substr(0, whole.size() / 2));
  AppendLog(folder.log(), {.step = 11, .stage = "read", .tokens = 1, .loss = 1});
  EXPECT_EQ(Run("run", true).steps, 20);
  EXPECT_EQ(ReadLog(folder.log()).size(), 20u);
  Run("through");
  EXPECT_EQ(Weights("run"), Weights("through"));
}

TEST_F(TrainerTest, ABrokenCheckpointIsRefusedInWords) {
  Run("run", false, 2);
  const RunFolder folder{folder_ / "run"};
  const std::string whole = ReadFile(folder.checkpoint());
  for (const size_t size : {size_t{0}, size_t{12}, size_t{200}, whole.size() - 1}) {
    WriteFileAtomically(folder.checkpoint(), whole.substr(0, size));
    EXPECT_THAT(ErrorOf([&] { Run("run", true); }), testing::HasSubstr("is broken")) << size;
  }
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 1;
  WriteFileAtomically(folder.checkpoint(), flipped);
  EXPECT_THAT(ErrorOf([&] { Run("run", true); }), testing::HasSubstr("checksum"));
}

TEST_F(TrainerTest, DoesNotOverwriteARunAndNeedsOneToResume) {
  Run("run", false, 1);
  EXPECT_THAT(ErrorOf([&] { Run("run"); }), testing::HasSubstr("holds a run already"));
  EXPECT_THAT(ErrorOf([&] { Run("none", true); }), testing::HasSubstr("no run to resume"));
}

TEST_F(TrainerTest, ARunThatEndedBeforeItsFirstCheckpointBeginsAgain) {
  Run("through");
  const RunFolder through{folder_ / "through"}, killed{folder_ / "killed"};
  fs::create_directories(killed.root);
  fs::copy_file(through.recipe(), killed.recipe());
  AppendLog(killed.log(), {.step = 1, .stage = "read", .tokens = 1, .loss = 1});
  EXPECT_EQ(Run("killed", true).steps, 20);
  EXPECT_EQ(Weights("killed"), Weights("through"));
  EXPECT_EQ(ReadLog(killed.log()).size(), 20u);
}

TEST_F(TrainerTest, TwoProcessesDoNotTrainInOneFolder) {
  const RunLock lock(RunFolder{folder_ / "run"});
  EXPECT_THAT(ErrorOf([&] { Run("run"); }), testing::HasSubstr("another process trains"));
}

TEST_F(TrainerTest, BeginsWithAnotherModelsWeights) {
  Run("first");
  ExportGguf(folder_ / "first", folder_ / "first.gguf", DType::kF32);
  const TrainBuffer<float> first = Weights("first");
  recipe_.erase("model");
  recipe_.erase("tokenizer");
  recipe_["weights"] = "first.gguf";
  recipe_["optimizer"] = {{"weight_decay", 0}};
  recipe_["stages"][0]["lr"] = 0;
  recipe_["stages"][1]["lr"] = 0;
  Run("second");
  EXPECT_EQ(Weights("second"), first);
  EXPECT_EQ(LoadRecipe(RunFolder{folder_ / "second"}.recipe()).origin,
            ReadLineage(RunFolder{folder_ / "first"}));
  EXPECT_NE(ReadLineage(RunFolder{folder_ / "second"}), ReadLineage(RunFolder{folder_ / "first"}));

  // Once it has begun, it needs the file no more.
  recipe_["stages"][0]["lr"] = 0.01;
  Run("third", false, 3);
  fs::remove(folder_ / "first.gguf");
  TrainOptions third;
  third.run_dir = folder_ / "third";
  third.resume = true;
  EXPECT_TRUE(RunTraining(third).finished);
}

TEST_F(TrainerTest, RefusesWeightsThatItWouldNotTrainAsTheyAre) {
  recipe_["stages"].erase(1);
  recipe_["stages"][0]["steps"] = 1;
  Run("first");
  ExportGguf(folder_ / "first", folder_ / "first.gguf", DType::kQ8_0);
  recipe_["weights"] = "first.gguf";
  recipe_["model"]["d_ff"] = 64;
  EXPECT_THAT(ErrorOf([&] { Run("other"); }), testing::HasSubstr("of other sizes"));
  recipe_.erase("model");
  TrainOptions branch;
  branch.recipe = ParseRecipe(recipe_, folder_ / ".");
  branch.run_dir = folder_ / "branch";
  branch.branch = folder_ / "first";
  EXPECT_THAT(ErrorOf([&] { RunTraining(branch); }), testing::HasSubstr("leave \"weights\" out"));
  GgufWriter qwen;
  qwen.SetString("general.architecture", "qwen3");
  qwen.Finish(folder_ / "qwen.gguf");
  recipe_["weights"] = "qwen.gguf";
  EXPECT_THAT(ErrorOf([&] { Run("qwen"); }), testing::HasSubstr("it is of type qwen3"));
}

TEST_F(TrainerTest, ABranchGoesOnAsItsOriginWould) {
  Run("through");
  Run("origin", false, 10);
  const std::string before = ReadFile(RunFolder{folder_ / "origin"}.checkpoint());
  TrainOptions options;
  options.run_dir = folder_ / "branch";
  options.branch = folder_ / "origin";
  EXPECT_EQ(RunTraining(options).steps, 20);
  EXPECT_EQ(Weights("branch"), Weights("through"));
  EXPECT_EQ(ReadLog(RunFolder{folder_ / "branch"}.log()).size(), 20u);
  EXPECT_EQ(ReadFile(RunFolder{folder_ / "origin"}.checkpoint()), before);
}

TEST_F(TrainerTest, ABranchWithARecipeOfItsOwnStartsFromTheWeights) {
  const TrainResult origin = Run("origin", false, 10);
  recipe_["stages"].erase(1);
  recipe_["stages"][0]["steps"] = 1;
  recipe_["stages"][0]["lr"] = 0;
  recipe_.erase("tokenizer");  // the origin's is kept, as are the model's sizes
  recipe_.erase("model");
  EXPECT_THAT(ErrorOf([&] { ParseRecipe(recipe_, folder_ / "."); }), testing::HasSubstr("tokenizer"));
  const TrainRecipe branched = LoadRecipe(RunFolder{folder_ / "origin"}.recipe());
  TrainOptions options;
  options.recipe = ParseRecipe(recipe_, folder_ / ".", &branched);
  options.run_dir = folder_ / "branch";
  options.branch = folder_ / "origin";
  EXPECT_EQ(RunTraining(options).steps, 1);
  EXPECT_EQ(Weights("branch"), Weights("origin"));
  const RunFolder branch{folder_ / "branch"};
  EXPECT_EQ(LoadRecipe(branch.recipe()).origin, ReadLineage(RunFolder{folder_ / "origin"}));
  EXPECT_NE(ReadLineage(branch), LoadRecipe(branch.recipe()).origin);
  options.run_dir = folder_ / "other";
  options.branch = folder_ / "nowhere";
  EXPECT_THAT(ErrorOf([&] { RunTraining(options); }), testing::HasSubstr("no checkpoint"));
  EXPECT_GT(origin.steps, 0);
}

// The warm-up and plateau once, as long as one likes; then a branch from its checkpoint for each
// decay.
TEST_F(TrainerTest, ABranchDecaysALongRun) {
  recipe_["stages"].erase(1);
  recipe_["stages"][0]["schedule"] = "constant";
  recipe_["stages"][0]["warmup"] = 0.1;
  recipe_["stages"][0]["steps"] = 60;
  Run("plateau", false, 40);
  Json decay = recipe_;
  decay["seed"] = 2;  // another order of the text
  decay["stages"][0]["schedule"] = "linear";
  decay["stages"][0]["warmup"] = 0;
  decay["stages"][0]["final_lr_share"] = 0;
  decay["stages"][0]["steps"] = 10;
  TrainOptions options;
  options.recipe = ParseRecipe(decay, folder_ / ".");
  options.run_dir = folder_ / "decayed";
  options.branch = folder_ / "plateau";
  EXPECT_TRUE(RunTraining(options).finished);
  const auto plateau = ReadLog(RunFolder{folder_ / "plateau"}.log());
  const auto decayed = ReadLog(RunFolder{folder_ / "decayed"}.log());
  ASSERT_EQ(decayed.size(), 10u);
  EXPECT_FLOAT_EQ(static_cast<float>(plateau.back().learning_rate), 0.01f);
  EXPECT_NEAR(decayed[0].learning_rate, 0.009, 1e-6);
  EXPECT_NEAR(decayed[9].learning_rate, 0, 1e-9);
  EXPECT_LT(decayed[0].loss, plateau[20].loss);  // it goes on from what was learned
  EXPECT_LT(decayed[9].validation_loss, plateau[39].validation_loss);
  EXPECT_TRUE(Run("plateau", true).finished);  // and the plateau goes on by itself
}

TEST_F(TrainerTest, SamplesShowWhatWasLearned) {
  recipe_["stages"].erase(1);
  recipe_["stages"][0]["steps"] = 150;
  recipe_["samples"] = {{"prompts", {"the cat sat on", "and the"}}};
  Run("run", false, 20);
  const auto samples = [&] { return ReadFile(RunFolder{folder_ / "run"}.samples()); };
  EXPECT_FALSE(fs::exists(RunFolder{folder_ / "run"}.samples()));  // who stops does not wait
  Run("run", true);
  const std::string lines = samples();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  const Json first = ParseJson(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first.at("step"), 150);
  EXPECT_LE(first.at("tokens"), 150 * 128);  // a step's sequences are filled with whole pieces
  EXPECT_GT(first.at("tokens"), 150 * 96);
  EXPECT_EQ(first.at("prompt"), "the cat sat on");
  EXPECT_THAT(first.at("text").get<std::string>(), testing::StartsWith(" the mat and the dog"));
  Run("run", true);
  EXPECT_EQ(samples(), lines);
}

TEST_F(TrainerTest, MuonLearnsAndResumesToTheSameBits) {
  recipe_["optimizer"] = {{"kind", "muon"}};
  Run("through");
  EXPECT_LT(ReadLog(RunFolder{folder_ / "through"}.log())[15].loss, 5.0);  // from 5.6
  Run("stopped", false, 12);
  Run("stopped", true);
  EXPECT_EQ(Weights("stopped"), Weights("through"));
  recipe_["optimizer"] = {{"kind", "adamw"}};
  TrainOptions options;
  options.recipe = ParseRecipe(recipe_, folder_ / ".");
  options.run_dir = folder_ / "branch";
  options.branch = folder_ / "stopped";
  EXPECT_THAT(ErrorOf([&] { RunTraining(options); }), testing::HasSubstr("kind of optimizer"));
}

// The run remembers losses far below what it meets now.
TEST_F(TrainerTest, AnOutlierIsSkippedWithItsReason) {
  Run("run", false, 10);
  const RunFolder folder{folder_ / "run"};
  Checkpoint checkpoint = LoadCheckpoint(folder.checkpoint());
  EXPECT_EQ(checkpoint.state.recent_losses.size(), 10u);
  checkpoint.state.recent_losses.clear();
  for (int i = 0; i < 128; ++i) checkpoint.state.recent_losses.push_back(0.1 + 0.01 * (i % 2));
  SaveCheckpoint(folder.checkpoint(), checkpoint.model, checkpoint.state, checkpoint.weights,
                 checkpoint.optimizer);
  const TrainResult result = Run("run", true);
  EXPECT_GE(result.skipped_steps, 1);
  EXPECT_LE(result.skipped_steps, 4);
  const TrainLogEntry entry = ReadLog(folder.log())[10];
  EXPECT_TRUE(entry.skipped);
  EXPECT_THAT(entry.why_skipped, testing::HasSubstr("an outlier: loss"));
}

TEST_F(TrainerTest, StopsWhenTrainingComesApart) {
  recipe_["stages"][0]["lr"] = 10;
  recipe_["stages"][0]["steps"] = 1000;
  recipe_["stages"][0]["warmup"] = 0;
  recipe_["optimizer"] = {{"weight_decay", 10}};  // each step multiplies the weights by -99
  EXPECT_THAT(ErrorOf([&] { Run("run"); }), testing::HasSubstr("came apart"));
  const auto log = ReadLog(RunFolder{folder_ / "run"}.log());
  ASSERT_FALSE(log.empty());
  EXPECT_TRUE(log.back().skipped);
  EXPECT_THAT(log.back().why_skipped, testing::HasSubstr("not finite"));
}

TEST_F(TrainerTest, ExportsAModelWithAllItsParts) {
  recipe_["stages"].erase(1);
  recipe_["stages"][0]["steps"] = 3;
  Run("run");
  ExportGguf(folder_ / "run", folder_ / "model.gguf", DType::kF32);
  const auto file = GgufFile::Open(folder_ / "model.gguf");
  EXPECT_EQ(file->String("general.architecture"), "llama");
  EXPECT_EQ(file->Int("llama.attention.head_count_kv"), 1);
  EXPECT_EQ(file->Int("llama.context_length"), 32);
  EXPECT_THAT(file->String("tokenizer.chat_template"), testing::HasSubstr("<|im_start|>"));
  EXPECT_EQ(file->String("pioneer.lineage"), ReadLineage(RunFolder{folder_ / "run"}));
  EXPECT_EQ(file->String("pioneer.lineage").size(), 64u);
  EXPECT_EQ(file->FindTensor("output.weight"), nullptr);
  const Tensor* query = file->FindTensor("blk.1.attn_q.weight");
  ASSERT_NE(query, nullptr);
  EXPECT_EQ(query->shape, (std::vector<int64_t>{32, 32}));
  const TrainBuffer<float> weights = Weights("run");
  const Tensor* embedding = file->FindTensor("token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(std::memcmp(embedding->data, weights.data(), embedding->bytes()), 0);
  WriteLossCurve(folder_ / "run", folder_ / "loss.svg");
  EXPECT_THAT(ReadFile(folder_ / "loss.svg"), testing::StartsWith("<svg"));
}

TEST_F(TrainerTest, TheExportedModelHasTheTrainersLogits) {
  Run("whole");
  ExportGguf(folder_ / "whole", folder_ / "whole.gguf", DType::kF32);

  LlamaShape shape;
  shape.d_model = 32;
  shape.n_layers = 2;
  shape.n_heads = 2;
  shape.n_kv_heads = 1;
  shape.head_dim = 16;
  shape.d_ff = 48;
  shape.context = 32;
  const TrainBuffer<float> weights = Weights("whole");
  shape.vocab_size = GgufFile::Open(folder_ / "whole.gguf")->Int("llama.vocab_size");
  const ParameterLayout layout(shape);
  ASSERT_EQ(layout.size(), static_cast<int64_t>(weights.size()));

  std::vector<int32_t> tokens(30);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<int32_t>((i * i * 7 + 3) % static_cast<size_t>(shape.vocab_size));
  }
  TrainBuffer<float> trainer(tokens.size() * static_cast<size_t>(shape.vocab_size));
  LlamaPass<float>(layout).Logits({weights.data(), weights.data()}, {tokens, {}, {}},
                                  trainer.data());
  ModelRunner runner(folder_ / "whole.gguf");
  KvSequence kv(runner.pages());
  const Matrix& engine = runner.Step({{&kv, 0, tokens, true}});
  ASSERT_EQ(engine.rows(), 30);
  ASSERT_EQ(engine.cols(), shape.vocab_size);
  // The bound: 0.01 at logits of up to some units. Keys and values are float16 in the engine.
  float largest = 0, difference = 0;
  for (int64_t r = 0; r < engine.rows(); ++r) {
    for (int64_t i = 0; i < engine.cols(); ++i) {
      const float expected = trainer[r * shape.vocab_size + i];
      largest = std::max(largest, std::abs(expected));
      difference = std::max(difference, std::abs(engine.row(r)[i] - expected));
    }
  }
  EXPECT_GT(largest, 1);
  EXPECT_LT(difference, 0.01);
}

}  // namespace
}  // namespace pioneer
