// Why: the page's API as docs/web-api.md promises it: nothing acknowledged is lost, and no visitor
// ever meets another's chats.
#include "serve/test_support.h"
#include "serve/web/chat_json.h"

namespace pioneer::serve::web {
namespace {

class WebTest : public ServerTest {
 protected:
  void SetUp() override { StartServer(); }

  static std::string NewChatId(TestClient& client, const std::string& body = "{}") {
    return client.Ask(201, "POST", "/api/chats", body)["id"];
  }
  static std::string GeneratePath(const std::string& chat_id) {
    return "/api/chats/" + chat_id + "/generate";
  }
  static std::string Question(const std::string& content, const Json& parent = nullptr) {
    return DumpJson(Json{{"parent_id", parent}, {"content", content}});
  }
  // Asks and reads to the end; the last event's message.
  static Json AskAndRead(TestClient& client, const std::string& chat_id, const std::string& body) {
    const auto events = client.Stream(GeneratePath(chat_id), body);
    EXPECT_GE(events.size(), 2u);
    return events.empty() ? Json() : ParseJson(events.back().data)["message"];
  }
  Json LastMessage(TestClient& client, const std::string& chat_id) {
    return client.Ask(200, "GET", "/api/chats/" + chat_id)["messages"].back();
  }
  FakeScript Gated() {
    FakeScript script;
    script.pieces = {"one", "two", "three"};
    script.gate = gate;
    return script;
  }
  std::shared_ptr<FakeGate> gate = std::make_shared<FakeGate>();
};

TEST_F(WebTest, ShowsItsState) {
  const Json state = Client().Ask(200, "GET", "/api/state");
  EXPECT_EQ(state["models"][0]["id"], "fake");
  EXPECT_EQ(state["models"][0]["context_length"], 4096);
  EXPECT_EQ(state["auth_required"], false);
  EXPECT_TRUE(state["defaults"]["temperature"].is_number());
  EXPECT_TRUE(state["version"].is_string());
}

TEST_F(WebTest, AQuestionIsStoredThenAnswered) {
  generator->Add("sky", {"Bl", "ue"});
  TestClient client = Client();
  const std::string id =
      NewChatId(client, R"({"settings":{"system":"Be brief.","temperature":0}})");
  bool on_disk_when_saved = false;
  const auto events = client.Stream(GeneratePath(id), Question("What colour has the sky?"),
                                    [&](const SseEvent& event) {
                                      if (event.event != "saved") return true;
                                      const Json chat = client.Ask(200, "GET", "/api/chats/" + id);
                                      on_disk_when_saved = chat["messages"].size() == 2;
                                      return true;
                                    });
  ASSERT_EQ(events.size(), 4u);
  EXPECT_TRUE(on_disk_when_saved);
  const Json saved = ParseJson(events[0].data);
  EXPECT_EQ(events[0].event, "saved");
  EXPECT_EQ(saved["title"], "What colour has the sky?");
  EXPECT_EQ(saved["user_message"]["content"], "What colour has the sky?");
  EXPECT_EQ(saved["user_message"]["parent_id"], nullptr);
  EXPECT_EQ(saved["assistant_message"]["status"], "streaming");
  EXPECT_EQ(saved["assistant_message"]["parent_id"], saved["user_message"]["id"]);
  EXPECT_EQ(events[1].event, "delta");
  EXPECT_EQ(ParseJson(events[1].data)["text"], "Bl");
  EXPECT_EQ(events[3].event, "done");
  const Json done = ParseJson(events[3].data)["message"];
  EXPECT_EQ(done["content"], "Blue");
  EXPECT_EQ(done["status"], "done");
  EXPECT_EQ(done["model"], "fake");
  EXPECT_EQ(done["usage"]["completion_tokens"], 2);
  EXPECT_EQ(LastMessage(client, id), done);
  EXPECT_EQ(generator->chats()[0].messages[0].role, "system");
  EXPECT_EQ(generator->chats()[0].options.sampling.temperature, 0);
}

TEST_F(WebTest, ThoughtsAndToolCallsTravelApartFromTheText) {
  FakeScript script;
  script.chat_format = "hermes";
  script.pieces = {"<think>Let me ",
                   "see</think>",
                   "Well:",
                   "<tool_call>",
                   R"({"name": "look", "arguments": {"at": "clock"}})",
                   "</tool_call>"};
  generator->Add("time", script);
  generator->Add("", {"Noon."});
  TestClient client = Client();
  const std::string id = NewChatId(client);
  const auto events = client.Stream(GeneratePath(id), Question("What time is it?"));
  std::string thoughts, text, arguments;
  std::vector<std::string> order;
  bool finished = false;
  for (const SseEvent& event : events) {
    if (order.empty() || order.back() != event.event) order.push_back(event.event);
    const Json data = ParseJson(event.data);
    if (event.event == "reasoning") {
      thoughts += data["text"];
      EXPECT_GE(data["ms"], 0);
    } else if (event.event == "delta") {
      text += data["text"];
    } else if (event.event == "tool_call") {
      EXPECT_EQ(data["call"], 0);
      EXPECT_EQ(data["name"], "look");
      EXPECT_FALSE(data["id"].get<std::string>().empty());
      arguments += data["arguments"];
      finished = data["finished"];
    }
  }
  using Names = std::vector<std::string>;
  EXPECT_EQ(order, (Names{"saved", "reasoning", "delta", "tool_call", "done"}));
  EXPECT_EQ(thoughts, "Let me see");
  EXPECT_EQ(text, "Well:");
  EXPECT_EQ(ParseJson(arguments), (Json{{"at", "clock"}}));
  EXPECT_TRUE(finished);

  const Json message = LastMessage(client, id);
  EXPECT_EQ(message, ParseJson(events.back().data)["message"]);
  EXPECT_EQ(message["status"], "done");
  EXPECT_EQ(message["content"], text);
  EXPECT_EQ(message["reasoning"], thoughts);
  EXPECT_GE(message["reasoning_ms"], 0);
  ASSERT_EQ(message["tool_calls"].size(), 1u);
  EXPECT_EQ(message["tool_calls"][0]["name"], "look");
  EXPECT_EQ(message["tool_calls"][0]["arguments"], arguments);

  // The model gets them back, and nobody finds a chat by its thoughts.
  const Json plain = AskAndRead(client, id, Question("And now?", message["id"]));
  EXPECT_EQ(plain["reasoning"], nullptr);
  EXPECT_TRUE(plain["tool_calls"].empty());
  const ChatMessage earlier = generator->chats().back().messages.at(1);
  EXPECT_EQ(earlier.content, text);
  EXPECT_EQ(earlier.reasoning, thoughts);
  ASSERT_EQ(earlier.tool_calls.size(), 1u);
  EXPECT_EQ(earlier.tool_calls[0].arguments_json, arguments);
  EXPECT_EQ(client.Ask(200, "GET", "/api/chats?q=well")["chats"].size(), 1u);
  EXPECT_TRUE(client.Ask(200, "GET", "/api/chats?q=let")["chats"].empty());
  const std::string document = client.Send("GET", "/api/chats/" + id + "/export").body;
  EXPECT_NE(document.find("*(look)*\n\n```json\n{"), std::string::npos) << document;
  EXPECT_EQ(document.find("Let me see"), std::string::npos);
}

TEST_F(WebTest, ACallThatWasCutOffIsShownButNotSentBack) {
  FakeScript script;
  script.chat_format = "hermes";
  script.pieces = {"<tool_call>", R"({"name": "look", "arguments": {"at": "clo)"};
  generator->Add("one", script);
  generator->Add("", {"ok"});
  TestClient client = Client();
  const std::string id = NewChatId(client);
  const Json cut = AskAndRead(client, id, Question("one"));
  ASSERT_EQ(cut["tool_calls"].size(), 1u);
  EXPECT_EQ(cut["tool_calls"][0]["name"], "look");
  AskAndRead(client, id, Question("two", cut["id"]));
  EXPECT_TRUE(generator->chats().back().messages.at(1).tool_calls.empty());
}

TEST_F(WebTest, ChatsAreTrees) {
  generator->Add("", {"ok"});
  TestClient client = Client();
  const std::string id = NewChatId(client);
  const Json first = AskAndRead(client, id, Question("one"));
  const Json second = AskAndRead(client, id, Question("two", first["id"]));
  // Again: the same question, a second answer.
  const Json again = AskAndRead(client, id, DumpJson(Json{{"parent_id", second["parent_id"]}}));
  EXPECT_EQ(again["parent_id"], second["parent_id"]);
  // Edited: a second question under the first answer.
  AskAndRead(client, id, Question("zwei", first["id"]));
  EXPECT_EQ(generator->chats().back().messages.size(), 3u);
  EXPECT_EQ(generator->chats().back().messages[2].content, "zwei");

  Json chat = client.Ask(200, "GET", "/api/chats/" + id);
  EXPECT_EQ(chat["messages"].size(), 7u);
  chat = client.Ask(200, "PATCH", "/api/chats/" + id,
                    DumpJson(Json{{"leaf_id", second["id"]}, {"title", "Numbers"}}));
  EXPECT_EQ(chat["leaf_id"], second["id"]);
  EXPECT_EQ(chat["title"], "Numbers");
  const HttpResponse text = client.Send("GET", "/api/chats/" + id + "/export");
  EXPECT_TRUE(text.headers.Get("Content-Type").starts_with("text/markdown"));
  EXPECT_EQ(text.body,
            "# Numbers\n\n## You\n\none\n\n## fake\n\nok\n\n## You\n\ntwo\n\n## fake\n\nok\n");
}

TEST_F(WebTest, BadQuestionsStoreNothing) {
  generator->Add("", {"ok"});
  TestClient client = Client();
  const std::string id = NewChatId(client);
  const std::string path = GeneratePath(id);
  const Json answer = AskAndRead(client, id, Question("one"));
  client.Ask(400, "POST", path, "{}");
  client.Ask(400, "POST", path, Question(""));
  client.Ask(400, "POST", path, R"({"content":5})");
  client.Ask(404, "POST", path, Question("x", "nosuch"));
  client.Ask(400, "POST", path, Question("x", answer["parent_id"]));
  client.Ask(400, "POST", path, DumpJson(Json{{"parent_id", answer["id"]}}));
  EXPECT_EQ(client.Ask(400, "POST", path, Question(std::string(9000, 'x')))["error"]["code"],
            "context_length_exceeded");
  generator->FailNextStart(ErrorCode::kOverloaded, "the queue is full");
  client.Ask(503, "POST", path, Question("x", answer["id"]));
  client.Ask(404, "POST", GeneratePath("nosuch"), Question("x"));
  EXPECT_EQ(client.Ask(200, "GET", "/api/chats/" + id)["messages"].size(), 2u);
  client.Ask(400, "POST", "/api/chats", R"({"settings":{"temperature":9}})");
  client.Ask(400, "POST", "/api/chats", R"({"settings":{"colour":1}})");
  client.Ask(400, "POST", "/api/chats", R"({"settings":{"thinking":"yes"}})");
  client.Ask(404, "POST", "/api/chats", R"({"model":"other"})");
  client.Ask(400, "GET", "/api/chats?limit=0");
  client.Ask(400, "GET", "/api/chats?before=x");
}

TEST_F(WebTest, OneAnswerAtATime) {
  generator->Add("", Gated());
  TestClient client = Client();
  const std::string id = NewChatId(client);
  auto answer = std::async(std::launch::async, [&, client]() mutable {
    return AskAndRead(client, id, Question("one"));
  });
  gate->AwaitWaiting(1);
  EXPECT_EQ(client.Ask(409, "POST", GeneratePath(id), Question("two"))["error"]["code"],
            "conflict");
  gate->Open();
  EXPECT_EQ(answer.get()["content"], "onetwothree");
  EXPECT_EQ(AskAndRead(client, id, Question("two"))["status"], "done");
}

TEST_F(WebTest, WhatWasWrittenIsKeptWhenThePageGoesAway) {
  generator->Add("", Gated());
  gate->Allow(2);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  client.Stream(GeneratePath(id), Question("count"),
                [](const SseEvent& event) { return event.data.find("two") == std::string::npos; });
  EXPECT_TRUE(Eventually([&] { return LastMessage(client, id)["status"] == "stopped"; }));
  EXPECT_EQ(LastMessage(client, id)["content"], "onetwo");
  EXPECT_EQ(generator->stats().cancelled_total, 1);
}

TEST_F(WebTest, AFailedAnswerKeepsWhatCame) {
  FakeScript script;
  script.pieces = {"half"};
  script.error = "the model broke";
  generator->Add("", script);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  const auto events = client.Stream(GeneratePath(id), Question("x"));
  ASSERT_EQ(events.back().event, "error");
  const Json data = ParseJson(events.back().data);
  EXPECT_EQ(data["error"]["message"], "the model broke");
  EXPECT_EQ(data["message"]["content"], "half");
  EXPECT_EQ(LastMessage(client, id)["status"], "error");
  EXPECT_EQ(LastMessage(client, id)["error"], "the model broke");
}

TEST_F(WebTest, AnAnswerWithANulCharacterIsKept) {
  generator->Add("zero", {std::string("a\0b", 3), "c"});
  TestClient client = Client();
  const std::string id = NewChatId(client);
  const Json message = AskAndRead(client, id, Question("zero"));
  EXPECT_EQ(message["status"], "done");
  EXPECT_EQ(message["content"], "a\uFFFDbc");
  EXPECT_EQ(LastMessage(client, id), message);
}

TEST_F(WebTest, DeletingAChatStopsItsAnswerAndCanBeUndone) {
  generator->Add("", Gated());
  gate->Allow(1);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  auto answer = std::async(std::launch::async, [&, client]() mutable {
    return AskAndRead(client, id, Question("one"));
  });
  gate->AwaitWaiting(1);
  client.Ask(204, "DELETE", "/api/chats/" + id, "{}");
  EXPECT_EQ(answer.get()["status"], "stopped");
  client.Ask(404, "GET", "/api/chats/" + id);
  client.Ask(404, "POST", GeneratePath(id), Question("two"));
  EXPECT_TRUE(client.Ask(200, "GET", "/api/chats")["chats"].empty());
  client.Ask(200, "POST", "/api/chats/" + id + "/restore", "{}");
  EXPECT_EQ(LastMessage(client, id)["status"], "stopped");
}

TEST_F(WebTest, ListsAndSearches) {
  generator->Add("", {"ok"});
  TestClient client = Client();
  std::vector<std::string> ids;
  for (const char* text : {"apples", "pears", "plums"}) {
    ids.push_back(NewChatId(client));
    AskAndRead(client, ids.back(), Question(text));
  }
  Json page = client.Ask(200, "GET", "/api/chats?limit=2");
  ASSERT_EQ(page["chats"].size(), 2u);
  EXPECT_EQ(page["more"], true);
  EXPECT_EQ(page["chats"][0]["id"], ids[2]);
  const int64_t before = page["chats"][1]["updated_at"];
  page = client.Ask(200, "GET", "/api/chats?before=" + std::to_string(before));
  ASSERT_EQ(page["chats"].size(), 1u);
  EXPECT_EQ(page["chats"][0]["id"], ids[0]);
  page = client.Ask(200, "GET", "/api/chats?q=PEAR");
  ASSERT_EQ(page["chats"].size(), 1u);
  EXPECT_EQ(page["chats"][0]["title"], "pears");
}

TEST_F(WebTest, VisitorsNeverMeet) {
  generator->Add("secret", {"secret answer"});
  generator->Add("", {"hi"});
  TestClient ann = Client(), bob = Client(), nobody = Client();
  const std::string id = NewChatId(ann, R"({"title":"Secret"})");
  const Json answer = AskAndRead(ann, id, Question("secret question"));
  const std::string bobs = NewChatId(bob);
  AskAndRead(bob, bobs, Question("hello"));
  const std::string path = "/api/chats/" + id;

  const Json list = bob.Ask(200, "GET", "/api/chats");
  ASSERT_EQ(list["chats"].size(), 1u);
  EXPECT_EQ(list["chats"][0]["id"], bobs);
  EXPECT_TRUE(nobody.Ask(200, "GET", "/api/chats")["chats"].empty());
  for (TestClient* stranger : {&bob, &nobody}) {
    stranger->Ask(404, "GET", path);
    stranger->Ask(404, "PATCH", path, R"({"title":"mine"})");
    stranger->Ask(404, "DELETE", path, "{}");
    stranger->Ask(404, "POST", path + "/restore", "{}");
    stranger->Ask(404, "GET", path + "/export");
    stranger->Ask(404, "POST", path + "/generate", Question("x"));
    stranger->Ask(404, "POST", path + "/generate", Question("x", answer["id"]));
    EXPECT_TRUE(stranger->Ask(200, "GET", "/api/chats?q=secret")["chats"].empty());
  }
  // Another's message is no parent and no leaf in one's own chat.
  bob.Ask(404, "POST", GeneratePath(bobs), Question("x", answer["id"]));
  bob.Ask(404, "POST", GeneratePath(bobs), DumpJson(Json{{"parent_id", answer["parent_id"]}}));
  bob.Ask(404, "PATCH", "/api/chats/" + bobs, DumpJson(Json{{"leaf_id", answer["id"]}}));
  // Restoring is the owner's too.
  ann.Ask(204, "DELETE", path, "{}");
  bob.Ask(404, "POST", path + "/restore", "{}");
  ann.Ask(200, "POST", path + "/restore", "{}");

  bob.Ask(204, "DELETE", "/api/visitor", "{}");
  const Json chat = ann.Ask(200, "GET", path);
  EXPECT_EQ(chat["title"], "Secret");
  EXPECT_EQ(chat["messages"].size(), 2u);
  EXPECT_EQ(chat["leaf_id"], answer["id"]);
}

TEST_F(WebTest, AStrangerIsNotToldThatAChatIsBusy) {
  generator->Add("", Gated());
  TestClient ann = Client(), bob = Client();
  const std::string id = NewChatId(ann);
  NewChatId(bob);
  auto answer = std::async(std::launch::async,
                           [&, ann]() mutable { return AskAndRead(ann, id, Question("one")); });
  gate->AwaitWaiting(1);
  bob.Ask(404, "POST", GeneratePath(id), Question("two"));
  bob.Ask(404, "DELETE", "/api/chats/" + id, "{}");
  gate->Open();
  EXPECT_EQ(answer.get()["status"], "done");
}

TEST_F(WebTest, EverythingOfAVisitorCanBeRemoved) {
  generator->Add("", Gated());
  gate->Allow(1);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  auto answer = std::async(std::launch::async, [&, client]() mutable {
    return client.Stream(GeneratePath(id), Question("one"));
  });
  gate->AwaitWaiting(1);
  TestClient same = client;  // keeps the old cookie
  client.Ask(204, "DELETE", "/api/visitor", "{}");
  answer.wait();
  same.Ask(404, "GET", "/api/chats/" + id);
  same.Ask(404, "POST", "/api/chats/" + id + "/restore", "{}");
  EXPECT_EQ(generator->stats().running, 0);
}

TEST_F(WebTest, StoppingTheServerKeepsWhatCame) {
  generator->Add("", Gated());
  gate->Allow(2);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  auto answer = std::async(std::launch::async, [&, client]() mutable {
    try {
      client.Stream(GeneratePath(id), Question("one"));
    } catch (const Error&) {  // the connection may be cut
    }
  });
  ASSERT_TRUE(Eventually([&] { return generator->stats().running == 1; }));
  gate->AwaitWaiting(1);
  server->Stop(0);
  answer.wait();
  const auto store = OpenSqliteChatStore(folder.path() / "pioneer.db");
  EXPECT_EQ(store->MarkInterruptedMessages(), 0);  // nothing was left streaming
}

TEST_F(WebTest, AnAnswerCutOffByACrashIsShownAsStopped) {
  const auto store = OpenSqliteChatStore(folder.path() / "pioneer.db");
  const std::string token(52, 'a');
  const Visitor visitor = store->EnsureVisitor(Sha256Hex(token));
  const Chat chat = store->CreateChat(visitor.id, {});
  const Turn turn = store->BeginTurn(visitor.id, chat.id, {std::nullopt, "question", "fake", "t"});
  MessageChange partial;
  partial.content = "half an ans";
  store->UpdateMessage(visitor.id, chat.id, turn.assistant_message.id, partial);

  server = std::make_unique<Server>(options, GeneratorsFor(generator));
  server->Start();
  const HttpResponse response =
      Client().Send("GET", "/api/chats/" + chat.id, "", {{"Cookie", "pioneer_visitor=" + token}});
  const Json messages = ParseJson(response.body)["messages"];
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0]["content"], "question");
  EXPECT_EQ(messages[1]["content"], "half an ans");
  EXPECT_EQ(messages[1]["status"], "stopped");
}

class PartialSaveTest : public WebTest {
 protected:
  void SetUp() override {
    options.partial_save_ms = 1;
    StartServer();
  }
};

TEST_F(PartialSaveTest, AGrowingAnswerIsSavedNowAndThen) {
  generator->Add("", Gated());
  gate->Allow(1);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  auto answer = std::async(std::launch::async, [&, client]() mutable {
    return AskAndRead(client, id, Question("one"));
  });
  gate->AwaitWaiting(1);
  EXPECT_TRUE(Eventually([&] { return LastMessage(client, id)["content"] == "one"; }));
  EXPECT_EQ(LastMessage(client, id)["status"], "streaming");
  gate->Open();
  EXPECT_EQ(answer.get()["content"], "onetwothree");
}

TEST_F(PartialSaveTest, GrowingThoughtsAreSavedNowAndThen) {
  FakeScript script;
  script.chat_format = "hermes";
  script.pieces = {"<think>hm", "hmm"};
  script.gate = gate;
  generator->Add("", script);
  gate->Allow(1);
  TestClient client = Client();
  const std::string id = NewChatId(client);
  auto answer = std::async(std::launch::async, [&, client]() mutable {
    return AskAndRead(client, id, Question("one"));
  });
  gate->AwaitWaiting(1);
  EXPECT_TRUE(Eventually([&] { return LastMessage(client, id)["reasoning"] == "hm"; }));
  client.Ask(204, "DELETE", "/api/chats/" + id, "{}");
  const Json stopped = answer.get();
  EXPECT_EQ(stopped["status"], "stopped");
  EXPECT_EQ(stopped["reasoning"], "hm");
  EXPECT_EQ(stopped["content"], "");
}

// A model that can be told not to think, or to.
class ThinkingTest : public WebTest, public testing::WithParamInterface<Thinking> {
 protected:
  void SetUp() override {
    GeneratorInfo info = FakeGenerator::DefaultInfo();
    info.thinking = GetParam();
    generator = std::make_shared<FakeGenerator>(info);
    generator->Add("", {"ok"});
    StartServer();
  }
  // What the model is asked for in a chat of these settings.
  ChatRequest RequestWith(const std::string& settings) {
    TestClient client = Client();
    const std::string id = NewChatId(client, R"({"settings":)" + settings + "}");
    AskAndRead(client, id, Question("one"));
    return generator->chats().back();
  }
};

INSTANTIATE_TEST_SUITE_P(Models, ThinkingTest,
                         testing::Values(Thinking::kNever, Thinking::kAlways,
                                         Thinking::kOnByDefault, Thinking::kOffByDefault));

TEST_P(ThinkingTest, IsSwitchedWhereTheTemplateCan) {
  const Thinking thinking = GetParam();
  const bool on = thinking == Thinking::kOnByDefault, off = thinking == Thinking::kOffByDefault;
  const Json state = Client().Ask(200, "GET", "/api/state");
  const char* const kNames[] = {"never", "always", "on", "off"};
  EXPECT_EQ(state["models"][0]["thinking"], kNames[static_cast<int>(thinking)]);
  EXPECT_EQ(RequestWith("{}").reasoning_effort, "");
  EXPECT_EQ(RequestWith(R"({"thinking":true})").reasoning_effort, off ? "medium" : "");
  EXPECT_EQ(RequestWith(R"({"thinking":false})").reasoning_effort, on ? "none" : "");
}

TEST_P(ThinkingTest, ThoughtsAreNotCutByADefault) {
  const Thinking thinking = GetParam();
  const bool usually = thinking == Thinking::kAlways || thinking == Thinking::kOnByDefault;
  const auto limit = [&](const char* settings) {
    return RequestWith(settings).options.limits.max_tokens;
  };
  EXPECT_EQ(limit("{}"), usually ? -1 : options.default_max_tokens);
  const bool always = thinking == Thinking::kAlways;
  EXPECT_EQ(limit(R"({"thinking":false})"), always ? -1 : options.default_max_tokens);
  EXPECT_EQ(limit(R"({"max_tokens":7})"), 7);
}

TEST(TitleFrom, CutsBetweenWords) {
  EXPECT_EQ(TitleFrom("  Hello there\nmore"), "Hello there");
  EXPECT_EQ(TitleFrom(" \n "), "");
  EXPECT_EQ(TitleFrom("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll mmmm"),
            "aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll…");
  EXPECT_EQ(TitleFrom(std::string(100, 'x')), std::string(60, 'x') + "…");
}

}  // namespace
}  // namespace pioneer::serve::web
