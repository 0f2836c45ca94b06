#include "train/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/error.h"
#include "train/loss_curve.h"
#include "train/recipe_file.h"
#include "train/test_tokenizer.h"
#include "train/train_log.h"

namespace pioneer {
namespace {

const char* const kRecipe = R"({
  "name": "small", "model": {"d_model": 64, "n_heads": 4, "n_kv_heads": 2},
  "tokenizer": {"train": {"vocab_size": 300, "sources": [{"path": "a.jsonl"}]}},
  "stages": [{"sources": [{"path": "a.jsonl", "weight": 2}, {"path": "/b.jsonl", "kind": "dialogue"}],
              "steps": 5, "lr": 0.01, "schedule": "linear", "loss_mask": "assistant"}]})";

std::string ErrorOf(const std::function<void(Json&)>& change) {
  Json json = ParseJson(kRecipe);
  change(json);
  try {
    ParseRecipe(json, "/recipes");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Recipe, ReadsWhatItSays) {
  const TrainRecipe recipe = ParseRecipe(ParseJson(kRecipe), "/recipes");
  EXPECT_EQ(recipe.model.head_dim, 16);
  ASSERT_EQ(recipe.stages.size(), 1u);
  EXPECT_EQ(recipe.stages[0].sources[0].path, "/recipes/a.jsonl");
  EXPECT_EQ(recipe.stages[0].sources[1].path, "/b.jsonl");
  EXPECT_EQ(recipe.stages[0].sources[1].kind, SourceKind::kDialogue);
  EXPECT_EQ(recipe.stages[0].schedule.kind, ScheduleKind::kLinear);
  EXPECT_TRUE(recipe.stages[0].assistant_only);
}

TEST(Recipe, ReadsSourcesOfAllKinds) {
  Json json = ParseJson(kRecipe);
  json["stages"][0]["sources"] = ParseJson(R"([
    {"path": "crawl.jsonl.zst", "field": "content", "languages": ["ko", "en"], "max_mb": 5},
    {"package": "rust-doc", "path": "usr/share/doc/rust-doc/html/book"},
    {"path": "pages/", "clean": false}])");
  json["decontaminate"] = {"eval.jsonl"};
  const TrainRecipe recipe = ParseRecipe(json, "/recipes");
  const std::vector<SourceRecipe>& sources = recipe.stages[0].sources;
  EXPECT_EQ(sources[0].field, "content");
  EXPECT_THAT(sources[0].languages,
              testing::ElementsAre(LanguageTag::kEnglish, LanguageTag::kKorean));
  EXPECT_EQ(sources[0].name(), "crawl");
  EXPECT_EQ(sources[1].package, "rust-doc");
  EXPECT_EQ(sources[1].path, "usr/share/doc/rust-doc/html/book");
  EXPECT_EQ(sources[1].name(), "rust-doc");
  EXPECT_EQ(sources[2].name(), "pages");
  EXPECT_FALSE(sources[2].clean);
  EXPECT_EQ(recipe.decontaminate[0], "/recipes/eval.jsonl");
  const Json once = RecipeToJson(recipe);
  EXPECT_EQ(RecipeToJson(ParseRecipe(once, "/elsewhere")), once);
}

TEST(Recipe, KeepsEverythingOverARoundTrip) {
  const Json once = RecipeToJson(ParseRecipe(ParseJson(kRecipe), "/recipes"));
  EXPECT_EQ(RecipeToJson(ParseRecipe(once, "/elsewhere")), once);
}

TEST(Recipe, NamesTheKeyThatIsWrong) {
  using testing::HasSubstr;
  EXPECT_THAT(ErrorOf([](Json& j) { j["stages"][0]["learning_rate"] = 1; }),
              HasSubstr("unknown key stages[0].learning_rate"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["stages"][0]["lr"] = "fast"; }), HasSubstr("stages[0].lr"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["stages"][0]["minutes"] = 3; }), HasSubstr("exactly one of"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["stages"][0]["schedule"] = "step"; }),
              HasSubstr("cosine, linear, constant"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["model"]["n_kv_heads"] = 3; }), HasSubstr("multiple"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["model"]["d_model"] = 1e12; }), HasSubstr("model.d_model"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["stages"][0]["sources"][0].erase("path"); }),
              HasSubstr("stages[0].sources[0].path is missing"));
  const auto source = [](Json& j) -> Json& { return j["stages"][0]["sources"][0]; };
  EXPECT_THAT(ErrorOf([&](Json& j) {
                source(j)["languages"] = {"en", "fr"};
              }),
              HasSubstr("\"fr\" is none of en, ko, ja, code, other"));
  EXPECT_THAT(ErrorOf([&](Json& j) { source(j)["languages"] = "en"; }),
              HasSubstr("stages[0].sources[0].languages must be a list"));
  EXPECT_THAT(ErrorOf([&](Json& j) {
                source(j)["package"] = "rust-doc";
                source(j)["path"] = "../etc";
              }),
              HasSubstr("below its root"));
  EXPECT_THAT(ErrorOf([](Json& j) { j.erase("tokenizer"); }), HasSubstr("tokenizer needs either"));
  EXPECT_THAT(ErrorOf([](Json& j) { j["stages"] = Json::array(); }), HasSubstr("at least one"));
}

const char* const kToml = R"(
name = "small"
model = {d_model = 64, n_heads = 4, n_kv_heads = 2}

[tokenizer.train]
vocab_size = 300
sources = [{path = "a.jsonl"}]

[[stages]]
steps = 5
lr = 1e-2
schedule = "linear"
loss_mask = "assistant"
sources = [
  {path = "a.jsonl", weight = 2},  # twice as often
  {path = "/b.jsonl", kind = "dialogue"},
])";

TEST(Recipe, TomlSaysTheSameAsJson) {
  EXPECT_EQ(RecipeToJson(ParseRecipe(ParseToml(kToml), "/recipes")),
            RecipeToJson(ParseRecipe(ParseJson(kRecipe), "/recipes")));
  const TestFolder folder;
  WriteFileAtomically(folder / "recipe.toml", kToml);
  EXPECT_EQ(LoadRecipe(folder / "recipe.toml").stages[0].sources[0].path, folder / "a.jsonl");
}

std::string TomlError(const std::string& text) {
  try {
    ParseToml(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Recipe, BrokenTomlIsRefusedWithItsLine) {
  using testing::HasSubstr;
  EXPECT_THAT(TomlError("name = \"a\"\nseed = = 2\n"), HasSubstr("line 2"));
  EXPECT_THAT(TomlError("a = 1\na = 2\n"), HasSubstr("line 2"));
  EXPECT_THAT(TomlError("\nday = 2020-01-01\n"), HasSubstr("line 2: a date"));
  EXPECT_THAT(TomlError("[\n  {\"path\": \"a\"}]"), HasSubstr("brackets"));  // JSON, by its end
  EXPECT_THAT(TomlError("あ = 1\n"), HasSubstr("line 1"));
  EXPECT_THAT(TomlError("a = ﻵ\n"), HasSubstr("line 1"));
  const std::string brackets(100000, '[');
  EXPECT_NE(TomlError("a = " + brackets), "no error");
}

TEST(Schedule, RisesThenFalls) {
  const Schedule cosine{
      .kind = ScheduleKind::kCosine, .peak = 1, .warmup = 0.1, .final_share = 0.2};
  EXPECT_DOUBLE_EQ(LearningRate(cosine, 0.05), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(cosine, 0.1), 1.0);
  EXPECT_NEAR(LearningRate(cosine, 0.55), 0.6, 1e-12);
  EXPECT_NEAR(LearningRate(cosine, 7), 0.2, 1e-12);
  const Schedule flat{.kind = ScheduleKind::kConstant, .peak = 2, .warmup = 0};
  EXPECT_DOUBLE_EQ(LearningRate(flat, 0), 2);
  EXPECT_DOUBLE_EQ(LearningRate(flat, 1), 2);
}

TEST(TrainLog, KeepsEntriesDropsTornLinesAndTruncates) {
  const TestFolder folder;
  const fs::path path = folder / "log.jsonl";
  for (int step = 1; step <= 3; ++step) {
    AppendLog(path, {.step = step,
                     .stage = "read",
                     .tokens = step * 10,
                     .loss = 5.0 / step,
                     .validation_loss = step == 2 ? 4.5 : -1.0});
  }
  WriteFileAtomically(path, ReadFile(path) + "{\"step\": 4, \"sta");
  ASSERT_EQ(ReadLog(path).size(), 3u);
  EXPECT_EQ(ReadLog(path)[1].validation_loss, 4.5);
  TruncateLog(path, 2);
  ASSERT_EQ(ReadLog(path).size(), 2u);
  EXPECT_EQ(ReadLog(path)[1].step, 2);
}

TEST(LossCurve, DrawsBothLinesAndSurvivesOddLogs) {
  std::vector<TrainLogEntry> entries;
  for (int i = 1; i <= 2000; ++i) {
    entries.push_back({.step = i, .stage = "read", .tokens = i * 1000, .loss = 9.0 / std::sqrt(i)});
    if (i % 100 == 0) entries.back().validation_loss = 9.5 / std::sqrt(i);
  }
  entries[5].loss = std::nan("");
  const std::string svg = DrawLossCurve(entries);
  EXPECT_THAT(svg, testing::HasSubstr("<polyline class=\"held\""));
  EXPECT_THAT(svg, testing::HasSubstr("million tokens"));
  EXPECT_THAT(svg, testing::Not(testing::HasSubstr("nan")));
  EXPECT_LT(svg.size(), 50000u);
  EXPECT_THAT(DrawLossCurve({}), testing::EndsWith("</svg>\n"));
}

}  // namespace
}  // namespace pioneer
