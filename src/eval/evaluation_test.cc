#include "eval/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "engine/local_generator.h"
#include "engine/test_model.h"
#include "eval/loglikelihood.h"
#include "eval/summary.h"
#include "eval/task_file.h"
#include "eval/test_folder.h"
#include "eval/test_generator.h"
#include "model/model.h"
#include "tensor/ops/softmax.h"

namespace pioneer::eval {
namespace {

// Vowels are likely.
double Vowels(const std::string&, char c) {
  return std::string("aeiou").find(c) != std::string::npos ? -0.5 : -3;
}

Task ReadLines(const TestFolder& folder, const std::string& lines) {
  return ReadTask(folder.Write("task.jsonl", lines), {});
}

std::string Choices(int n) {
  std::string lines;
  for (int i = 0; i < n; ++i) {
    lines += R"({"id":"c)" + std::to_string(i) + R"(","input":"Which is )" + std::to_string(i) +
             R"(?","choices":["brr","aei"],"expected":)" + std::to_string(i % 2) +
             ",\"kind\":\"choice\"}\n";
  }
  return lines;
}

TEST(Evaluate, Choices) {
  const TestFolder folder;
  ScoringGenerator generator(Vowels);
  const Task task = ReadLines(folder, Choices(5));
  const TaskResult result = Evaluate(generator, task, {});
  ASSERT_EQ(result.items.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    const ItemResult& item = result.items[i];
    EXPECT_EQ(item.id, "c" + std::to_string(i));
    EXPECT_EQ(item.output, "aei");
    EXPECT_EQ(item.scores.at("acc"), i % 2);
    EXPECT_EQ(item.scores.at("loglikelihood_0"), -12);  // the space, and three letters
    EXPECT_EQ(item.scores.at("loglikelihood_1"), -3 - 1.5);
    EXPECT_EQ(item.n_tokens, 8);
  }
  EXPECT_EQ(generator.requests.size(), 10u);
  const Estimate acc = Summarize(task, result, 1).at(1).estimate;
  EXPECT_DOUBLE_EQ(acc.value, 0.4);
  EXPECT_NEAR(acc.standard_error, std::sqrt(0.4 * 0.6 / 4), 1e-12);
}

TEST(Evaluate, OpenQuestions) {
  const TestFolder folder;
  ScoringGenerator generator(Vowels);
  generator.Add("2+2", {" It is", " 4", "\n", "and more"});
  generator.Add("Say hi", {"Hi", "!"});
  const Task task = ReadLines(
      folder, R"({"id":"sum","input":"2+2=","expected":"4","kind":"number","stop":["\n"]})"
              "\n"
              R"({"messages":[{"role":"user","content":"Say hi"}],"expected":"Hi!"})");
  const TaskResult result = Evaluate(generator, task, {});
  EXPECT_EQ(result.items[0].output, " It is 4");
  EXPECT_EQ(result.items[0].scores.at("exact_match"), 1);
  EXPECT_EQ(result.items[1].output, "Hi!");
  EXPECT_EQ(result.items[1].scores.at("exact_match"), 1);
  const CompletionRequest sent = generator.completions().at(0);
  EXPECT_EQ(sent.options.sampling.temperature, 0);
  EXPECT_EQ(sent.options.limits.max_tokens, 256);
  EXPECT_EQ(std::get<std::vector<int32_t>>(sent.prompt).front(), 1);  // BOS
}

TEST(Evaluate, WhatDoesNotFitIsWrongAndSaysSo) {
  const TestFolder folder;
  ScoringGenerator generator(Vowels, 40);
  const std::string longest(100, 'x');
  const Task choices = ReadLines(
      folder, R"({"input":"a","choices":["b",")" + longest + R"("],"expected":0,"kind":"choice"})");
  EXPECT_EQ(Evaluate(generator, choices, {}).items[0].scores.at("acc"), 0);
  const Task chat = ReadLines(
      folder, R"({"messages":[{"role":"user","content":")" + longest + R"("}],"expected":"a"})");
  const ItemResult item = Evaluate(generator, chat, {}).items[0];
  EXPECT_EQ(item.scores.at("exact_match"), 0);
  EXPECT_TRUE(item.output.starts_with("(not asked: ")) << item.output;
}

// By hand: each vowel 0.5, every other byte 3 nats.
TEST(Evaluate, Texts) {
  const TestFolder folder;
  ScoringGenerator generator(Vowels, 8);
  const Task task = ReadLines(folder, "{\"text\":\"aeiou bcd aaaa\"}\n{\"text\":\"bb\"}");
  const TaskResult result = Evaluate(generator, task, {});
  EXPECT_DOUBLE_EQ(result.items[0].scores.at("loglikelihood"), -9 * 0.5 - 5 * 3);
  EXPECT_DOUBLE_EQ(result.items[1].scores.at("loglikelihood"), -6);
  const std::vector<MetricSummary> summary = Summarize(task, result, 1);
  EXPECT_NEAR(summary[0].estimate.value, 25.5 / 16 / std::log(2.0), 1e-12);  // bits_per_byte
  EXPECT_NEAR(summary[1].estimate.value, std::exp(25.5 / 16), 1e-12);        // byte_perplexity
  EXPECT_NEAR(summary[2].estimate.value, std::exp(25.5 / 4), 1e-9);          // word_perplexity
}

TEST(Evaluate, OneLongTextHasAnErrorFromItsPieces) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 300; ++i) text += i % 3 == 0 ? "brrr grrr nnn\n" : "aei oua\n";
  ScoringGenerator generator(Vowels),
      worse([](const std::string&before, char c) { return Vowels(before, c) - 0.01; });
  const Task task = ReadTask(folder.Write("text.txt", text), {});
  const TaskResult a = Evaluate(generator, task, {}), b = Evaluate(worse, task, {});
  const Estimate bits = Summarize(task, a, 1)[0].estimate;
  EXPECT_EQ(bits.n, 6);  // 3,000 bytes in pieces of 500 and the rest of a line
  int64_t n_bytes = 0;
  double sum = 0;
  for (const TextPiece& piece : a.items[0].pieces) {
    n_bytes += piece.n_bytes;
    sum += piece.loglikelihood;
  }
  EXPECT_EQ(n_bytes, std::ssize(text));
  EXPECT_NEAR(sum, a.items[0].scores.at("loglikelihood"), 1e-9);
  const Comparison comparison = Compare(task, a, b, 1);
  EXPECT_NEAR(comparison.difference.value, 0.01 / std::log(2.0), 1e-9);
  EXPECT_NEAR(comparison.difference.standard_error, 0, 1e-9);  // paired: all pieces agree
}

TEST(Evaluate, Programs) {
  const TestFolder folder;
  ScoringGenerator generator(Vowels);
  generator.Add("def one", {"    return 1\n", "\nprint(", "never shown"});
  generator.Add("def two", {"    return 3\n"});
  const Task task = ReadLines(
      folder, R"({"task_id":"a","prompt":"def one():\n","test":"def check(f): assert f() == 1",)"
              R"("entry_point":"one"})"
              "\n"
              R"({"task_id":"b","prompt":"def two():\n","test":"def check(f): assert f() == 2",)"
              R"("entry_point":"two"})");
  try {
    const TaskResult result = Evaluate(generator, task, {});
    EXPECT_EQ(result.items[0].scores.at("pass@1"), 1) << result.items[0].output;
    EXPECT_EQ(result.items[0].output, "    return 1\n");
    EXPECT_EQ(result.items[1].scores.at("pass@1"), 0);
    EXPECT_NE(result.items[1].output.find("AssertionError"), std::string::npos);
  } catch (const Error& error) {
    ASSERT_EQ(error.code(), ErrorCode::kUnsupported);
    GTEST_SKIP() << error.what();
  }
}

// Stopped after any number of items, a run goes on to the same end, and asks nothing twice.
TEST(Evaluate, GoesOnWhereItWasStopped) {
  const TestFolder folder;
  const Task task = ReadLines(folder, Choices(6));
  ScoringGenerator whole(Vowels);
  const TaskResult expected = Evaluate(whole, task, {});
  for (int64_t stop = 0; stop <= 6; ++stop) {
    EvaluationOptions options;
    options.results = folder.path() / (std::to_string(stop) + ".jsonl");
    options.run = {{"model", "fake"}};
    options.n_together = 2;
    options.on_progress = [&](const EvaluationProgress& progress) {
      if (progress.n_done == stop) options.cancel.Cancel();
    };
    ScoringGenerator generator(Vowels);
    EXPECT_THROW(Evaluate(generator, task, options), Error);
    generator.requests.clear();
    EvaluationOptions again = options;
    again.cancel = CancelToken();
    again.on_progress = nullptr;
    const TaskResult result = Evaluate(generator, task, again);
    EXPECT_EQ(std::ssize(generator.requests), 2 * (6 - stop));
    EXPECT_EQ(result.n_items_run, 6 - stop);
    ASSERT_EQ(result.items.size(), 6u);
    for (size_t i = 0; i < 6; ++i) EXPECT_EQ(result.items[i].scores, expected.items[i].scores);
  }
}

// With the engine: many requests at a time give what each gives alone, and what choices have in
// common is run once.
TEST(Evaluate, TheEngineRunsAContextOnce) {
  const TestFolder folder;
  std::string lines;
  const std::string passage(300, 'p');
  for (int i = 0; i < 12; ++i) {
    lines += R"({"input":")" + passage + std::to_string(i) +
             R"(?","choices":["yes","no","maybe so"],"expected":0,"kind":"choice"})"
             "\n";
  }
  const Task task = ReadLines(folder, lines);
  const auto model = std::make_shared<TestModel>(1000);
  EngineOptions engine;
  engine.n_threads = 1;
  LocalGenerator generator(model, engine);
  const TaskResult result = Evaluate(generator, task, {});
  EXPECT_LT(model->n_rows_run, 400 + 36 * 60);  // and not 36 * 310
  EXPECT_GT(result.n_cached_tokens, 35 * 250);
  const auto& question = std::get<ChoiceQuestion>(task.items[7].question);
  for (size_t c = 0; c < 3; ++c) {
    const ScoredTokens scored = EncodePair(generator, question.context, question.continuations[c]);
    double sum = 0;
    for (size_t p = static_cast<size_t>(scored.first); p < scored.tokens.size(); ++p) {
      const std::vector<int32_t> before(scored.tokens.begin(),
                                        scored.tokens.begin() + static_cast<int64_t>(p));
      std::vector<float> logits(static_cast<size_t>(model->config().vocab_size));
      model->FillLogits(before, logits.data());
      sum += logits[static_cast<size_t>(scored.tokens[p])] -
             LogSumExp(logits.data(), std::ssize(logits));
    }
    EXPECT_NEAR(result.items[7].scores.at("loglikelihood_" + std::to_string(c)), sum, 1e-5);
  }
}

// A real model: the sums are those of the plain run, whatever stands beside it.
TEST(Evaluate, ARealModelPrefersItsOwnStories) {
  const fs::path path = fs::path(PIONEER_SOURCE_DIR) / "../shared/data/models/stories260K.gguf";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
  const std::shared_ptr<Model> model = LoadModel(path, {});
  EngineOptions engine;
  engine.n_threads = 1;
  LocalGenerator generator(model, engine);
  const TestFolder folder;
  const Task task = ReadLines(
      folder, R"({"input":"Once upon a time, there was a little girl named","choices":)"
              R"(["Lily. She loved to play outside.","quantum chromodynamics"],"expected":0,)"
              R"("kind":"choice"})"
              "\n"
              R"({"input":"She loved to play outside in the","choices":["the the","park."],)"
              R"("expected":1,"kind":"choice"})");
  const TaskResult result = Evaluate(generator, task, {});
  EXPECT_EQ(result.items[0].scores.at("acc"), 1);
  EXPECT_EQ(result.items[1].scores.at("acc"), 1);
  const auto& question = std::get<ChoiceQuestion>(task.items[1].question);
  EngineOptions plain = engine;
  plain.prefix_cache = false;
  LocalGenerator alone(model, plain);
  ScoredTokens scored = EncodePair(alone, question.context, question.continuations[1]);
  const Loglikelihood score = FinishScoring(*StartScoring(alone, scored), scored);
  EXPECT_EQ(result.items[1].scores.at("loglikelihood_1"), score.value);  // bit for bit
}

}  // namespace
}  // namespace pioneer::eval
