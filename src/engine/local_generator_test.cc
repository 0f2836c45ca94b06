// Why: the engine as its clients see it, on a model whose every token is known.
#include "engine/local_generator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <functional>

#include "engine/test_model.h"
#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

EngineOptions Options() {
  EngineOptions options;
  options.n_threads = 1;
  return options;
}

CompletionRequest Prompt(const std::string& text, int max_tokens = -1) {
  CompletionRequest request;
  request.prompt = text;
  request.options.limits.max_tokens = max_tokens;
  return request;
}

// Where the engine's thread waits inside a step until the test lets it go on.
class StepGate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_ || allowed_ > 0; });
    --waiting_;
    if (!open_) --allowed_;
  }
  void AwaitStep() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0 && allowed_ == 0; });
  }
  void Allow(int n) {
    const std::lock_guard lock(mutex_);
    allowed_ += n;
    changed_.notify_all();
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0, allowed_ = 0;
  bool open_ = false;
};

Error ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "no error was thrown");
}

void ExpectIdle(const LocalGenerator& generator) {
  const GeneratorStats stats = generator.stats();
  EXPECT_EQ(stats.running, 0);
  EXPECT_EQ(stats.waiting, 0);
  EXPECT_EQ(stats.kv_bytes_used, 0);
}

TEST(LocalGenerator, StreamsAnAnswerToItsEnd) {
  LocalGenerator generator(
      std::make_shared<TestModel>(200, TestModel::Saying("Grüße, 세계! 🙂 done")), Options());
  auto generation = generator.Complete(Prompt("Say:"));
  Collected all;
  while (auto event = generation->Next()) {
    if (auto* text = std::get_if<TextEvent>(&*event)) {
      EXPECT_TRUE(IsValidUtf8(text->text));
    }
    Take(all, std::move(*event));
  }
  EXPECT_EQ(all.texts.at(0), "Grüße, 세계! 🙂 done");
  EXPECT_EQ(all.reason(), FinishReason::kStop);
  EXPECT_GT(all.n_text_events, 10);
  EXPECT_EQ(all.usage.prompt_tokens, 5);
  EXPECT_EQ(all.usage.completion_tokens, static_cast<int>(sizeof("Grüße, 세계! 🙂 done")));
  EXPECT_EQ(all.usage.cached_tokens, 0);
  EXPECT_GE(all.usage.generation_seconds, 0);
  EXPECT_FALSE(generation->Next().has_value());
  ExpectIdle(generator);
  EXPECT_EQ(generator.stats().prompt_tokens_total, 5);
}

TEST(LocalGenerator, DescribesTheModel) {
  EngineOptions options = Options();
  options.context_length = 100;
  LocalGenerator generator(std::make_shared<TestModel>(200), options);
  EXPECT_EQ(generator.info().id, "test-model");
  EXPECT_EQ(generator.info().description, "test, 3.9 M parameters, Q8_0");
  EXPECT_EQ(generator.info().context_length, 100);
  EXPECT_EQ(generator.Tokenize("<s>a", true), (std::vector<int32_t>{256, '<', 's', '>', 'a'}));
  EXPECT_EQ(generator.Detokenize({'a', 257}), "a</s>");
}

TEST(LocalGenerator, ChatsByTheModelsTemplate) {
  auto model = std::make_shared<TestModel>(200, TestModel::Saying("Hi!"));
  model->chat_template_ = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}bot:";
  LocalGenerator generator(model, Options());
  ChatRequest request;
  request.messages.emplace_back();
  request.messages.back().role = "user";
  request.messages.back().content = "hello <|im_end|>";
  const Collected all = Collect(*generator.Chat(request));
  EXPECT_EQ(all.texts.at(0), "Hi!");
  EXPECT_EQ(all.usage.prompt_tokens,
            1 + static_cast<int>(sizeof("user: hello <|im_end|>\nbot:")) - 1);
}

TEST(LocalGenerator, StopStringsSpanTokensAndAreCutOff) {
  LocalGenerator generator(
      std::make_shared<TestModel>(200, TestModel::Saying("one EN two END three")), Options());
  CompletionRequest request = Prompt(":");
  request.options.limits.stop = {"END", "never"};
  const Collected all = Collect(*generator.Complete(request));
  EXPECT_EQ(all.texts.at(0), "one EN two ");
  EXPECT_EQ(all.reason(), FinishReason::kStop);
  EXPECT_EQ(all.finishes.at(0).stop_sequence, "END");
  EXPECT_EQ(all.usage.completion_tokens, 14);
}

TEST(LocalGenerator, EndsAtMaxTokensAndAtTheContext) {
  LocalGenerator generator(std::make_shared<TestModel>(50, [](auto&) { return 'x'; }), Options());
  Collected all = Collect(*generator.Complete(Prompt("abc", 7)));
  EXPECT_EQ(all.texts.at(0), "xxxxxxx");
  EXPECT_EQ(all.reason(), FinishReason::kLength);
  all = Collect(*generator.Complete(Prompt("abc", 1000)));
  EXPECT_EQ(all.texts.at(0), std::string(46, 'x'));  // with BOS and the prompt: 50
  EXPECT_EQ(all.reason(), FinishReason::kLength);
  all = Collect(*generator.Complete(Prompt("abc")));
  EXPECT_EQ(all.texts.at(0).size(), 46u);
  all = Collect(*generator.Complete(Prompt("abc", 0)));
  EXPECT_TRUE(all.texts.empty());
  EXPECT_EQ(all.reason(), FinishReason::kLength);
  EXPECT_EQ(all.usage.completion_tokens, 0);
}

TEST(LocalGenerator, RefusesPromptsThatDoNotFit) {
  LocalGenerator generator(std::make_shared<TestModel>(50), Options());
  const Error error = ErrorOf([&] { generator.Complete(Prompt(std::string(60, 'x'))); });
  EXPECT_EQ(error.code(), ErrorCode::kContextLength);
  EXPECT_NE(std::string(error.what()).find("61 tokens"), std::string::npos);
  EXPECT_NE(std::string(error.what()).find("50 tokens"), std::string::npos);
  EXPECT_EQ(ErrorOf([&] { generator.Complete(Prompt(std::string(49, 'x'))); }).code(),
            ErrorCode::kContextLength);
  CompletionRequest request = Prompt("x");
  request.options.sampling.top_p = 2;
  EXPECT_EQ(ErrorOf([&] { generator.Complete(request); }).code(), ErrorCode::kInvalidArgument);
  request.prompt = std::vector<int32_t>{300};
  request.options = {};
  EXPECT_EQ(ErrorOf([&] { generator.Complete(request); }).code(), ErrorCode::kInvalidArgument);
  ExpectIdle(generator);
}

TEST(LocalGenerator, IgnoreEosGoesOnToTheLimit) {
  LocalGenerator generator(std::make_shared<TestModel>(200, TestModel::Saying("ab")), Options());
  CompletionRequest request = Prompt(":", 20);
  request.options.limits.ignore_eos = true;
  const Collected all = Collect(*generator.Complete(request));
  EXPECT_EQ(all.reason(), FinishReason::kLength);
  EXPECT_EQ(all.usage.completion_tokens, 20);
}

TEST(LocalGenerator, ReportsTheModelsLogProbabilities) {
  auto model = std::make_shared<TestModel>(200);
  LocalGenerator generator(model, Options());
  CompletionRequest request = Prompt("ab", 6);
  request.options.logprobs = true;
  request.options.top_logprobs = 3;
  request.options.sampling.seed = 3;
  request.options.sampling.logit_bias = {{'q', 5.0}};
  const Collected all = Collect(*generator.Complete(request));
  const auto& tokens = all.tokens.at(0);
  ASSERT_EQ(tokens.size(), 6u);
  std::vector<int32_t> history = {TestTokenizer::kBos, 'a', 'b'};
  for (const TokenInfo& info : tokens) {
    std::vector<float> logits(model->config().vocab_size);
    model->FillLogits(history, logits.data());
    EXPECT_NEAR(info.chosen.logprob,
                logits[info.chosen.id] - LogSumExp(logits.data(), std::ssize(logits)), 1e-5);
    EXPECT_EQ(info.chosen.bytes, std::string(1, static_cast<char>(info.chosen.id)));
    ASSERT_EQ(info.top.size(), 3u);
    EXPECT_EQ(info.top[0].id, SelectTop(logits, 1)[0].id);
    history.push_back(info.chosen.id);
  }
}

TEST(LocalGenerator, EchoesThePrompt) {
  auto model = std::make_shared<TestModel>(400, TestModel::Saying("!"));
  LocalGenerator generator(model, Options());
  CompletionRequest request = Prompt("한글 and more:");
  request.echo = true;
  EXPECT_EQ(Collect(*generator.Complete(request)).texts.at(0), "한글 and more:!");

  const std::string prompt = std::string(150, 'y') + " 끝:";  // more than one chunk
  request = Prompt(prompt, 0);
  request.echo = true;
  request.options.logprobs = true;
  request.options.limits.stop = {"y"};  // concerns the answer only
  const Collected all = Collect(*generator.Complete(request));
  EXPECT_EQ(all.texts.at(0), prompt);
  const auto& tokens = all.tokens.at(0);
  ASSERT_EQ(tokens.size(), prompt.size() + 1);  // and BOS
  EXPECT_FALSE(tokens[0].has_logprob);
  std::vector<int32_t> history = {TestTokenizer::kBos};
  for (size_t i = 1; i < tokens.size(); ++i) {
    ASSERT_TRUE(tokens[i].has_logprob);
    ASSERT_EQ(tokens[i].chosen.id, static_cast<uint8_t>(prompt[i - 1]));
    std::vector<float> logits(model->config().vocab_size);
    model->FillLogits(history, logits.data());
    ASSERT_NEAR(tokens[i].chosen.logprob,
                logits[tokens[i].chosen.id] - LogSumExp(logits.data(), std::ssize(logits)), 1e-5);
    history.push_back(tokens[i].chosen.id);
  }
  EXPECT_EQ(all.reason(), FinishReason::kLength);
}

CompletionRequest RandomRequest(uint64_t seed) {
  Random random(seed);
  std::string prompt;
  for (uint64_t n = 1 + random.Below(60); n > 0; --n) {
    prompt += static_cast<char>('a' + random.Below(26));
  }
  CompletionRequest request = Prompt(prompt, 100 + static_cast<int>(random.Below(40)));
  request.options.sampling.seed = seed;
  request.options.sampling.top_p = 0.95;
  request.options.sampling.frequency_penalty = 0.5;
  request.options.sampling.repetition_penalty = 1.1;
  return request;
}

// Whatever shares the steps, however prompts are cut, and also when pages run out and sequences are
// run again: each request gives its own tokens.
void ExpectTogetherEqualsAlone(EngineOptions together_options, bool expect_preemptions) {
  constexpr int kRequests = 8;
  std::vector<Collected> alone;
  LocalGenerator single(std::make_shared<TestModel>(256), Options());
  for (int i = 0; i < kRequests; ++i) {
    alone.push_back(Collect(*single.Complete(RandomRequest(i))));
  }
  auto model = std::make_shared<TestModel>(256);
  StepGate gate;
  model->on_forward = [&](const StepBatch&) { gate.Pass(); };
  LocalGenerator together(model, std::move(together_options));
  std::vector<std::unique_ptr<Generation>> generations;
  for (int i = 0; i < kRequests; ++i) generations.push_back(together.Complete(RandomRequest(i)));
  gate.Open();
  int n_prompt = 0;
  for (int i = 0; i < kRequests; ++i) {
    const Collected all = Collect(*generations[i]);
    EXPECT_EQ(all.texts, alone[i].texts) << i;
    EXPECT_EQ(all.reason(), alone[i].reason()) << i;
    EXPECT_EQ(all.usage.completion_tokens, alone[i].usage.completion_tokens);
    n_prompt += all.usage.prompt_tokens;
  }
  EXPECT_EQ(together.stats().prompt_tokens_total, n_prompt);
  ExpectIdle(together);
  EXPECT_EQ(together.stats().preemptions_total > 0, expect_preemptions);
}

TEST(LocalGenerator, TogetherEqualsAlone) { ExpectTogetherEqualsAlone(Options(), false); }

TEST(LocalGenerator, TogetherEqualsAloneInSmallSteps) {
  EngineOptions options = Options();
  options.step_tokens = 9;
  options.n_threads = 2;
  ExpectTogetherEqualsAlone(options, false);
}

TEST(LocalGenerator, TogetherEqualsAloneWhenPagesRunOut) {
  EngineOptions options = Options();
  options.kv_bytes = 8 * 4 * kKvPageTokens;  // 8 pages: 256 tokens for all
  ExpectTogetherEqualsAlone(options, true);
}

TEST(LocalGenerator, AnswersToOnePromptDifferAndCanBeRepeated) {
  LocalGenerator generator(std::make_shared<TestModel>(200), Options());
  CompletionRequest request = Prompt("abc", 20);
  request.options.n = 3;
  request.options.sampling.seed = 11;
  const Collected first = Collect(*generator.Complete(request));
  const Collected second = Collect(*generator.Complete(request));
  ASSERT_EQ(first.texts.size(), 3u);
  EXPECT_EQ(first.texts, second.texts);
  EXPECT_NE(first.texts.at(0), first.texts.at(1));
  EXPECT_EQ(first.finishes.size(), 3u);
  EXPECT_EQ(first.usage.prompt_tokens, 4);
  EXPECT_LE(first.usage.completion_tokens, 60);
}

TEST(LocalGenerator, KeepsTheStepBudget) {
  auto model = std::make_shared<TestModel>(1000, TestModel::Saying("x"));
  EngineOptions options = Options();
  options.step_tokens = 24;
  LocalGenerator generator(model, options);
  EXPECT_EQ(Collect(*generator.Complete(Prompt(std::string(500, 'a') + ":"))).texts.at(0), "x");
  EXPECT_EQ(model->max_rows, 24);
}

TEST(LocalGenerator, CancelTakesEffectWithinOneStep) {
  auto model = std::make_shared<TestModel>(100000, [](auto&) { return 'x'; });
  StepGate gate;
  model->on_forward = [&](const StepBatch&) { gate.Pass(); };
  EngineOptions options = Options();
  options.speculation = false;  // one token a step
  LocalGenerator generator(model, options);
  auto cancelled = generator.Complete(Prompt("a"));
  auto destroyed = generator.Complete(Prompt("b"));
  gate.Allow(5);
  gate.AwaitStep();  // inside the sixth
  EXPECT_GT(generator.stats().kv_bytes_used, 0);
  cancelled->Cancel();
  destroyed.reset();
  gate.Open();
  const Collected all = Collect(*cancelled);
  EXPECT_EQ(all.reason(), FinishReason::kCancelled);
  EXPECT_LE(all.usage.completion_tokens, 6);
  EXPECT_LE(model->n_steps, 6);
  ExpectIdle(generator);
  EXPECT_EQ(generator.stats().cancelled_total, 2);
}

TEST(LocalGenerator, CancelledWhileWaiting) {
  auto model = std::make_shared<TestModel>(1000, TestModel::Saying("x"));
  StepGate gate;
  model->on_forward = [&](const StepBatch&) { gate.Pass(); };
  EngineOptions options = Options();
  options.max_running = 1;
  LocalGenerator generator(model, options);
  auto first = generator.Complete(Prompt(":"));
  gate.AwaitStep();
  auto second = generator.Complete(Prompt(":"));
  EXPECT_EQ(generator.stats().waiting, 1);
  second->Cancel();
  gate.Open();
  EXPECT_EQ(Collect(*second).reason(), FinishReason::kCancelled);
  EXPECT_EQ(Collect(*first).texts.at(0), "x");
}

TEST(LocalGenerator, RefusesMoreThanItsPlaces) {
  auto model = std::make_shared<TestModel>(1000, TestModel::Saying("x"));
  StepGate gate;
  model->on_forward = [&](const StepBatch&) { gate.Pass(); };
  EngineOptions options = Options();
  options.max_running = 1;
  options.max_waiting = 2;
  LocalGenerator generator(model, options);
  auto first = generator.Complete(Prompt(":"));
  CompletionRequest two = Prompt(":");
  two.options.n = 2;
  auto second = generator.Complete(two);
  EXPECT_EQ(ErrorOf([&] { generator.Complete(Prompt(":")); }).code(), ErrorCode::kOverloaded);
  two.options.n = 4;
  EXPECT_EQ(ErrorOf([&] { generator.Complete(two); }).code(), ErrorCode::kInvalidArgument);
  gate.Open();
  EXPECT_EQ(Collect(*first).texts.at(0), "x");
  EXPECT_EQ(Collect(*second).texts.at(1), "x");
  EXPECT_EQ(Collect(*generator.Complete(Prompt(":"))).texts.at(0), "x");
}

TEST(LocalGenerator, ASlowClientBlocksNobodyAndItsQueueStaysShort) {
  auto model = std::make_shared<TestModel>(3000, [](auto&) { return 'x'; });
  StepGate gate;
  model->on_forward = [&](const StepBatch&) { gate.Pass(); };
  EngineOptions options = Options();
  options.speculation = false;  // one token a step for each
  LocalGenerator generator(model, options);
  auto slow = generator.Complete(Prompt("a", 2000));
  auto other = generator.Complete(Prompt("b", 2500));  // ends after the slow one
  gate.Open();
  EXPECT_EQ(Collect(*other).texts.at(0).size(), 2500u);
  const Collected all = Collect(*slow);
  EXPECT_EQ(all.texts.at(0).size(), 2000u);
  EXPECT_LE(all.n_text_events, static_cast<int>(EventChannel::kMaxQueuedEvents));
}

TEST(LocalGenerator, DamagedOutputEndsOneAnswerNotTheService) {
  auto model = std::make_shared<TestModel>(200, TestModel::Saying("ok"));
  LocalGenerator generator(model, Options());
  model->broken = true;
  const Collected all = Collect(*generator.Complete(Prompt(":")));
  EXPECT_EQ(all.reason(), FinishReason::kError);
  EXPECT_NE(all.finishes.at(0).error.find("not finite"), std::string::npos);
  model->broken = false;
  EXPECT_EQ(Collect(*generator.Complete(Prompt(":"))).texts.at(0), "ok");
}

TEST(LocalGenerator, AFailedStepEndsItsAnswersNotTheService) {
  auto model = std::make_shared<TestModel>(200, TestModel::Saying("ok"));
  std::atomic<bool> fail{true};
  model->on_forward = [&](const StepBatch&) {
    if (fail) throw std::bad_alloc();
  };
  LocalGenerator generator(model, Options());
  const Collected all = Collect(*generator.Complete(Prompt(":")));
  EXPECT_EQ(all.reason(), FinishReason::kError);
  EXPECT_NE(all.finishes.at(0).error.find("forward"), std::string::npos);
  fail = false;
  EXPECT_EQ(Collect(*generator.Complete(Prompt(":"))).texts.at(0), "ok");
  ExpectIdle(generator);
}

TEST(LocalGenerator, ShutdownLetsTheRunningFinishWithinItsGrace) {
  auto model = std::make_shared<TestModel>(1000, TestModel::Saying("a long answer"));
  StepGate gate;
  model->on_forward = [&](const StepBatch&) { gate.Pass(); };
  EngineOptions options = Options();
  options.max_running = 1;
  LocalGenerator generator(model, options);
  auto running = generator.Complete(Prompt(":"));
  gate.AwaitStep();
  auto waiting = generator.Complete(Prompt(":"));
  std::thread shutdown([&] { generator.Shutdown(3600); });
  gate.Open();
  shutdown.join();
  EXPECT_EQ(Collect(*running).texts.at(0), "a long answer");
  const Collected never_ran = Collect(*waiting);
  EXPECT_TRUE(never_ran.reason() == FinishReason::kCancelled || never_ran.texts.contains(0));
  EXPECT_EQ(ErrorOf([&] { generator.Complete(Prompt(":")); }).code(), ErrorCode::kOverloaded);
}

TEST(LocalGenerator, DestructionEndsEverything) {
  auto generator = std::make_unique<LocalGenerator>(
      std::make_shared<TestModel>(1'000'000, [](auto&) { return 'x'; }), Options());
  auto generation = generator->Complete(Prompt("a"));
  EXPECT_TRUE(generation->Next().has_value());
  generator.reset();
  EXPECT_EQ(Collect(*generation).reason(), FinishReason::kCancelled);
  generation->Cancel();  // after the engine is gone
}

TEST(LocalGenerator, ManyClientsAtOnce) {
  EngineOptions options = Options();
  options.n_threads = 2;
  options.kv_bytes = 12 * 4 * kKvPageTokens;
  options.max_running = 5;
  options.max_waiting = 1000;
  LocalGenerator generator(std::make_shared<TestModel>(256), options);
  std::vector<std::thread> clients;
  std::atomic<int> n_ended{0};
  for (int client = 0; client < 6; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < 10; ++i) {
        auto generation = generator.Complete(RandomRequest(100 * client + i));
        if (i % 3 == 1) generation->Next();
        if (i % 3 == 2) generation->Cancel();
        if (i % 3 != 1) n_ended += Collect(*generation).finishes.size() == 1;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(n_ended, 6 * 7);
  generator.Shutdown(0);
  ExpectIdle(generator);
}

TEST(LocalGenerator, RefusesOptionsWithoutSense) {
  EngineOptions options = Options();
  options.max_running = 0;
  EXPECT_EQ(ErrorOf([&] { LocalGenerator(std::make_shared<TestModel>(64), options); }).code(),
            ErrorCode::kInvalidArgument);
  options = Options();
  options.kv_bytes = 10;
  EXPECT_EQ(ErrorOf([&] { LocalGenerator(std::make_shared<TestModel>(64), options); }).code(),
            ErrorCode::kOutOfMemory);
}

TEST(LocalGenerator, TheContextIsWhatTheMemoryHolds) {
  EngineOptions options = Options();
  options.kv_bytes = 2 * 4 * kKvPageTokens;
  LocalGenerator generator(std::make_shared<TestModel>(1000, [](auto&) { return 'x'; }), options);
  EXPECT_EQ(generator.info().context_length, 2 * kKvPageTokens);
  EXPECT_EQ(Collect(*generator.Complete(Prompt("a"))).texts.at(0).size(), 62u);
}

}  // namespace
}  // namespace pioneer
