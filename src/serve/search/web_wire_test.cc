// Why: the web beside the library on the wire: /v1/search, chats that search, and
// web_search_options of chat completions, with a provider and pages on loopback.
#include "search/fetch/test_site.h"
#include "search/web_search.h"
#include "serve/search/fake_library.h"
#include "serve/test_support.h"

namespace pioneer::serve {
namespace {

class WebWireTest : public ServerTest {
 protected:
  void Start(bool with_web = true) {
    if (with_web) {
      site_.SetPage(
          "/mill",
          "<title>Mill</title><h1>Mill</h1><p>The 물레방아 mill of Tarn was closed in 1932. "
          "It is now a museum.</p>");
      provider_.SetOther([this](const HttpRequest&, ResponseWriter& writer) {
        writer.Send({200,
                     {},
                     R"({"results":[{"url":")" + site_.url() + R"(/mill"},{"url":")" + site_.url() +
                         R"(/none"}]})"});
      });
      search::WebSearchSettings settings;
      settings.provider.url = provider_.url();
      settings.provider.allow_private_provider = settings.provider.allow_private_pages = true;
      settings.provider.api_key = "a-secret-key";
      options.web = std::make_shared<search::WebSearch>(settings);
    }
    options.library = library_;
    StartServer();
  }
  void AddToLibrary() {
    search::Passage passage;
    passage.source_id = "s1";
    passage.uri = "https://example.org/lighthouse";
    passage.title = "Lighthouse";
    passage.text = "The 등대 at Cape Arden was built in 1871. It is 34 metres high.";
    library_->retriever().Add(passage);
    library_->documents[1] = {passage.uri, passage.title, "text/html", passage.text};
  }
  static Json Chat(const std::string& question, const std::string& more = "") {
    return ParseJson(R"({"messages":[{"role":"user","content":")" + question +
                     R"("}],"web_search_options":{})" + more + "}");
  }

  search::TestSite provider_, site_;
  std::shared_ptr<search::FakeLibrary> library_ = std::make_shared<search::FakeLibrary>();
};

TEST_F(WebWireTest, ProgramsSearchTheWeb) {
  Start();
  TestClient client = Client();
  EXPECT_EQ(client.Ask(200, "GET", "/api/search/library")["provider"], "searxng");
  const Json answer = client.Ask(200, "POST", "/v1/search",
                                 R"({"query":"When was the mill of Tarn closed?","web":true})");
  EXPECT_EQ(answer["answer"], "The 물레방아 mill of Tarn was closed in 1932. [1]");
  const std::string link = answer["sentences"][0]["citations"][0]["link"];
  EXPECT_TRUE(link.starts_with(site_.url() + "/mill#:~:text=The")) << link;
  EXPECT_EQ(answer["passages"][0]["document_id"], nullptr);
  EXPECT_EQ(answer["passages"][0]["source_id"], "");
  ASSERT_EQ(answer["problems"].size(), 1u);
  EXPECT_EQ(answer["problems"][0]["uri"], site_.url() + "/none");
  EXPECT_EQ(answer["problems"][0]["code"], "not_found");
  EXPECT_EQ(DumpJson(answer).find("a-secret-key"), std::string::npos);
  // Without being asked to, nothing leaves the machine.
  provider_.Forget();
  client.Ask(200, "POST", "/v1/search", R"({"query":"When was the mill of Tarn closed?"})");
  EXPECT_TRUE(provider_.asked().empty());
}

TEST_F(WebWireTest, AChatSearchesTheWeb) {
  Start();
  TestClient client = Client();
  const Json chat =
      client.Ask(201, "POST", "/api/chats", R"({"settings":{"search":{"web":true}}})");
  EXPECT_EQ(chat["settings"]["search"]["web"], true);
  const std::string id = chat["id"];
  const auto events = client.Stream("/api/chats/" + id + "/generate",
                                    R"({"content":"When was the mill of Tarn closed?"})");
  std::set<std::string> names;
  for (const SseEvent& event : events) names.insert(event.event);
  EXPECT_EQ(names,
            (std::set<std::string>{"saved", "reading", "queries", "passages", "sentence", "done"}));
  const Json message = ParseJson(events.back().data)["message"];
  EXPECT_EQ(message["search"]["problems"].size(), 1u);
  EXPECT_EQ(message["search"]["found"], true);
}

TEST_F(WebWireTest, WithoutAProviderTheWebIsRefused) {
  Start(false);
  TestClient client = Client();
  EXPECT_EQ(client.Ask(200, "GET", "/api/search/library")["provider"], nullptr);
  const Json refused = client.Ask(400, "POST", "/v1/search", R"({"query":"x","web":true})");
  EXPECT_EQ(refused["error"]["code"], "no_web_search");
  EXPECT_EQ(refused["error"]["param"], "web");
  const std::string id =
      client.Ask(201, "POST", "/api/chats", R"({"settings":{"search":{"web":true}}})")["id"];
  client.Ask(400, "POST", "/api/chats/" + id + "/generate", R"({"content":"x"})");
  EXPECT_TRUE(client.Ask(200, "GET", "/api/chats/" + id)["messages"].empty());
}

TEST_F(WebWireTest, ChatCompletionsCiteWhatTheyFound) {
  AddToLibrary();
  Start(false);
  TestClient client = Client();
  const Json answer = client.Ask(200, "POST", "/v1/chat/completions",
                                 DumpJson(Chat("When was the 등대 at Cape Arden built?")));
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  const Json message = answer["choices"][0]["message"];
  EXPECT_EQ(message["content"], "The 등대 at Cape Arden was built in 1871. [1]");
  ASSERT_EQ(message["annotations"].size(), 1u);
  EXPECT_EQ(message["annotations"][0]["type"], "url_citation");
  const Json citation = message["annotations"][0]["url_citation"];
  // Characters, not bytes: "[1]".
  EXPECT_EQ(citation["start_index"], 40);
  EXPECT_EQ(citation["end_index"], 43);
  EXPECT_EQ(citation["title"], "Lighthouse");
  const std::string url = citation["url"];
  EXPECT_TRUE(url.starts_with("https://example.org/lighthouse#:~:text=")) << url;
  EXPECT_EQ(answer["usage"]["total_tokens"], 0);  // no model was needed
}

TEST_F(WebWireTest, ChatCompletionsUseTheWebAndTheConversation) {
  Start();
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", R"({"messages":[
    {"role":"system","content":"Be brief."},
    {"role":"user","content":"What is the mill of Tarn?"},
    {"role":"assistant","content":"A museum."},
    {"role":"user","content":"When was it closed?"}],"web_search_options":
    {"search_context_size":"low","user_location":{"type":"approximate"}}})");
  EXPECT_NE(answer["choices"][0]["message"]["content"].get<std::string>().find("1932"),
            std::string::npos);
  const std::string asked = provider_.asked().at(0);
  EXPECT_NE(asked.find("Tarn"), std::string::npos) << asked;
}

TEST_F(WebWireTest, ChatCompletionsStream) {
  AddToLibrary();
  Start(false);
  const auto events =
      Client().Stream("/v1/chat/completions",
                      DumpJson(Chat("When was the 등대 at Cape Arden built?",
                                    R"(,"stream":true,"stream_options":{"include_usage":true})")));
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(ParseJson(events[0].data)["choices"][0]["delta"]["role"], "assistant");
  const Json delta = ParseJson(events[1].data)["choices"][0]["delta"];
  EXPECT_EQ(delta["content"], "The 등대 at Cape Arden was built in 1871. [1]");
  EXPECT_EQ(delta["annotations"][0]["url_citation"]["start_index"], 40);
  EXPECT_EQ(ParseJson(events[2].data)["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(ParseJson(events[3].data)["usage"]["total_tokens"], 0);
  EXPECT_EQ(events[4].data, "[DONE]");
}

TEST_F(WebWireTest, AModelWritesFromDataWithoutTools) {
  GeneratorInfo info = FakeGenerator::DefaultInfo();
  info.n_parameters = 0;  // another server's: taken for capable
  generator = std::make_shared<FakeGenerator>(info);
  generator->Add(
      "Rewrite the new question",
      std::vector<std::string>{
          R"({"standalone":"When was the 등대 at Cape Arden built?","queries":["등대"]})"});
  generator->Add("<passage", std::vector<std::string>{"The 등대 at Cape Arden was built in 1871. ",
                                                      "[1] It was painted green. [1]"});
  AddToLibrary();
  Start(false);
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions",
                                   DumpJson(Chat("When was the 등대 at Cape Arden built?")));
  // What no passage carries is not said.
  EXPECT_EQ(answer["choices"][0]["message"]["content"],
            "The 등대 at Cape Arden was built in 1871. [1]");
  EXPECT_GT(answer["usage"]["completion_tokens"], 0);
  for (const ChatRequest& request : generator->chats()) EXPECT_EQ(request.tools_json, "");
}

// A model that calls the tool: what it asks is searched, and only what passages carry is said.
class SearchToolTest : public WebWireTest {
 protected:
  void Say(const std::string& answer) {
    FakeScript script;
    script.pieces = {answer};
    script.chat_format = "hermes";
    generator->Add("", script);
    AddToLibrary();
    Start(false);
  }
  static std::string Call(const std::string& arguments) {
    return "<tool_call>\n{\"name\": \"web_search\", \"arguments\": " + arguments +
           "}\n</tool_call>";
  }
  static std::string Request(const std::string& more = "") {
    return R"({"messages":[{"role":"system","content":"Be brief."},
                           {"role":"user","content":"How high is the 등대 at Cape Arden?"}],
               "tools":[{"type":"web_search"},
                        {"type":"function","function":{"name":"turn_on"}}])" +
           more + "}";
  }
};

TEST_F(SearchToolTest, AModelThatCallsItIsAnsweredFor) {
  Say("I shall look. " + Call(R"({"query":"When was the 등대 at Cape Arden built?"})"));
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", Request());
  const Json choice = answer["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "stop");
  EXPECT_EQ(choice["message"]["content"],
            "I shall look.\n\nThe 등대 at Cape Arden was built in 1871. [1]");
  EXPECT_FALSE(choice["message"].contains("tool_calls"));
  const Json citation = choice["message"]["annotations"][0]["url_citation"];
  EXPECT_EQ(citation["start_index"], 55);
  EXPECT_EQ(citation["end_index"], 58);
  EXPECT_GT(answer["usage"]["completion_tokens"], 0);
  // It saw a function beside the other, and the conversation whole.
  const ChatRequest asked = generator->chats().at(0);
  const Json tools = ParseJson(asked.tools_json);
  EXPECT_EQ(tools[0]["function"]["name"], "web_search");
  EXPECT_EQ(tools[1]["function"]["name"], "turn_on");
  EXPECT_FALSE(asked.parallel_tool_calls);
  EXPECT_EQ(asked.messages.size(), 2u);
}

TEST_F(SearchToolTest, ItStreams) {
  Say("I shall look. " + Call(R"({"query":"When was the 등대 at Cape Arden built?"})"));
  const auto events = Client().Stream("/v1/chat/completions", Request(R"(,"stream":true)"));
  std::string content;
  int64_t citation_begin = -1;
  for (const SseEvent& event : events) {
    if (event.data == "[DONE]") continue;
    const Json delta = ParseJson(event.data)["choices"][0]["delta"];
    EXPECT_FALSE(delta.contains("tool_calls"));
    if (delta.contains("content")) content += delta["content"].get<std::string>();
    if (delta.contains("annotations")) {
      citation_begin = delta["annotations"][0]["url_citation"]["start_index"];
    }
  }
  EXPECT_EQ(content, "I shall look.\n\nThe 등대 at Cape Arden was built in 1871. [1]");
  EXPECT_EQ(citation_begin, 55);
  EXPECT_EQ(events.back().data, "[DONE]");
}

TEST_F(SearchToolTest, AModelThatKnowsTheAnswerGivesIt) {
  Say("In 1871.");
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", Request());
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "In 1871.");
  EXPECT_TRUE(answer["choices"][0]["message"]["annotations"].empty());
  EXPECT_EQ(generator->chats().size(), 1u);
}

TEST_F(SearchToolTest, OtherToolsAreTheClients) {
  Say("<tool_call>\n{\"name\": \"turn_on\", \"arguments\": {}}\n</tool_call>");
  const Json choice = Client().Ask(200, "POST", "/v1/chat/completions", Request())["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(choice["message"]["tool_calls"][0]["function"]["name"], "turn_on");
}

TEST_F(SearchToolTest, ACallWithoutAQueryAsksWhatTheUserAsked) {
  Say(Call(R"({"q":1})"));
  const Json answer = Client().Ask(200, "POST", "/v1/chat/completions", Request());
  const std::string content = answer["choices"][0]["message"]["content"];
  EXPECT_NE(content.find("34 metres"), std::string::npos) << content;
}

TEST_F(SearchToolTest, WhatTheChoiceNamesIsDone) {
  Say("In 1900.");
  TestClient client = Client();
  const auto content = [&](const std::string& more) {
    return client
        .Ask(200, "POST", "/v1/chat/completions", Request(more))["choices"][0]["message"]["content"]
        .get<std::string>();
  };
  EXPECT_NE(content(R"(,"tool_choice":{"type":"web_search"})").find("[1]"), std::string::npos);
  EXPECT_TRUE(generator->chats().empty());
  EXPECT_EQ(content(R"(,"tool_choice":"none")"), "In 1900.");
}

TEST_F(SearchToolTest, AModelThatFailsIsTold) {
  FakeScript script;
  script.error = "out of luck";
  generator->Add("", script);
  AddToLibrary();
  Start(false);
  TestClient client = Client();
  const Json error = client.Ask(500, "POST", "/v1/chat/completions", Request())["error"];
  EXPECT_EQ(error["code"], "generation_failed");
}

TEST_F(WebWireTest, NothingToSearchSaysWhatToDo) {
  Start(false);
  TestClient client = Client();
  const Json error =
      client.Ask(400, "POST", "/v1/chat/completions", DumpJson(Chat("What?")))["error"];
  EXPECT_EQ(error["code"], "nothing_to_search");
  EXPECT_NE(error["message"].get<std::string>().find("pioneer index add"), std::string::npos);
}

TEST_F(WebWireTest, WhatASearchCannotHonourIsRefused) {
  AddToLibrary();
  Start(false);
  TestClient client = Client();
  const auto refused = [&](const std::string& more) {
    return client.Ask(400, "POST", "/v1/chat/completions",
                      DumpJson(Chat("What?", more)))["error"]["param"];
  };
  EXPECT_EQ(refused(R"(,"n":2)"), "n");
  EXPECT_EQ(refused(R"(,"logprobs":true)"), "logprobs");
  EXPECT_EQ(refused(R"(,"stop":"x")"), "stop");
  EXPECT_EQ(refused(R"(,"response_format":{"type":"json_object"})"), "response_format");
  EXPECT_EQ(refused(R"(,"tools":[{"type":"function","function":{"name":"f"}}])"), "tools");
  client.Ask(400, "POST", "/v1/chat/completions",
             R"({"messages":[{"role":"user","content":"a"}],
                 "web_search_options":{"search_context_size":"huge"}})");
  const Json last = client.Ask(400, "POST", "/v1/chat/completions",
                               R"({"messages":[{"role":"user","content":"a"},
                                               {"role":"assistant","content":"b"}],
                                   "web_search_options":{}})");
  EXPECT_EQ(last["error"]["param"], "messages[1].role");
}

}  // namespace
}  // namespace pioneer::serve
