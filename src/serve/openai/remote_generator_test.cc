// Why: a model behind the wire must be the model: what RemoteGenerator gives is what the generator
// that is served gives.
#include "serve/openai/remote_generator.h"

#include "engine/local_generator.h"
#include "engine/test_model.h"
#include "serve/test_support.h"

namespace pioneer::serve::openai {
namespace {

class RemoteGeneratorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    EngineOptions engine;
    engine.n_threads = 1;
    engine.id = "test";
    auto model = std::make_shared<TestModel>(400, TestModel::Saying("yes, yes"));
    model->chat_template_ = "{% for m in messages %}{{ m.content }}:{% endfor %}";
    local_ = std::make_shared<LocalGenerator>(model, engine);
    options_.port = 0;
    options_.data_folder = folder_.path();
    server_ = std::make_unique<Server>(options_, std::vector<std::shared_ptr<Generator>>{local_});
    server_->Start();
    remote_ = std::make_unique<RemoteGenerator>(RemoteModel{Url(), "", ""});
  }
  std::string Url() const { return fmt::format("http://127.0.0.1:{}/v1/", server_->port()); }

  TestFolder folder_;
  ServerOptions options_;
  std::shared_ptr<LocalGenerator> local_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<RemoteGenerator> remote_;
};

TEST_F(RemoteGeneratorTest, KnowsWhatIsServed) {
  const GeneratorInfo info = remote_->info();
  EXPECT_EQ(info.id, "test");
  EXPECT_EQ(info.context_length, 400);
  EXPECT_EQ(info.bos_token, TestTokenizer::kBos);
  EXPECT_EQ(info.eos_token, TestTokenizer::kEos);
  EXPECT_EQ(remote_->Tokenize("hi", true), (std::vector<int32_t>{256, 'h', 'i'}));
  EXPECT_EQ(remote_->Tokenize("</s>", false, true), std::vector<int32_t>{257});
  EXPECT_EQ(remote_->Tokenize("</s>", false, false).size(), 4u);
  EXPECT_EQ(remote_->Detokenize({'h', 'i'}), "hi");
}

TEST_F(RemoteGeneratorTest, CompletesAndScores) {
  CompletionRequest request;
  request.prompt = std::vector<int32_t>{256, 'o', 'k', ':', 'y', 'e'};
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = 3;
  EXPECT_EQ(Collect(*remote_->Complete(request)).texts.at(0), "s, ");
  EXPECT_EQ(remote_->stats().generated_tokens_total, 3);

  request.echo = true;
  request.options.logprobs = true;
  request.options.top_logprobs = 1;
  request.options.limits.max_tokens = 0;
  const Collected remote = Collect(*remote_->Complete(request));
  const Collected local = Collect(*local_->Complete(request));
  ASSERT_EQ(remote.tokens.at(0).size(), 6u);
  EXPECT_FALSE(remote.tokens.at(0)[0].has_logprob);
  for (size_t i = 1; i < 6; ++i) {
    const TokenInfo &there = remote.tokens.at(0)[i], &here = local.tokens.at(0)[i];
    EXPECT_EQ(there.chosen.bytes, here.chosen.bytes);
    EXPECT_NEAR(there.chosen.logprob, here.chosen.logprob, 1e-9);
    EXPECT_NEAR(there.top.front().logprob, here.top.front().logprob, 1e-9);
  }
}

TEST_F(RemoteGeneratorTest, Chats) {
  ChatRequest request;
  request.messages = {
      {.role = "user", .content = "Is it?", .name = {}, .tool_call_id = {}, .tool_calls = {}}};
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = 5;
  const Collected remote = Collect(*remote_->Chat(request));
  EXPECT_EQ(remote.texts, Collect(*local_->Chat(request)).texts);
  EXPECT_EQ(remote.reason(), FinishReason::kLength);
}

TEST_F(RemoteGeneratorTest, SaysWhatIsWrong) {
  EXPECT_THROW(RemoteGenerator({Url(), "another", ""}), Error);
  EXPECT_THROW(RemoteGenerator({Url() + "none/", "", ""}), Error);
  EXPECT_THROW(remote_->Embed({}, {}), Error);
  CompletionRequest request;
  request.prompt = std::string(1000, 'x');  // longer than the context
  const Collected failed = Collect(*remote_->Complete(request));
  EXPECT_EQ(failed.reason(), FinishReason::kError);
  EXPECT_NE(failed.finishes.at(0).error.find("context"), std::string::npos);
  server_.reset();
  EXPECT_THROW(remote_->Tokenize("a", false), Error);
}

}  // namespace
}  // namespace pioneer::serve::openai
