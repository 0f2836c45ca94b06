// Why: what is promised before a run is what the run does.
#include "train/plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "train/dial.h"

namespace pioneer {
namespace {

const char* const kPlanned = R"({
  "threads": 2, "model": {"d_model": 32, "n_layers": 2, "n_heads": 2, "d_ff": 48, "context": 32},
  "tokenizer": {"train": {"vocab_size": 280, "sources": [{"path": "a.jsonl"}]}},
  "stages": [{"sources": [{"path": "a.jsonl"}], "steps": 16, "batch_tokens": 128},
             {"sources": [{"path": "a.jsonl"}], "tokens": 250, "batch_tokens": 64}]})";

TEST(Plan, CountsWhatTheRunWillDo) {
  Json json = ParseJson(kPlanned);
  const TrainPlan plan = PlanTraining(ParseRecipe(json, "/"), {});
  LlamaShape shape = ParseRecipe(json, "/").model;
  shape.vocab_size = 280;
  EXPECT_EQ(plan.n_parameters, ParameterLayout(shape).size());
  EXPECT_EQ(plan.n_multiplied, 2 * (4 * 32 * 32 + 3 * 32 * 48) + 280 * 32);
  EXPECT_EQ(plan.steps, 20);
  EXPECT_EQ(plan.tokens, 16 * 128 + 4 * 64);
  EXPECT_EQ(plan.threads, 2);
  EXPECT_FALSE(plan.recomputes);
  EXPECT_EQ(plan.optimizer_bytes, 8 * plan.n_parameters);
  EXPECT_EQ(plan.gradient_bytes, 8 * plan.n_parameters);
  EXPECT_NEAR(plan.flops_per_token, 6.0 * plan.n_multiplied + 7.0 * 2 * 32 * 32, 1);
  EXPECT_GT(plan.tokens_per_second, 0);
  EXPECT_GT(plan.seconds, 0);
  EXPECT_LT(plan.bits_per_byte_low, plan.bits_per_byte_high);
  json["optimizer"] = {{"kind", "muon"}};
  EXPECT_LT(PlanTraining(ParseRecipe(json, "/"), {}).optimizer_bytes, plan.optimizer_bytes);
}

TEST(Plan, TellsTheMemoryOfEachProcess) {
  const TrainRecipe recipe = ParseRecipe(ParseJson(kPlanned), "/");
  const TrainPlan one = PlanTraining(recipe, {}), two = PlanTraining(recipe, {}, 2);
  EXPECT_EQ(two.weight_bytes, one.weight_bytes);
  EXPECT_EQ(2 * two.gradient_bytes, one.gradient_bytes);
  EXPECT_EQ(2 * two.activation_bytes, one.activation_bytes);
  EXPECT_LT(two.optimizer_bytes, 0.8 * one.optimizer_bytes);
}

TEST(Plan, CanBeStopped) {
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_THROW(PlanTraining(ParseRecipe(ParseJson(kPlanned), "/"), cancel), Error);
}

TEST(Dial, EveryDepthMakesARecipe) {
  for (int64_t depth = 1; depth <= kMaxDepth; ++depth) {
    const DialSettings settings = TurnDial(depth);
    const TrainRecipe recipe = ParseRecipe(DialRecipe(depth, {"/text.jsonl"}), "/");
    EXPECT_EQ(recipe.model.n_layers, depth);
    EXPECT_EQ(recipe.model.d_model % recipe.model.head_dim, 0);
    EXPECT_EQ(recipe.optimizer.kind, OptimizerKind::kMuon);
    EXPECT_EQ(recipe.stages[0].tokens, settings.tokens);
    EXPECT_EQ(recipe.stages[0].batch_tokens % recipe.model.context, 0);
    EXPECT_EQ(recipe.stages[0].sources[0].path, "/text.jsonl");
  }
}

// By hand: width 320, feed-forward 896, vocabulary 8,192.
TEST(Dial, FollowsItsRule) {
  const DialSettings settings = TurnDial(8);
  EXPECT_EQ(settings.shape.d_model, 320);
  EXPECT_EQ(settings.shape.d_ff, 896);
  const int64_t multiplied = 8 * (4 * 320 * 320 + 3 * 320 * 896) + 8192 * 320;
  EXPECT_EQ(settings.tokens, 12 * multiplied);
  EXPECT_EQ(settings.batch_tokens, 65536);  // below 0.0306 * 153.4e6^0.383 * 2048 = 85.5e3
  EXPECT_NEAR(settings.learning_rate, 0.1 * std::sqrt(0.125) / std::sqrt(320.0), 1e-12);
  EXPECT_GT(TurnDial(12).tokens, settings.tokens);
  EXPECT_LT(TurnDial(12).learning_rate, 1.5 * settings.learning_rate);
  EXPECT_THROW(TurnDial(0), Error);
  EXPECT_THROW(DialRecipe(4, {}), Error);
}

}  // namespace
}  // namespace pioneer
