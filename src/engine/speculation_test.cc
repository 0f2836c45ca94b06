// Why: guessed or not, an answer is the same to the last bit; and guesses are made where they pay.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/guessing.h"
#include "engine/local_generator.h"
#include "engine/test_model.h"
#include "model/test_architectures.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

// A step takes 10 ms, and each row so many more.
StepCosts CostsOf(double row_seconds) {
  StepCosts costs(0);
  for (int i = 0; i < 200; ++i) costs.Observe(1 + i % 4, 0, 0.010 + row_seconds * (1 + i % 4));
  return costs;
}

TEST(Guessing, RowsPayWhereTheyAreCheapOrLikely) {
  const auto guesses = [](int n_answers, double chance, double row_seconds) {
    const std::vector<std::vector<double>> chances(static_cast<size_t>(n_answers), {chance});
    const auto n = ChooseGuesses(chances, n_answers, 100, CostsOf(row_seconds));
    return static_cast<int>(std::count(n.begin(), n.end(), 1));
  };
  EXPECT_EQ(guesses(1, 0.2, 0.0005), 1);
  EXPECT_EQ(guesses(1, 0.02, 0.0005), 0);
  EXPECT_EQ(guesses(1, 0.9, 0.010), 1);
  EXPECT_EQ(guesses(1, 0.3, 0.010), 0);
  // Beside 30 answers a step is long, and brings much anyway.
  EXPECT_EQ(guesses(30, 0.5, 0.0005), 0);
  EXPECT_EQ(ChooseGuesses(std::vector<std::vector<double>>{{1.0}}, 1, 100, StepCosts(0)),
            std::vector<int>{0});  // nothing is known yet
}

TEST(Guessing, LooksOnlyWhereASureGuessWouldPay) {
  EXPECT_TRUE(SureGuessPays(1, 1, CostsOf(0.0005)));
  EXPECT_TRUE(SureGuessPays(8, 8, CostsOf(0.0005)));
  // A step of 64 rows takes 0.65 s: one of 65 takes longer by what it brings more.
  EXPECT_FALSE(SureGuessPays(64, 64, CostsOf(0.010)));
  EXPECT_FALSE(SureGuessPays(1, 1, StepCosts(0)));  // nothing is known yet
}

TEST(Guessing, DraftsAsLongAsTheyPay) {
  const StepCosts costs = CostsOf(0.0005);
  const auto rounds = [&](double chance, double round_seconds) {
    return ChooseDraftRounds(std::vector<double>{chance}, 8, 1, 1, round_seconds, costs);
  };
  EXPECT_EQ(rounds(0.99, 0.0001), 8);
  EXPECT_GT(rounds(0.8, 0.001), 2);
  EXPECT_LT(rounds(0.8, 0.001), 8);
  EXPECT_EQ(rounds(0.8, 0.010), 0);
  EXPECT_EQ(rounds(0.01, 0.001), 0);
}

TEST(Guessing, ChoosesTheLikeliestFirst) {
  const StepCosts costs = CostsOf(0.002);
  const std::vector<std::vector<double>> chances = {{0.3, 0.1}, {}, {0.95, 0.9, 0.85, 0.1}};
  EXPECT_EQ(ChooseGuesses(chances, 3, 100, costs), (std::vector<int>{0, 0, 3}));
  EXPECT_EQ(ChooseGuesses(chances, 3, 4, costs), (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(ChooseGuesses(chances, 3, 3, costs), (std::vector<int>{0, 0, 0}));
}

TEST(Guessing, OddsFollowWhatHappensAndForget) {
  GuessOdds odds;
  const double before = odds.Chances(4, 1).front();
  for (int i = 0; i < 20; ++i) odds.Observe(4, 3, 0);
  EXPECT_LT(odds.Chances(4, 1).front(), 0.1);
  EXPECT_DOUBLE_EQ(odds.Chances(16, 1).front(), GuessOdds().Chances(16, 1).front());
  for (int i = 0; i < 1000; ++i) odds.Observe(4, 0, 0);
  EXPECT_NEAR(odds.Chances(4, 1).front(), before, 0.01);
  for (int i = 0; i < 20; ++i) odds.Observe(4, 4, 4);
  const auto chances = odds.Chances(4, 4);
  EXPECT_GT(chances.front(), 0.9);
  EXPECT_TRUE(std::is_sorted(chances.rbegin(), chances.rend()));
}

// Every step takes as long as any other, so that rows cost nothing and all guesses pay; but for
// what models are made to take.
class EvenClock : public Clock {
 public:
  int64_t MonotonicNs() const override { return now_ns_ += 1000; }
  int64_t UnixMs() const override { return 0; }
  void Advance(double seconds) const { now_ns_ += static_cast<int64_t>(seconds * 1e9); }

 private:
  mutable std::atomic<int64_t> now_ns_{0};
};
const EvenClock kClock;

std::shared_ptr<TestModel> ModelTaking(double seconds, int context, TestModel::Program program) {
  auto model = std::make_shared<TestModel>(context, std::move(program));
  model->on_forward = [seconds](const StepBatch&) { kClock.Advance(seconds); };
  return model;
}

EngineOptions Options(bool speculation) {
  EngineOptions options;
  options.clock = &kClock;
  options.n_threads = 1;
  options.speculation = speculation;
  return options;
}

CompletionRequest Request(const std::string& prompt, int max_tokens) {
  CompletionRequest request;
  request.prompt = prompt;
  request.options.limits.max_tokens = max_tokens;
  request.options.sampling.temperature = 0;
  return request;
}

const std::string kPassage =
    "The quick brown fox jumps over the lazy dog, and the dog, which is lazy, lets it. ";

TEST(Speculation, AQuotationTakesFewSteps) {
  auto model = std::make_shared<TestModel>(2000, TestModel::Saying(kPassage));
  LocalGenerator generator(model, Options(true));
  for (int i = 0; i < 3; ++i) Collect(*generator.Complete(Request("warm up>", 40)));
  model->n_steps = 0;
  const Collected answer = Collect(*generator.Complete(Request(kPassage + "\n>", 500)));
  EXPECT_EQ(answer.texts.at(0), kPassage);
  EXPECT_EQ(answer.reason(), FinishReason::kStop);
  EXPECT_EQ(answer.usage.completion_tokens, static_cast<int>(kPassage.size()) + 1);
  EXPECT_LT(model->n_steps, static_cast<int>(kPassage.size()) / 2);
  const GeneratorStats stats = generator.stats();
  EXPECT_GT(stats.accepted_tokens_total, static_cast<int64_t>(kPassage.size()) / 2);
  EXPECT_GE(stats.guessed_tokens_total, stats.accepted_tokens_total);
}

TEST(Speculation, APredictionIsAsGoodAsAPassageOfThePrompt) {
  auto model = std::make_shared<TestModel>(2000, TestModel::Saying(kPassage));
  LocalGenerator generator(model, Options(true));
  CompletionRequest request = Request("Say it again>", 500);
  const Collected plain = Collect(*generator.Complete(request));
  EXPECT_EQ(plain.usage.accepted_tokens + plain.usage.rejected_tokens, 0);
  request.options.prediction = "Before. " + kPassage;
  request.options.n = 2;
  model->n_steps = 0;
  const int64_t n_before = generator.stats().guessed_tokens_total;
  const Collected answer = Collect(*generator.Complete(request));
  EXPECT_EQ(answer.texts.at(1), plain.texts.at(0));
  EXPECT_LT(model->n_steps, static_cast<int>(kPassage.size()) / 2);
  EXPECT_GT(answer.usage.accepted_tokens, static_cast<int>(kPassage.size()));
  EXPECT_EQ(answer.usage.accepted_tokens + answer.usage.rejected_tokens,
            generator.stats().guessed_tokens_total - n_before);
}

TEST(Speculation, IsOffWhereItIsSwitchedOffOrAStateIsKept) {
  for (const bool recurrent : {false, true}) {
    auto model = std::make_shared<TestModel>(2000, TestModel::Saying(kPassage + kPassage));
    if (recurrent) model->MakeRecurrent();
    LocalGenerator generator(model, Options(recurrent));
    Collect(*generator.Complete(Request(kPassage + ">", 100)));
    EXPECT_EQ(generator.stats().guessed_tokens_total, 0);
  }
}

TEST(Speculation, AnswersEndWhereTheyWouldHaveEnded) {
  const auto ask = [](bool speculation, const auto& change) {
    auto model = std::make_shared<TestModel>(2000, TestModel::Saying(kPassage + kPassage));
    LocalGenerator generator(model, Options(speculation));
    CompletionRequest request = Request(kPassage + ">", 150);
    change(request);
    Collected last;
    for (int i = 0; i < 3; ++i) last = Collect(*generator.Complete(request));
    EXPECT_EQ(generator.stats().accepted_tokens_total > 0, speculation);
    return last;
  };
  const auto same = [&](const auto& change) {
    const Collected plain = ask(false, change), guessed = ask(true, change);
    EXPECT_EQ(guessed.texts, plain.texts);
    EXPECT_EQ(guessed.usage.completion_tokens, plain.usage.completion_tokens);
    EXPECT_EQ(guessed.reason(), plain.reason());
    EXPECT_EQ(guessed.finishes.at(0).stop_sequence, plain.finishes.at(0).stop_sequence);
  };
  same([](CompletionRequest&) {});
  for (const int n : {1, 2, 31, 32, 33, 100}) {
    same([n](CompletionRequest& request) { request.options.limits.max_tokens = 20 + n; });
  }
  same([](CompletionRequest& request) { request.options.limits.stop = {"lazy dog", "which"}; });
  same([](CompletionRequest& request) {
    request.options.grammar = {OutputGrammar::Kind::kRegex, "The quick brown fox [a-z ]*, and"};
  });
  same([](CompletionRequest& request) {
    request.options.grammar = {OutputGrammar::Kind::kRegex, "The quick brown [a-z]{3} jumps over"};
    request.options.logprobs = true;
  });
}

// Prompts that loop, answers of all kinds, together and cancelled now and then, in little space.
CompletionRequest RandomRequest(Random& random, int vocab_size) {
  CompletionRequest request;
  std::vector<int32_t> tokens;
  const auto n_distinct = static_cast<int>(3 + random.Below(6));
  const auto length = static_cast<int>(2 + random.Below(80));
  for (int i = 0; i < length; ++i) {
    tokens.push_back(static_cast<int32_t>((i % n_distinct * 7 + random.Below(12) / 11) %
                                          static_cast<uint64_t>(vocab_size)));
  }
  request.prompt = tokens;
  GenerationOptions& options = request.options;
  options.limits.max_tokens = static_cast<int>(1 + random.Below(60));
  options.limits.ignore_eos = random.Below(2) == 0;
  options.sampling.seed = random.Next();
  options.sampling.temperature = random.Below(2) == 0 ? 0 : 0.7;
  if (random.Below(3) == 0) options.sampling.frequency_penalty = 0.5;
  if (random.Below(3) == 0) options.sampling.repetition_penalty = 1.2;
  if (random.Below(3) == 0) options.sampling.dry.multiplier = 0.8;
  if (random.Below(3) == 0) options.n = 2;
  if (random.Below(2) == 0) {
    options.logprobs = true;
    options.top_logprobs = 3;
  }
  if (random.Below(4) == 0) request.echo = true;
  return request;
}

void ExpectEqual(const Collected& got, const Collected& expected) {
  EXPECT_EQ(got.texts, expected.texts);
  EXPECT_EQ(got.usage.completion_tokens, expected.usage.completion_tokens);
  ASSERT_EQ(got.tokens.size(), expected.tokens.size());
  for (const auto& [index, tokens] : expected.tokens) {
    const auto& own = got.tokens.at(index);
    ASSERT_EQ(own.size(), tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i) {
      EXPECT_EQ(own[i].chosen.id, tokens[i].chosen.id);
      EXPECT_EQ(own[i].chosen.logprob, tokens[i].chosen.logprob);
      ASSERT_EQ(own[i].top.size(), tokens[i].top.size());
    }
  }
}

// Returns how many guesses were right.
int64_t ExpectPlainAnswers(const std::function<std::shared_ptr<Model>()>& make_model, uint64_t seed,
                           int n_rounds, std::shared_ptr<Model> draft = nullptr) {
  const auto model = make_model();
  EngineOptions options = Options(true);
  options.draft = draft;
  options.kv_bytes = (draft ? 80 : 40) * model->memory().BytesFor(kKvPageTokens);
  LocalGenerator plain(make_model(), Options(false)), generator(model, options);
  Random random(seed);
  for (int round = 0; round < n_rounds; ++round) {
    std::vector<CompletionRequest> requests;
    std::vector<std::unique_ptr<Generation>> running;
    for (int i = 0; i < 4; ++i) {
      requests.push_back(RandomRequest(random, model->config().vocab_size));
      running.push_back(generator.Complete(requests.back()));
    }
    if (round % 3 == 0) {
      running.back()->Cancel();
      running.pop_back();
    }
    std::vector<Collected> answers;
    for (const auto& generation : running) answers.push_back(Collect(*generation));
    for (size_t i = 0; i < answers.size(); ++i) {
      ExpectEqual(answers[i], Collect(*plain.Complete(requests[i])));
    }
  }
  EXPECT_EQ(generator.stats().kv_bytes_used, 0);
  return generator.stats().accepted_tokens_total;
}

TEST(Speculation, GivesThePlainAnswersOfATestModel) {
  // Goes on as five tokens before, mostly.
  const auto loops = [](const std::vector<int32_t>& history) -> int32_t {
    return history.size() % 19 > 0 && history.size() > 5 ? history[history.size() - 5] : -1;
  };
  EXPECT_GT(ExpectPlainAnswers([&] { return std::make_shared<TestModel>(500, loops); }, 1, 30),
            100);
}

// A letter that nothing but the whole history tells.
int32_t HashOf(const std::vector<int32_t>& history) {
  uint64_t hash = 7;
  for (const int32_t id : history) hash = hash * 31 + static_cast<uint64_t>(id);
  return static_cast<int32_t>('a' + (hash >> 7) % 26);
}

// A draft model that is right mostly, one that never is, one whose context is short.
TEST(Speculation, GivesThePlainAnswersWithADraftModel) {
  const auto mostly = [](const std::vector<int32_t>& history) {
    return history.size() % 7 == 0 ? '!' : HashOf(history);
  };
  const auto make_model = [&] { return ModelTaking(0.010, 500, HashOf); };
  const auto draft = [](int context, const TestModel::Program& program) {
    return ModelTaking(0.001, context, program);
  };
  EXPECT_GT(ExpectPlainAnswers(make_model, 3, 12, draft(500, mostly)), 300);
  EXPECT_GT(ExpectPlainAnswers(make_model, 4, 12, draft(60, mostly)), 50);
  EXPECT_LT(ExpectPlainAnswers(make_model, 5, 12, draft(500, [](auto&) { return '?'; })), 50);
}

TEST(Speculation, ADraftModelReadsALongPromptBitByBit) {
  const auto program = TestModel::Saying("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP");
  const auto model = ModelTaking(0.010, 5000, program), draft = ModelTaking(0.001, 5000, program);
  EngineOptions options = Options(true);
  options.draft = draft;
  LocalGenerator generator(model, options);
  CompletionRequest request;
  std::vector<int32_t> prompt;
  Random random(9);
  for (int i = 0; i < 1000; ++i) prompt.push_back(static_cast<int32_t>(random.Below(26) + 'a'));
  prompt.push_back('>');
  request.prompt = prompt;
  request.options.sampling.temperature = 0;
  Collect(*generator.Complete(Request("warm up>", 10)));
  draft->max_rows = 0;
  EXPECT_EQ(Collect(*generator.Complete(request)).texts.at(0).substr(0, 6), "abcdef");
  EXPECT_EQ(draft->max_rows, DraftModel::kReadTokens);
  EXPECT_GT(generator.stats().accepted_tokens_total, 20);
}

TEST(Speculation, ADraftModelThatWasSlowOnceIsAskedAgain) {
  const auto model = ModelTaking(0.010, 5000, HashOf);
  const auto draft = std::make_shared<TestModel>(5000, HashOf);
  draft->on_forward = [&](const StepBatch&) { kClock.Advance(draft->n_steps < 4 ? 0.200 : 0.001); };
  EngineOptions options = Options(true);
  options.draft = draft;
  LocalGenerator generator(model, options);
  Collect(*generator.Complete(Request("go", 4000)));
  EXPECT_GT(draft->n_steps, 100);
}

TEST(Speculation, ADraftModelMustHaveTheSameTokens) {
  EngineOptions options = Options(true);
  auto recurrent = std::make_shared<TestModel>(100);
  recurrent->MakeRecurrent();
  options.draft = recurrent;
  EXPECT_THROW(LocalGenerator(std::make_shared<TestModel>(100), options), Error);
  const TemporaryFolder folder;
  WriteRandomModel(folder / "model.gguf", AllCases().front().options);
  options.draft = LoadModel(folder / "model.gguf");
  EXPECT_THROW(LocalGenerator(std::make_shared<TestModel>(100), options), Error);
}

// Real arithmetic: a row of a step of many gives what it gives alone.
class SpeculationOfModelsTest : public testing::TestWithParam<const char*> {};

TEST_P(SpeculationOfModelsTest, GivesThePlainAnswers) {
  const TemporaryFolder folder;
  for (Case& c : AllCases()) {
    if (c.name == GetParam()) WriteRandomModel(folder / "model.gguf", c.options);
  }
  EXPECT_GT(ExpectPlainAnswers([&] { return LoadModel(folder / "model.gguf"); }, 2, 6), 0);
}

INSTANTIATE_TEST_SUITE_P(AllKindsOfAttention, SpeculationOfModelsTest,
                         testing::Values("llama", "gemma3", "gemma4", "gpt-oss", "deepseek2",
                                         "qwen3moe"),
                         NameOfTest);

}  // namespace
}  // namespace pioneer
