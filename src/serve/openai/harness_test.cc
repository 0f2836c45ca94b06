// Why: lm-evaluation-harness uses the service as its `local-completions` model. These are the
// requests that it sends (lm_eval/models/openai_completions.py and api_models.py), and what it
// takes out of the answers.
#include "engine/local_generator.h"
#include "engine/test_model.h"
#include "serve/test_support.h"
#include "tensor/ops/softmax.h"

namespace pioneer::serve::openai {
namespace {

class HarnessTest : public ::testing::Test {
 protected:
  void Start(TestModel::Program program = nullptr) {
    model_ = std::make_shared<TestModel>(400, std::move(program));
    EngineOptions engine;
    engine.n_threads = 1;
    engine.id = "test";
    options_.port = 0;
    options_.data_folder = folder_.path();
    std::vector<std::shared_ptr<Generator>> generators = {
        std::make_shared<LocalGenerator>(model_, engine)};
    server_ = std::make_unique<Server>(options_, std::move(generators));
    server_->Start();
  }
  Json Ask(const char* method, const char* path, const Json& body = Json()) {
    return TestClient(server_->port()).Ask(200, method, path, body.is_null() ? "" : DumpJson(body));
  }

  // loglikelihood(): a batch of tokens, of which those from ctxlen on are scored.
  Json Score(const std::vector<std::vector<int>>& prompts) {
    return Ask("POST", "/v1/completions",
               {{"model", "test"},
                {"prompt", prompts},
                {"temperature", 0},
                {"max_tokens", 1},
                {"logprobs", 1},
                {"seed", 1234},
                {"echo", true}});
  }

  double Logprob(std::vector<int32_t> before, int32_t token) const {
    std::vector<float> logits(model_->config().vocab_size);
    model_->FillLogits(before, logits.data());
    return logits[token] - LogSumExp(logits.data(), std::ssize(logits));
  }

  TestFolder folder_;
  ServerOptions options_;
  std::shared_ptr<TestModel> model_;
  std::unique_ptr<Server> server_;
};

// parse_logprobs(): sum(token_logprobs[ctxlen:-1]), and whether each is the greatest of its
// top_logprobs.
struct Parsed {
  double sum = 0;
  bool is_greedy = true;
};

Parsed Parse(const Json& choice, size_t ctxlen) {
  Parsed parsed;
  const Json& logprobs = choice["logprobs"];
  const size_t n = logprobs["token_logprobs"].size();
  for (size_t i = ctxlen; i + 1 < n; ++i) {
    const double value = logprobs["token_logprobs"][i].get<double>();
    double best = -1e9;
    for (const Json& top : logprobs["top_logprobs"][i]) best = std::max(best, top.get<double>());
    parsed.sum += value;
    parsed.is_greedy &= value == best;
  }
  return parsed;
}

TEST_F(HarnessTest, ScoresContinuations) {
  Start();
  const std::vector<std::vector<int>> prompts = {
      {256, 'a', 'b', 'c', 'd', 'e'}, {'a', 'b', 'x'}, {256, 'q', 'r', 's'}};
  const std::vector<size_t> ctxlens = {4, 2, 1};
  const Json answer = Score(prompts);
  ASSERT_EQ(answer["choices"].size(), 3u);
  for (size_t p = 0; p < prompts.size(); ++p) {
    const Json& choice = answer["choices"][p];
    EXPECT_EQ(choice["index"], p);
    ASSERT_EQ(choice["logprobs"]["token_logprobs"].size(), prompts[p].size() + 1);
    double expected = 0;
    for (size_t i = ctxlens[p]; i < prompts[p].size(); ++i) {
      expected +=
          Logprob({prompts[p].begin(), prompts[p].begin() + static_cast<int>(i)}, prompts[p][i]);
    }
    EXPECT_NEAR(Parse(choice, ctxlens[p]).sum, expected, 1e-5);
    EXPECT_FALSE(Parse(choice, ctxlens[p]).is_greedy);
  }
}

// The token behind the prompt is counted off by the client, also where it is the end of the text.
TEST_F(HarnessTest, ScoresContinuationsThatTheModelEnds) {
  Start(TestModel::Saying("yes"));
  const std::vector<int> whole = {256, '?', ':', 'y', 'e', 's'};
  const Json answer = Score({whole});
  const Json& choice = answer["choices"][0];
  EXPECT_EQ(choice["logprobs"]["tokens"].back(), "</s>");
  EXPECT_EQ(choice["text"], "?:yes");
  EXPECT_EQ(choice["finish_reason"], "stop");
  const Parsed parsed = Parse(choice, 3);
  EXPECT_TRUE(parsed.is_greedy);
  EXPECT_NEAR(parsed.sum, 0, 1e-4);
  EXPECT_EQ(choice["logprobs"]["token_logprobs"].size(), whole.size() + 1);
}

TEST_F(HarnessTest, Generates) {
  Start(TestModel::Saying("42\n\nQuestion: next"));
  const Json answer = Ask("POST", "/v1/completions",
                          {{"prompt", {{256, '6', ':'}, {256, '7', ':'}}},
                           {"model", "test"},
                           {"max_tokens", 256},
                           {"temperature", 0},
                           {"stop", {"Question:", "</s>", "<|im_end|>"}},
                           {"seed", 1234}});
  ASSERT_EQ(answer["choices"].size(), 2u);
  for (const Json& choice : answer["choices"]) EXPECT_EQ(choice["text"], "42\n\n");
}

// RemoteTokenizer (lm_eval/utils.py): what it asks at the service's root before it asks for more.
TEST_F(HarnessTest, LeavesTokenizingToTheService) {
  Start();
  const Json info = Ask("GET", "/tokenizer_info");
  EXPECT_EQ(info["eos_token"], "</s>");
  EXPECT_EQ(info["bos_token"], "<s>");
  EXPECT_TRUE(info["pad_token"].is_null());
  const auto encode = [this](const std::string& text) {
    return Ask("POST", "/tokenize", {{"prompt", text}, {"add_special_tokens", false}})["tokens"];
  };
  EXPECT_EQ(encode("test"), Json::array({'t', 'e', 's', 't'}));
  EXPECT_EQ(encode("</s>"), Json::array({257}));
  EXPECT_EQ(Ask("POST", "/detokenize", {{"tokens", {'h', 'i'}}})["prompt"], "hi");
}

}  // namespace
}  // namespace pioneer::serve::openai
