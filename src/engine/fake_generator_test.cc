// Why: tests trust the fake; it must keep the contract of Generator.
#include "engine/fake_generator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <thread>

#include "engine/test_model.h"
#include "engine/validate.h"

namespace pioneer {
namespace {

ChatMessage Message(const std::string& role, const std::string& content) {
  ChatMessage message;
  message.role = role;
  message.content = content;
  return message;
}

ChatRequest Say(const std::string& text) {
  ChatRequest request;
  request.messages.push_back(Message("user", text));
  return request;
}

ErrorCode CodeOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(FakeGenerator, PlaysTheScriptOfTheNewestMessageThatFits) {
  FakeGenerator fake;
  fake.Add("weather", {"Sun", "ny."});
  fake.Add("hello", {"Hi!"});
  ChatRequest request = Say("hello");
  request.messages.push_back(Message("assistant", "Hi!"));
  request.messages.push_back(Message("user", "the weather?"));
  const Collected all = Collect(*fake.Chat(request));
  EXPECT_EQ(all.texts.at(0), "Sunny.");
  EXPECT_EQ(all.finishes.at(0).reason, FinishReason::kStop);
  EXPECT_EQ(all.usage.completion_tokens, 2);
  EXPECT_EQ(fake.chats().size(), 1u);
  EXPECT_EQ(fake.stats().running, 0);
}

TEST(FakeGenerator, HonoursStopLengthAnswersEchoAndLogprobs) {
  FakeGenerator fake;
  fake.Add("", {"one ", "tw", "o three"});
  CompletionRequest request;
  request.prompt = std::string("count: ");
  request.echo = true;
  request.options.n = 2;
  request.options.logprobs = true;
  request.options.top_logprobs = 3;
  request.options.limits.stop = {"two"};
  Collected all = Collect(*fake.Complete(request));
  EXPECT_EQ(all.texts.at(0), "count: one ");
  EXPECT_EQ(all.texts.at(1), "count: one ");
  EXPECT_EQ(all.finishes.at(1).stop_sequence, "two");
  ASSERT_EQ(all.tokens.at(0).size(), 1u);
  EXPECT_EQ(all.tokens.at(0)[0].top.size(), 3u);

  request.options.limits = {2, {}, false};
  all = Collect(*fake.Complete(request));
  EXPECT_EQ(all.texts.at(0), "count: one tw");
  EXPECT_EQ(all.finishes.at(0).reason, FinishReason::kLength);
}

TEST(FakeGenerator, FailsAsTold) {
  FakeGenerator fake;
  FakeScript broken;
  broken.pieces = {"so far"};
  broken.error = "the model broke";
  broken.times = 1;
  fake.Add("", broken);
  Collected all = Collect(*fake.Chat(Say("x")));
  EXPECT_EQ(all.texts.at(0), "so far");
  EXPECT_EQ(all.finishes.at(0).reason, FinishReason::kError);
  EXPECT_EQ(all.finishes.at(0).error, "the model broke");
  all = Collect(*fake.Chat(Say("x")));  // played once only
  EXPECT_NE(all.finishes.at(0).error.find("no script"), std::string::npos);

  fake.FailNextStart(ErrorCode::kOverloaded, "full");
  EXPECT_EQ(CodeOf([&] { fake.Chat(Say("x")); }), ErrorCode::kOverloaded);
  EXPECT_EQ(CodeOf([&] { fake.Chat(Say(std::string(5000, 'x'))); }), ErrorCode::kContextLength);
}

TEST(FakeGenerator, WaitsAtTheGateAndAtTheEnd) {
  FakeGenerator fake;
  FakeScript script;
  script.pieces = {"a", "b"};
  script.gate = std::make_shared<FakeGate>();
  script.block_until_cancelled = true;
  fake.Add("", script);
  auto generation = fake.Chat(Say("x"));
  Collected all;
  std::thread reader([&] { all = Collect(*generation); });
  script.gate->AwaitWaiting(1);
  EXPECT_EQ(fake.stats().running, 1);
  script.gate->Allow(1);
  script.gate->Open();
  generation->Cancel();
  reader.join();
  EXPECT_EQ(all.finishes.at(0).reason, FinishReason::kCancelled);
  EXPECT_EQ(fake.stats().cancelled_total, 1);
}

TEST(Validate, NamesFieldAndRange) {
  auto message = [](const std::function<void(GenerationOptions&)>& change) -> std::string {
    GenerationOptions options;
    change(options);
    try {
      ValidateOptions(options, 100);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message([](auto&) {}), "");
  EXPECT_EQ(message([](auto& o) { o.sampling.temperature = -1; }),
            "temperature is -1; it must be from 0 to 100");
  EXPECT_NE(message([](auto& o) { o.sampling.temperature = NAN; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.top_p = 0; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.top_k = -1; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.min_p = 1.5; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.repetition_penalty = 0; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.repetition_window = -2; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.presence_penalty = 3; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.frequency_penalty = -3; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.logit_bias = {{100, 1}}; }), "");
  EXPECT_NE(message([](auto& o) { o.sampling.logit_bias = {{1, 101}}; }), "");
  EXPECT_NE(message([](auto& o) { o.limits.max_tokens = -2; }), "");
  EXPECT_NE(message([](auto& o) { o.limits.stop = {""}; }), "");
  EXPECT_NE(message([](auto& o) { o.limits.stop = {"\xFF"}; }), "");
  EXPECT_NE(message([](auto& o) { o.limits.stop.assign(65, "x"); }), "");
  EXPECT_NE(message([](auto& o) { o.n = 0; }), "");
  EXPECT_NE(message([](auto& o) { o.top_logprobs = 21; }), "");
  ChatRequest request = Say("x");
  request.messages[0].role = "im_end";
  EXPECT_EQ(CodeOf([&] { ValidateChat(request, 100); }), ErrorCode::kInvalidArgument);
  CompletionRequest completion;
  completion.prompt = std::vector<int32_t>{5, 100};
  EXPECT_EQ(CodeOf([&] { ValidateCompletion(completion, 100); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace pioneer
