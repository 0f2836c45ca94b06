// Why: what is shared, kept or read again must be what would have been computed: every answer is
// the plain run's, to the last bit of its log probabilities, and no page is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/local_generator.h"
#include "engine/test_model.h"
#include "model/test_architectures.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

EngineOptions Plain() {
  EngineOptions options;
  options.n_threads = 1;
  options.prefix_cache = false;
  return options;
}

EngineOptions Cached() {
  EngineOptions options = Plain();
  options.prefix_cache = true;
  return options;
}

CompletionRequest Request(const std::string& prompt, int max_tokens = 20) {
  CompletionRequest request;
  request.prompt = prompt;
  request.options.limits.max_tokens = max_tokens;
  request.options.limits.ignore_eos = true;
  request.options.sampling.seed = 7;
  request.options.logprobs = true;
  request.options.top_logprobs = 2;
  return request;
}

std::string Text(int n, char first = 'a') {
  std::string text;
  for (int i = 0; i < n; ++i) text += static_cast<char>(first + i * i % 11);
  return text;
}

// The conversation so far, and what comes next.
CompletionRequest NextTurn(const std::string& prompt, const Collected& answer,
                           const std::string& next) {
  std::vector<int32_t> tokens = {TestTokenizer::kBos};
  tokens.insert(tokens.end(), prompt.begin(), prompt.end());
  for (const TokenInfo& token : answer.tokens.at(0)) tokens.push_back(token.chosen.id);
  tokens.insert(tokens.end(), next.begin(), next.end());
  CompletionRequest request = Request("");
  request.prompt = tokens;
  return request;
}

void ExpectEqual(const Collected& got, const Collected& expected) {
  EXPECT_EQ(got.texts, expected.texts);
  ASSERT_EQ(got.tokens.size(), expected.tokens.size());
  for (const auto& [index, tokens] : expected.tokens) {
    const auto& own = got.tokens.at(index);
    ASSERT_EQ(own.size(), tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i) {
      EXPECT_EQ(own[i].chosen.id, tokens[i].chosen.id);
      EXPECT_EQ(own[i].chosen.logprob, tokens[i].chosen.logprob);
      ASSERT_EQ(own[i].top.size(), tokens[i].top.size());
      for (size_t t = 0; t < tokens[i].top.size(); ++t) {
        EXPECT_EQ(own[i].top[t].logprob, tokens[i].top[t].logprob);
      }
    }
  }
}

TEST(PrefixCache, ASecondRequestRunsOnlyWhatIsNew) {
  auto model = std::make_shared<TestModel>(1000);
  LocalGenerator generator(model, Cached()), plain(std::make_shared<TestModel>(1000), Plain());
  const std::string prompt = Text(300);
  const Collected first = Collect(*generator.Complete(Request(prompt)));
  EXPECT_EQ(first.usage.cached_tokens, 0);
  ExpectEqual(first, Collect(*plain.Complete(Request(prompt))));
  model->n_rows_run = 0;
  const Collected second = Collect(*generator.Complete(Request(prompt)));
  ExpectEqual(second, first);
  EXPECT_EQ(second.usage.prompt_tokens, 301);
  EXPECT_EQ(second.usage.cached_tokens, 288);  // nine pages
  EXPECT_EQ(model->n_rows_run, 301 - 288 + 19);
  // The answer's own pages serve the next turn.
  const CompletionRequest turn = NextTurn(prompt, first, Text(30, 'k'));
  const Collected third = Collect(*generator.Complete(turn));
  EXPECT_EQ(third.usage.cached_tokens, 320);
  ExpectEqual(third, Collect(*plain.Complete(turn)));
  const GeneratorStats stats = generator.stats();
  EXPECT_EQ(stats.kv_bytes_used, 0);
  EXPECT_GT(stats.kv_bytes_cached, 0);
  EXPECT_EQ(stats.cached_tokens_total, 288 + 320);
}

TEST(PrefixCache, AWholePageAtTheEndIsRunForItsLastToken) {
  auto model = std::make_shared<TestModel>(1000);
  LocalGenerator generator(model, Cached());
  const std::string prompt = Text(2 * kKvPageTokens - 1);  // and BOS: two pages
  const Collected first = Collect(*generator.Complete(Request(prompt)));
  const Collected second = Collect(*generator.Complete(Request(prompt)));
  EXPECT_EQ(second.usage.cached_tokens, kKvPageTokens);
  ExpectEqual(second, first);
}

TEST(PrefixCache, SaltsAdaptersAndEchoesKeepApart) {
  LocalGenerator generator(std::make_shared<TestModel>(1000), Cached());
  CompletionRequest request = Request(Text(100));
  const Collected first = Collect(*generator.Complete(request));
  request.options.cache_salt = "mine";
  EXPECT_EQ(Collect(*generator.Complete(request)).usage.cached_tokens, 0);
  EXPECT_EQ(Collect(*generator.Complete(request)).usage.cached_tokens, 96);
  request.options.cache_salt = "";
  request.echo = true;  // log probabilities of the prompt: all rows are needed
  const Collected echoed = Collect(*generator.Complete(request));
  EXPECT_EQ(echoed.usage.cached_tokens, 0);
  EXPECT_EQ(echoed.tokens.at(0).size(), 101u + 20u);
  EXPECT_EQ(echoed.texts.at(0), Text(100) + first.texts.at(0));
}

// The choices of a question: their context is run once, and each gets the log probabilities that a
// whole echo gives.
TEST(PrefixCache, LogprobsFromATokenOnShareWhatStandsBefore) {
  auto model = std::make_shared<TestModel>(1000);
  LocalGenerator generator(model, Cached());
  std::vector<Collected> whole;
  std::vector<std::unique_ptr<Generation>> parts;
  const auto request = [](const std::string& choice, int from) {
    CompletionRequest one = Request(Text(200) + choice);
    one.echo = true;
    one.logprobs_from = from;
    one.options.logprobs = true;
    one.options.limits.max_tokens = 0;
    return one;
  };
  const std::vector<std::string> choices = {"yes", "no, never", "maybe"};
  for (const std::string& choice : choices) {
    whole.push_back(Collect(*generator.Complete(request(choice, 0))));
  }
  model->n_rows_run = 0;
  for (const std::string& choice : choices) {
    CompletionRequest one = request(choice, 201);  // BOS and 200 bytes
    one.options.cache_salt = "new";
    parts.push_back(generator.Complete(one));
  }
  for (size_t i = 0; i < choices.size(); ++i) {
    const Collected part = Collect(*parts[i]);
    const auto& expected = whole[i].tokens.at(0);
    const auto& tokens = part.tokens.at(0);
    ASSERT_EQ(tokens.size(), expected.size());
    EXPECT_EQ(part.texts, whole[i].texts);
    for (size_t p = 0; p < tokens.size(); ++p) {
      EXPECT_EQ(tokens[p].has_logprob, p >= 201);
      EXPECT_EQ(tokens[p].chosen.id, expected[p].chosen.id);
      if (p < 201) continue;
      EXPECT_EQ(tokens[p].chosen.logprob, expected[p].chosen.logprob);
    }
  }
  EXPECT_LT(model->n_rows_run, 201 + 3 * (kKvPageTokens + 10));
}

// Who scores a prompt leaves out the last token, which was asked for behind it: also where that is
// the end.
TEST(PrefixCache, EchoesWithLogprobsListTheEnd) {
  LocalGenerator generator(std::make_shared<TestModel>(100, TestModel::Saying("")), Cached());
  CompletionRequest request = Request("say:");
  request.echo = true;
  request.options.logprobs = true;
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = 1;
  request.options.limits.ignore_eos = false;
  const Collected all = Collect(*generator.Complete(request));
  ASSERT_EQ(all.tokens.at(0).size(), 1u + 4u + 1u);
  EXPECT_EQ(all.tokens.at(0).back().chosen.id, TestTokenizer::kEos);
  EXPECT_EQ(all.tokens.at(0).back().chosen.bytes, "</s>");
  EXPECT_EQ(all.texts.at(0), "say:");
  EXPECT_EQ(all.reason(), FinishReason::kStop);
}

// Whoever begins as another, which is still at its prompt, waits for it: also the answers to one
// prompt.
void ExpectOnePrompt(bool recurrent) {
  auto model = std::make_shared<TestModel>(2000);
  auto plain_model = std::make_shared<TestModel>(2000);
  if (recurrent) {
    model->MakeRecurrent();
    plain_model->MakeRecurrent();
  }
  EngineOptions options = Cached();
  options.step_tokens = 100;
  LocalGenerator generator(model, options), plain(plain_model, Plain());
  CompletionRequest request = Request(Text(1000));
  request.options.n = 4;
  const Collected answers = Collect(*generator.Complete(request));
  ExpectEqual(answers, Collect(*plain.Complete(request)));
  EXPECT_EQ(answers.usage.cached_tokens, 0);
  EXPECT_EQ(model->n_rows_run, 1001 + 3 * (1001 - 992) + 4 * 19);
  EXPECT_NE(answers.texts.at(0), answers.texts.at(1));
}

TEST(PrefixCache, AnswersToOnePromptRunItOnce) { ExpectOnePrompt(false); }
TEST(PrefixCache, AnswersOfARecurrentModelToo) { ExpectOnePrompt(true); }

TEST(PrefixCache, ARecurrentModelGoesOnFromItsStates) {
  auto model = std::make_shared<TestModel>(4000);
  model->MakeRecurrent();
  auto plain_model = std::make_shared<TestModel>(4000);
  plain_model->MakeRecurrent();
  LocalGenerator generator(model, Cached()), plain(plain_model, Plain());
  const std::string system = Text(1500);
  const auto answer = [&](const CompletionRequest& request) {
    const Collected got = Collect(*generator.Complete(request));
    ExpectEqual(got, Collect(*plain.Complete(request)));
    return got;
  };
  const auto ask = [&](const std::string& text, int max_tokens = 20) {
    return answer(Request(text, max_tokens));
  };
  EXPECT_EQ(ask(system + Text(100, 'k')).usage.cached_tokens, 0);
  // Another question: as far as a state was kept on the way; then it is kept where they part.
  EXPECT_EQ(ask(system + Text(100, 'm')).usage.cached_tokens, 1024);
  EXPECT_EQ(ask(system + Text(100, 'o')).usage.cached_tokens, 1501 / 32 * 32);
  // The same question again, and one that goes on from its answer.
  const Collected again = ask(system + Text(100, 'o'), 100);
  EXPECT_EQ(again.usage.cached_tokens, 1600);
  const Collected next = answer(NextTurn(system + Text(100, 'o'), again, "and?"));
  EXPECT_EQ(next.usage.cached_tokens, 1700 / 32 * 32);
}

struct Load {
  std::vector<CompletionRequest> requests;
  std::vector<bool> cancelled;
};

Load RandomLoad(uint64_t seed, int n_requests) {
  Random random(seed);
  Load load;
  for (int i = 0; i < n_requests; ++i) {
    std::string prompt;
    for (uint64_t n = random.Below(4); n > 0; --n) {
      prompt += Text(20 + static_cast<int>(random.Below(2)) * 25,
                     static_cast<char>('a' + random.Below(2)));
    }
    CompletionRequest request = Request(prompt + "x", 1 + static_cast<int>(random.Below(70)));
    request.options.sampling.seed = random.Next();
    request.options.n = random.Below(4) == 0 ? 3 : 1;
    request.options.priority = random.Below(3) == 0 ? Priority::kBatch : Priority::kInteractive;
    request.echo = random.Below(8) == 0;
    if (random.Below(6) == 0) request.options.cache_salt = "salt";
    load.requests.push_back(request);
    load.cancelled.push_back(random.Below(7) == 0);
  }
  return load;
}

// Few pages, so that there are preemptions and evictions; priorities, cancellations and beginnings
// that are shared in all ways.
void ExpectPlainAnswers(bool recurrent, uint64_t seed) {
  constexpr int kRequests = 40;
  const Load load = RandomLoad(seed, kRequests);
  const auto make = [&](EngineOptions options) {
    auto model = std::make_shared<TestModel>(256);
    if (recurrent) model->MakeRecurrent();
    options.max_waiting = 1000;
    return std::make_unique<LocalGenerator>(model, options);
  };
  const auto plain = make(Plain());
  EngineOptions options = Cached();
  options.n_threads = 2;
  options.max_running = 6;
  options.step_tokens = 40;
  options.kv_bytes = 20 * 4 * kKvPageTokens;  // 20 pages
  if (recurrent) options.kv_bytes = 24 * 4 * kKvPageTokens;
  const auto cached = make(options);
  std::vector<std::unique_ptr<Generation>> running;
  for (int i = 0; i < kRequests; ++i) {
    running.push_back(cached->Complete(load.requests[i]));
    if (load.cancelled[i]) running.back()->Cancel();
    if (i % 8 == 7) Collect(*running[i - 7]);  // some have ended when others come
    if (i % 8 == 7) running[i - 7] = cached->Complete(load.requests[i - 7]);
  }
  for (int i = 0; i < kRequests; ++i) {
    const Collected got = Collect(*running[i]);
    if (load.cancelled[i] && i % 8 != 0) continue;
    ExpectEqual(got, Collect(*plain->Complete(load.requests[i])));
  }
  const GeneratorStats stats = cached->stats();
  EXPECT_EQ(stats.kv_bytes_used, 0);
  EXPECT_EQ(stats.running + stats.waiting, 0);
  EXPECT_GT(stats.cached_tokens_total, 0);
}

TEST(PrefixCache, EveryAnswerIsThePlainRuns) {
  for (uint64_t seed = 0; seed < 12; ++seed) ExpectPlainAnswers(false, seed);
}
TEST(PrefixCache, EveryAnswerOfARecurrentModelIsThePlainRuns) {
  for (uint64_t seed = 0; seed < 12; ++seed) ExpectPlainAnswers(true, seed);
}

class KeptPrefixesTest : public testing::Test {
 protected:
  EngineOptions Options(const std::string& identity = "model 1") const {
    EngineOptions options = Cached();
    options.kept_prefixes = {folder_ / "kept" / "test.kv", identity, max_bytes_};
    return options;
  }
  std::shared_ptr<TestModel> MakeModel() const {
    auto model = std::make_shared<TestModel>(1000);
    if (recurrent_) model->MakeRecurrent();
    return model;
  }
  Collected Ask(const std::string& prompt, const std::string& identity = "model 1") {
    LocalGenerator generator(MakeModel(), Options(identity));
    return Collect(*generator.Complete(Request(prompt)));
  }
  fs::path file() const { return folder_ / "kept" / "test.kv"; }

  const TemporaryFolder folder_;
  int64_t max_bytes_ = 1 << 20;
  bool recurrent_ = false;
};

TEST_F(KeptPrefixesTest, SurviveARestart) {
  for (const bool recurrent : {false, true}) {
    recurrent_ = recurrent;
    const std::string identity = recurrent ? "recurrent" : "plain";
    const Collected first = Ask(Text(300), identity);
    const Collected second = Ask(Text(300), identity);
    EXPECT_EQ(second.usage.cached_tokens, 288);
    ExpectEqual(second, first);
    Ask(Text(100, 'k'), identity);
    EXPECT_EQ(Ask(Text(300), identity).usage.cached_tokens, 288);  // was kept, though not used
    EXPECT_EQ(Ask(Text(100, 'k'), identity).usage.cached_tokens, 96);
  }
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(file().parent_path()).permissions(), fs::perms::owner_all);
}

TEST_F(KeptPrefixesTest, OtherFilesAreLeftAlone) {
  const Collected first = Ask(Text(300));
  const Collected other = Ask(Text(300), "model 2");
  EXPECT_EQ(other.usage.cached_tokens, 0);
  ExpectEqual(other, first);
  EXPECT_EQ(Ask(Text(300), "model 2").usage.cached_tokens, 288);
}

TEST_F(KeptPrefixesTest, DamageCostsTimeOnly) {
  const Collected first = Ask(Text(300));
  const std::string whole = ReadFile(file());
  for (size_t at = 0; at < whole.size(); at += whole.size() / 23) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    WriteFileAtomically(file(), damaged);
    ExpectEqual(Ask(Text(300)), first);
    EXPECT_EQ(Ask(Text(300)).usage.cached_tokens, 288) << at;  // and it is mended
  }
  for (const size_t size : {size_t{0}, size_t{10}, whole.size() / 2, whole.size() - 1}) {
    WriteFileAtomically(file(), whole.substr(0, size));
    ExpectEqual(Ask(Text(300)), first);
  }
}

TEST_F(KeptPrefixesTest, HoldToTheirLimitAndNeverHoldSaltedOnes) {
  max_bytes_ = 1000;
  for (int i = 0; i < 5; ++i) Ask(Text(300, static_cast<char>('a' + i)));
  EXPECT_LE(fs::file_size(file()), 1200u);  // identity and footer
  EXPECT_EQ(Ask(Text(300, 'e')).usage.cached_tokens, 96);
  max_bytes_ = 0;
  fs::remove(file());
  Ask(Text(300));
  EXPECT_FALSE(fs::exists(file()));
  max_bytes_ = 1 << 20;
  {
    LocalGenerator generator(MakeModel(), Options());
    CompletionRequest request = Request(Text(300));
    request.options.cache_salt = "mine";
    Collect(*generator.Complete(request));
  }
  EXPECT_FALSE(fs::exists(file()));
}

// Real arithmetic: models of all kinds of memory.
class RealModelsTest : public testing::TestWithParam<const char*> {};

TEST_P(RealModelsTest, CachedTogetherAndRestartedEqualPlain) {
  const TemporaryFolder folder;
  for (Case& c : AllCases()) {
    if (c.name == GetParam()) WriteRandomModel(folder / "model.gguf", c.options);
  }
  const auto make = [&](EngineOptions options) {
    options.kv_bytes = int64_t{16} << 20;
    options.n_threads = 2;
    options.step_tokens = 48;
    return std::make_unique<LocalGenerator>(LoadModel(folder / "model.gguf"), options);
  };
  const auto plain = make(Plain());
  EngineOptions options = Cached();
  options.kept_prefixes = {folder / "kept" / "test.kv", "", int64_t{16} << 20};
  Random random(5);
  const int vocab = LoadModel(folder / "model.gguf")->config().vocab_size;
  const int length = std::min(200, plain->info().context_length - 40);
  std::vector<int32_t> shared;
  for (int i = 0; i < length; ++i) {
    shared.push_back(static_cast<int32_t>(random.Below(static_cast<uint64_t>(vocab))));
  }
  std::vector<CompletionRequest> requests;
  for (int i = 0; i < 6; ++i) {
    CompletionRequest request = Request("", 12);
    std::vector<int32_t> prompt(shared.begin(), shared.end() - 40 * (i % 3));
    prompt.push_back(static_cast<int32_t>(i));
    request.prompt = prompt;
    request.options.n = i == 3 ? 2 : 1;
    requests.push_back(request);
  }
  for (int run = 0; run < 2; ++run) {  // the second after a restart
    const auto cached = make(options);
    std::vector<std::unique_ptr<Generation>> together;
    for (const auto& request : requests) together.push_back(cached->Complete(request));
    for (size_t i = 0; i < requests.size(); ++i) {
      ExpectEqual(Collect(*together[i]), Collect(*plain->Complete(requests[i])));
    }
    EXPECT_GT(cached->stats().cached_tokens_total, run == 0 ? 0 : length);
    EXPECT_EQ(cached->stats().kv_bytes_used, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(AllKindsOfMemory, RealModelsTest,
                         testing::Values("llama", "gemma3", "gemma4", "gpt-oss", "qwen35", "lfm2",
                                         "deepseek2"),
                         NameOfTest);

}  // namespace
}  // namespace pioneer
