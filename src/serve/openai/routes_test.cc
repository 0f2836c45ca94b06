#include "serve/test_support.h"

namespace pioneer::serve::openai {
namespace {

constexpr char kHi[] = R"({"messages":[{"role":"user","content":"Hi"}]})";

std::string ChatBody(const std::string& more) {
  return R"({"messages":[{"role":"user","content":"Hi"}],)" + more + "}";
}

class OpenAiTest : public ServerTest {
 protected:
  void SetUp() override { StartServer(); }

  FakeScript Gated() {
    FakeScript script;
    script.pieces = {"one", "two", "three"};
    script.gate = gate;
    return script;
  }
  std::shared_ptr<FakeGate> gate = std::make_shared<FakeGate>();
};

TEST_F(OpenAiTest, AnswersAChatWhole) {
  generator->Add("Hi", {"Hel", "lo"});
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", kHi);
  EXPECT_TRUE(answer["id"].get<std::string>().starts_with("chatcmpl-"));
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["model"], "fake");
  EXPECT_GT(answer["created"], 1'600'000'000);
  EXPECT_EQ(answer["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "Hello");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(answer["usage"]["completion_tokens"], 2);
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 2);
  EXPECT_EQ(answer["usage"]["total_tokens"], 4);
}

constexpr char kCallWeather[] =
    R"("tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}])";

FakeScript WeatherCall() {
  FakeScript script;
  script.pieces = {"<think>", "Look", ".</think>", "Well.\n", "<tool", "_call>\n{\"name\": \"weat",
                   "her\", \"arguments\": {\"city\": \"", "Oslo\"}}", "\n</tool_call>"};
  script.chat_format = "hermes";
  return script;
}

TEST_F(OpenAiTest, CallsATool) {
  generator->Add("Hi", WeatherCall());
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", ChatBody(kCallWeather));
  const Json& choice = answer["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(choice["message"]["content"], "Well.");
  EXPECT_EQ(choice["message"]["reasoning_content"], "Look.");
  const Json& call = choice["message"]["tool_calls"][0];
  EXPECT_EQ(call["type"], "function");
  EXPECT_EQ(call["id"].get<std::string>().size(), 9u);
  EXPECT_EQ(call["function"]["name"], "weather");
  EXPECT_EQ(ParseJson(call["function"]["arguments"].get<std::string>()), Json({{"city", "Oslo"}}));
  EXPECT_GT(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 0);
}

TEST_F(OpenAiTest, StreamsACall) {
  generator->Add("Hi", WeatherCall());
  const auto events = Client().Stream("/v1/chat/completions",
                                      ChatBody(std::string(kCallWeather) + R"(,"stream":true)"));
  std::string text, thoughts, arguments, name, reason;
  for (const auto& event : events) {
    if (event.data == "[DONE]") continue;
    const Json choice = ParseJson(event.data)["choices"][0];
    const Json& delta = choice["delta"];
    text += delta.value("content", "");
    thoughts += delta.value("reasoning_content", "");
    if (choice["finish_reason"].is_string()) reason = choice["finish_reason"];
    if (!delta.contains("tool_calls")) continue;
    const Json& call = delta["tool_calls"][0];
    EXPECT_EQ(call["index"], 0);
    if (call.contains("id")) name = call["function"]["name"];
    arguments += call["function"]["arguments"].get<std::string>();
  }
  EXPECT_EQ(text, "Well.");
  EXPECT_EQ(thoughts, "Look.");
  EXPECT_EQ(name, "weather");
  EXPECT_EQ(arguments, R"({"city": "Oslo"})");
  EXPECT_EQ(reason, "tool_calls");
}

TEST_F(OpenAiTest, WithToolChoiceNoneACallIsText) {
  FakeScript script;
  script.pieces = {"<tool_call>{}</tool_call>"};
  script.chat_format = "hermes";
  generator->Add("Hi", script);
  const Json answer =
      Client().Ask(200, "POST", "/v1/chat/completions",
                   ChatBody(std::string(kCallWeather) + R"(,"tool_choice":"none")"));
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "<tool_call>{}</tool_call>");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
}

TEST_F(OpenAiTest, StreamsAChat) {
  generator->Add("Hi", {"Hel", "lo"});
  const auto events = Client().Stream(
      "/v1/chat/completions",
      ChatBody(R"("stream":true,"stream_options":{"include_usage":true},"max_tokens":2)"));
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(ParseJson(events[0].data)["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(ParseJson(events[1].data)["choices"][0]["delta"]["content"], "Hel");
  EXPECT_EQ(ParseJson(events[2].data)["choices"][0]["delta"]["content"], "lo");
  EXPECT_EQ(ParseJson(events[3].data)["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(ParseJson(events[4].data)["usage"]["completion_tokens"], 2);
  EXPECT_TRUE(ParseJson(events[4].data)["choices"].empty());
  EXPECT_EQ(events[5].data, "[DONE]");
}

TEST_F(OpenAiTest, TheBestOfSeveralCompletions) {
  generator->Add("a", {"x", "y"});
  const Json answer =
      Client().Ask(200, "POST", "/v1/completions", R"({"prompt":["a","aa"],"n":2,"best_of":5})");
  ASSERT_EQ(answer["choices"].size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(answer["choices"][i]["index"], i);
    EXPECT_TRUE(answer["choices"][i]["logprobs"].is_null());  // none were asked for
  }
  EXPECT_EQ(answer["usage"]["completion_tokens"], 20);  // what it cost
}

TEST_F(OpenAiTest, SeveralAnswersToAChat) {
  generator->Add("Hi", {"a"});
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", ChatBody(R"("n":3)"));
  ASSERT_EQ(answer["choices"].size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(answer["choices"][i]["index"], i);
    EXPECT_EQ(answer["choices"][i]["message"]["content"], "a");
  }
}

TEST_F(OpenAiTest, PassesTheRequestOn) {
  generator->Add("Hi", {"a"});
  Client().Ask(200, "POST", "/v1/chat/completions",
               ChatBody(R"("model":"fake","temperature":0.25,"stop":["x"],"seed":7)"));
  ASSERT_EQ(generator->chats().size(), 1u);
  const ChatRequest request = generator->chats()[0];
  EXPECT_EQ(request.options.sampling.temperature, 0.25);
  EXPECT_EQ(request.options.sampling.seed, 7u);
  EXPECT_EQ(request.options.limits.stop, std::vector<std::string>{"x"});
}

TEST_F(OpenAiTest, AnswersManyPromptsOfACompletion) {
  generator->Add("red", {"R"});
  generator->Add("blue", {"B"});
  const std::string body = R"({"prompt":["red","blue"],"n":2,"echo":true})";
  const Json answer = Client().Ask(200, "POST", "/v1/completions", body);
  ASSERT_EQ(answer["choices"].size(), 4u);
  EXPECT_EQ(answer["choices"][0]["text"], "redR");
  EXPECT_EQ(answer["choices"][1]["text"], "redR");
  EXPECT_EQ(answer["choices"][2]["text"], "blueB");
  EXPECT_EQ(answer["choices"][3]["text"], "blueB");
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 7);
}

TEST_F(OpenAiTest, StreamsManyPromptsAtTheSameTime) {
  auto second_gate = std::make_shared<FakeGate>();
  FakeScript red = Gated(), blue = Gated();
  red.pieces = {"R"};
  blue.pieces = {"B"};
  blue.gate = second_gate;
  generator->Add("red", red);
  generator->Add("blue", blue);
  second_gate->Open();  // the second prompt's answer comes although the first one's waits
  std::string order;
  const auto events = Client().Stream(
      "/v1/completions", R"({"prompt":["red","blue"],"stream":true})", [&](const SseEvent& event) {
        if (event.data == "[DONE]") return true;
        const Json choice = ParseJson(event.data)["choices"][0];
        order += choice["text"].get<std::string>();
        if (choice["text"] == "B") {
          EXPECT_EQ(choice["index"], 1);
          gate->Open();
        }
        return true;
      });
  EXPECT_EQ(order, "BR");
  EXPECT_EQ(events.back().data, "[DONE]");
}

TEST_F(OpenAiTest, ErrorsBeforeTheFirstToken) {
  generator->Add("Hi", {"a"});
  TestClient client = Client();
  const std::string path = "/v1/chat/completions";
  const std::string streaming = ChatBody(R"("stream":true)");

  Json error = client.Ask(404, "POST", path, ChatBody(R"("model":"gpt-9")"))["error"];
  EXPECT_EQ(error["code"], "model_not_found");
  EXPECT_EQ(error["param"], "model");
  EXPECT_NE(error["message"].get<std::string>().find("fake"), std::string::npos);

  const std::string longer(5000, 'x');
  error = client.Ask(
      400, "POST", path,
      R"({"stream":true,"messages":[{"role":"user","content":")" + longer + "\"}]}")["error"];
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_EQ(error["param"], "messages");
  EXPECT_NE(error["message"].get<std::string>().find("5000"), std::string::npos);
  EXPECT_NE(error["message"].get<std::string>().find("4096"), std::string::npos);

  generator->FailNextStart(ErrorCode::kOverloaded, "the queue is full");
  const HttpResponse busy = client.Send("POST", path, streaming);
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(busy.headers.Has("Retry-After"));
  EXPECT_EQ(ParseJson(busy.body)["error"]["code"], "overloaded");

  generator->FailNextStart(ErrorCode::kInternal, "secret detail");
  const HttpResponse broken = client.Send("POST", path, streaming);
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body.find("secret"), std::string::npos);

  EXPECT_EQ(client.Ask(400, "POST", path, "{")["error"]["code"], "invalid_json");
}

TEST_F(OpenAiTest, AnErrorAmidAnAnswerIsTold) {
  FakeScript script;
  script.pieces = {"half"};
  script.error = "the model broke";
  generator->Add("Hi", script);
  const auto events = Client().Stream("/v1/chat/completions", ChatBody(R"("stream":true)"));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(ParseJson(events[2].data)["error"]["message"], "the model broke");
  EXPECT_EQ(Client().Ask(500, "POST", "/v1/chat/completions", kHi)["error"]["message"],
            "the model broke");
}

TEST_F(OpenAiTest, AClientThatGoesAwayStopsItsStream) {
  generator->Add("Hi", Gated());
  gate->Allow(1);
  Client().Stream("/v1/chat/completions", ChatBody(R"("stream":true)"), [](const SseEvent& event) {
    return event.data.find("one") == std::string::npos;
  });
  EXPECT_TRUE(Eventually([&] { return generator->stats().cancelled_total == 1; }));
  EXPECT_EQ(generator->stats().running, 0);
}

TEST_F(OpenAiTest, AClientThatGoesAwayStopsAWholeAnswer) {
  generator->Add("Hi", Gated());
  HttpClientRequest request = Client().Request("POST", "/v1/chat/completions", kHi, {});
  auto answer = std::async(std::launch::async, [&] { EXPECT_THROW(FetchHttp(request), Error); });
  gate->AwaitWaiting(1);
  request.cancel.Cancel();
  answer.wait();
  EXPECT_TRUE(Eventually([&] { return generator->stats().cancelled_total == 1; }));
}

TEST_F(OpenAiTest, AnswersOfOneServerRunAtTheSameTime) {
  generator->Add("Hi", Gated());
  std::vector<std::future<Json>> answers;
  for (int i = 0; i < 12; ++i) {
    answers.push_back(std::async(std::launch::async, [this] {
      return Client().Ask(200, "POST", "/v1/chat/completions", kHi);
    }));
  }
  gate->AwaitWaiting(12);
  gate->Open();
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get()["choices"][0]["message"]["content"], "onetwothree");
  }
}

TEST_F(OpenAiTest, StoppingTheServerEndsStreamsWithAnError) {
  generator->Add("Hi", Gated());
  gate->Allow(1);
  std::vector<SseEvent> events;
  auto client = std::async(std::launch::async, [&] {
    try {
      events = Client().Stream("/v1/chat/completions", ChatBody(R"("stream":true)"));
    } catch (const Error&) {  // the connection may be cut
    }
  });
  gate->AwaitWaiting(1);
  server->Stop(0);
  client.wait();
  EXPECT_EQ(generator->stats().running, 0);
}

TEST_F(OpenAiTest, ListsModels) {
  TestClient client = Client();
  const Json list = client.Ask(200, "GET", "/v1/models");
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["id"], "fake");
  EXPECT_EQ(list["data"][0]["object"], "model");
  EXPECT_EQ(client.Ask(200, "GET", "/v1/models/fake")["context_length"], 4096);
  EXPECT_EQ(client.Ask(404, "GET", "/v1/models/owner/other")["error"]["code"], "model_not_found");
  EXPECT_EQ(client.Ask(404, "GET", "/v1/nothing")["error"]["type"], "invalid_request_error");
  client.Ask(405, "GET", "/v1/chat/completions");
}

class KeepAliveTest : public OpenAiTest {
 protected:
  void SetUp() override {
    options.stream_keep_alive_ms = 5;
    StartServer();
  }
};

TEST_F(KeepAliveTest, ASilentStreamIsKeptAlive) {
  generator->Add("Hi", Gated());
  HttpClientRequest request =
      Client().Request("POST", "/v1/chat/completions", ChatBody(R"("stream":true)"), {});
  std::string text;
  request.on_body = [&](std::string_view bytes) {
    text += bytes;
    if (text.find(": ping\n") != std::string::npos) gate->Open();
    return true;
  };
  FetchHttp(request);
  EXPECT_NE(text.find(": ping\n"), std::string::npos);
  EXPECT_NE(text.find("[DONE]"), std::string::npos);
}

}  // namespace
}  // namespace pioneer::serve::openai
