// Why: the search part of the page's API and /v1/search, as docs/web-api.md and docs/api.md promise
// them.
#include "serve/search/documents.h"
#include "serve/search/fake_library.h"
#include "serve/search/search_json.h"
#include "serve/test_support.h"

namespace pioneer::serve {
namespace {

constexpr char kLighthouse[] = "The 등대 at Cape Arden was built in 1871. It is 34 metres high.";

class SearchWireTest : public ServerTest {
 protected:
  void SetUp() override {
    search::Passage passage;
    passage.uri = "https://example.org/lighthouse";
    passage.title = "Lighthouse";
    passage.headings = {"Lighthouse", "History"};
    passage.text = kLighthouse;
    passage.source_id = "s1";
    library->retriever().Add(passage);
    library->documents[1] = {"https://example.org/lighthouse", "Lighthouse", "text/html",
                             kLighthouse};
    const fs::path file = folder.path() / "a b.txt";
    WriteFileAtomically(file, "plain");
    library->documents[2] = {"file://" + folder.path().string() + "/a%20b.txt", "a b", "text/plain",
                             "plain"};
    const fs::path page = folder.path() / "p.html";
    WriteFileAtomically(page, "<script>1</script>");
    library->documents[3] = {"file://" + page.string(), "p", "text/html", "p"};
    options.library = library;
    StartServer();
  }
  std::string NewSearchChat(TestClient& client) {
    return client.Ask(201, "POST", "/api/chats",
                      R"({"settings":{"search":{"sources":["s1"],"unsupported":"mark"}}})")["id"];
  }
  static std::vector<std::string> Names(const std::vector<SseEvent>& events) {
    std::vector<std::string> names;
    for (const SseEvent& event : events) names.push_back(event.event);
    return names;
  }

  std::shared_ptr<search::FakeLibrary> library = std::make_shared<search::FakeLibrary>();
};

TEST_F(SearchWireTest, SourcesAreAddedReadStoppedAndRemoved) {
  TestClient client = Client();
  const Json added =
      client.Ask(201, "POST", "/api/search/sources",
                 R"({"kind":"files","location":"/srv/docs","name":"docs","exclude":["*.tmp"]})");
  const std::string id = added["id"];
  EXPECT_EQ(added["kind"], "files");
  EXPECT_EQ(added["location"], "/srv/docs");
  EXPECT_EQ(added["exclude"][0], "*.tmp");
  EXPECT_EQ(added["job"]["state"], "running");
  EXPECT_EQ(added["job"]["ended_at"], nullptr);
  EXPECT_EQ(client.Ask(400, "POST", "/api/search/sources",
                       R"({"kind":"files","location":"/srv/docs"})")["error"]["code"],
            "exists");
  EXPECT_EQ(client.Ask(202, "POST", "/api/search/sources/" + id + "/stop", "{}")["job"]["state"],
            "stopped");
  EXPECT_EQ(client.Ask(202, "POST", "/api/search/sources/" + id + "/sync", "{}")["job"]["state"],
            "running");
  const Json failures =
      client.Ask(200, "GET", "/api/search/sources/" + id + "/failures?limit=2")["failures"];
  EXPECT_EQ(failures.size(), 2u);
  EXPECT_EQ(failures[0]["code"], "corrupt_file");
  EXPECT_EQ(failures[0]["message"], "is broken");
  EXPECT_EQ(client.Ask(200, "GET", "/api/search/library")["sources"].size(), 1u);
  EXPECT_TRUE(client.Ask(200, "GET", "/api/search/library")["vectors"].is_null());
  library->vectors = {"embed", 3, 5, 2, ""};
  const Json vectors = client.Ask(200, "GET", "/api/search/library")["vectors"];
  EXPECT_EQ(
      vectors,
      Json({{"model", "embed"}, {"done", 3}, {"total", 5}, {"in_graph", 2}, {"problem", nullptr}}));
  client.Ask(204, "DELETE", "/api/search/sources/" + id);
  client.Ask(404, "DELETE", "/api/search/sources/" + id);
  client.Ask(404, "POST", "/api/search/sources/" + id + "/sync", "{}");
}

TEST_F(SearchWireTest, WrongSourcesAreRefused) {
  TestClient client = Client();
  const auto refused = [&](int status, const std::string& body) {
    return client.Ask(status, "POST", "/api/search/sources", body)["error"]["param"];
  };
  EXPECT_EQ(refused(400, R"({"kind":"ftp","location":"x"})"), "kind");
  EXPECT_EQ(refused(400, R"({"kind":"files"})"), "location");
  EXPECT_EQ(refused(400, R"({"kind":"site","location":"https://a","max_depth":-1})"), "max_depth");
  refused(404, R"({"kind":"files","location":"/missing"})");
}

TEST_F(SearchWireTest, VisitorsSeeNoPlaces) {
  TestClient administrator = Client();
  administrator.Ask(201, "POST", "/api/search/sources",
                    R"({"kind":"files","location":"/srv/docs","name":"docs"})");
  const HttpResponse seen = Client().Send("GET", "/api/search/library", "", {{"Via", "1.1 proxy"}});
  const Json source = ParseJson(seen.body)["sources"][0];
  EXPECT_EQ(source["name"], "docs");
  EXPECT_EQ(source["location"], nullptr);
  EXPECT_EQ(source["include"], nullptr);
  for (const char* path : {"/api/search/folders", "/api/search/sources/s1/failures"}) {
    EXPECT_EQ(Client().Send("GET", path, "", {{"Via", "1.1 proxy"}}).status, 403) << path;
  }
  EXPECT_EQ(Client().Send("POST", "/api/search/sources", "{}", {{"Via", "1.1 proxy"}}).status, 403);
}

TEST_F(SearchWireTest, TheLibraryIsWatched) {
  TestClient client = Client();
  size_t n = 0;
  const auto events = TestClient::Events(
      client.Request("GET", "/api/search/library/live", "", {}), [&](const SseEvent& event) {
        EXPECT_EQ(event.event, "library");
        if (++n == 1) library->Add({"later", {search::SourceKind::kFiles, "/x", {}, {}}, 0});
        return n < 2;
      });
  EXPECT_EQ(ParseJson(events.back().data)["sources"][0]["name"], "later");
}

TEST_F(SearchWireTest, AChatAnswersBySearching) {
  TestClient client = Client();
  const std::string id = NewSearchChat(client);
  const auto events = client.Stream("/api/chats/" + id + "/generate",
                                    R"({"content":"When was the 등대 at Cape Arden built?"})");
  EXPECT_EQ(Names(events),
            (std::vector<std::string>{"saved", "queries", "passages", "sentence", "done"}));
  const Json passage = ParseJson(events[2].data)["passages"][0];
  EXPECT_EQ(passage["n"], 1);
  EXPECT_EQ(passage["headings"][1], "History");
  EXPECT_EQ(passage["reasons"][0]["stage"], "lexical");
  const Json sentence = ParseJson(events[3].data);
  EXPECT_EQ(sentence["support"], "supported");
  EXPECT_EQ(sentence["citations"][0]["n"], 1);
  EXPECT_EQ(sentence["citations"][0]["begin"], 0);
  // UTF-16 units, not bytes.
  EXPECT_EQ(sentence["citations"][0]["end"], 39);
  const Json done = ParseJson(events[4].data)["message"];
  EXPECT_EQ(done["status"], "done");
  EXPECT_EQ(done["search"]["found"], true);
  EXPECT_EQ(done["search"]["method"], "extract");
  EXPECT_EQ(done["content"], "The 등대 at Cape Arden was built in 1871. [1]");
  const Json chat = client.Ask(200, "GET", "/api/chats/" + id);
  EXPECT_EQ(chat["settings"]["search"]["sources"][0], "s1");
  EXPECT_EQ(chat["settings"]["search"]["unsupported"], "mark");
  EXPECT_EQ(client.Ask(200, "GET", "/api/chats")["chats"][0]["search"], true);
  EXPECT_EQ(chat["messages"][0]["search"], nullptr);
  EXPECT_EQ(chat["messages"][1], done);
  EXPECT_EQ(library->retriever().queries()[0].filter.source_ids[0], "s1");
  const std::string markdown = client.Send("GET", "/api/chats/" + id + "/export").body;
  EXPECT_NE(markdown.find("- [1] [Lighthouse](<https://example.org/lighthouse#:~:text="),
            std::string::npos)
      << markdown;
}

TEST_F(SearchWireTest, AFollowUpKnowsWhatWasAskedBefore) {
  TestClient client = Client();
  const std::string id = NewSearchChat(client);
  auto events = client.Stream("/api/chats/" + id + "/generate",
                              R"({"content":"When was the tower at Cape Arden built?"})");
  const Json answer = ParseJson(events.back().data)["message"];
  events =
      client.Stream("/api/chats/" + id + "/generate",
                    DumpJson(Json{{"parent_id", answer["id"]}, {"content", "How high is it?"}}));
  EXPECT_EQ(ParseJson(events[1].data)["standalone"], "How high is Cape Arden?");
  // Answered again, the same question is understood in the same way.
  const Json again = ParseJson(events.back().data)["message"]["parent_id"];
  events = client.Stream("/api/chats/" + id + "/generate", DumpJson(Json{{"parent_id", again}}));
  EXPECT_EQ(ParseJson(events[1].data)["standalone"], "How high is Cape Arden?");
}

TEST_F(SearchWireTest, WrongSearchSettingsAreRefused) {
  TestClient client = Client();
  for (const char* settings : {R"({"unsupported":"hide"})", R"({"languages":["xx"]})",
                               R"({"sources":"s1"})", R"({"from":-1})"}) {
    client.Ask(400, "POST", "/api/chats",
               fmt::format(R"({{"settings":{{"search":{}}}}})", settings));
  }
}

TEST_F(SearchWireTest, ProgramsAsk) {
  TestClient client = Client();
  const Json answer = client.Ask(200, "POST", "/v1/search",
                                 R"({"query":"When was the 등대 at Cape Arden built?"})");
  EXPECT_EQ(answer["object"], "search.answer");
  EXPECT_EQ(answer["found"], true);
  EXPECT_EQ(answer["sentences"][0]["citations"][0]["quote"],
            "The 등대 at Cape Arden was built in 1871.");
  const Json passages = client.Ask(200, "POST", "/v1/search",
                                   R"({"query":"등대","passages_only":true,"max_passages":1})");
  EXPECT_EQ(passages["passages"].size(), 1u);
  EXPECT_TRUE(passages["sentences"].empty());
  const auto events = client.Stream(
      "/v1/search",
      R"({"query":"How high is it?","conversation":[{"question":"When was Cape Arden built?","answer":"1871"}],"stream":true})");
  EXPECT_EQ(events.front().event, "queries");
  EXPECT_EQ(events.back().event, "done");
  EXPECT_EQ(ParseJson(events.back().data)["standalone"], "How high is Cape Arden?");
  for (const char* body : {"{}", R"({"query":""})", R"({"query":"x","max_passages":0})",
                           R"({"query":"x","conversation":[{}]})"}) {
    client.Ask(400, "POST", "/v1/search", body);
  }
  client.Ask(404, "POST", "/v1/search", R"({"query":"x","model":"nobody"})");
}

TEST_F(SearchWireTest, DocumentsAreShownAndNeverRun) {
  TestClient client = Client();
  EXPECT_EQ(client.Ask(200, "GET", "/api/search/documents/1")["text"], kLighthouse);
  client.Ask(404, "GET", "/api/search/documents/9");
  client.Ask(404, "GET", "/api/search/documents/x");
  client.Ask(404, "GET", "/api/search/documents/1/original");
  const HttpResponse text = client.Send("GET", "/api/search/documents/2/original");
  EXPECT_EQ(text.body, "plain");
  EXPECT_EQ(text.headers.Get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_NE(text.headers.Get("Content-Security-Policy").find("sandbox"), std::string_view::npos);
  const HttpResponse page = client.Send("GET", "/api/search/documents/3/original");
  EXPECT_EQ(page.headers.Get("Content-Type"), "application/octet-stream");
  EXPECT_TRUE(page.headers.Get("Content-Disposition").starts_with("attachment"));
}

TEST_F(SearchWireTest, FoldersToChooseFrom) {
  fs::create_directories(folder.path() / "inner");
  const Json folders =
      Client().Ask(200, "GET", "/api/search/folders?path=" + folder.path().string());
  EXPECT_EQ(folders["folders"][0]["name"], "inner");
  EXPECT_EQ(folders["parent"], folder.path().parent_path().string());
  Client().Ask(404, "GET", "/api/search/folders?path=relative");
}

TEST(FileUris, AreReadStrictly) {
  EXPECT_EQ(PathOfFileUri("file:///a%20b/%EA%B0%80.pdf#page=2"), fs::path("/a b/가.pdf"));
  EXPECT_EQ(PathOfFileUri("https://example.org/a"), std::nullopt);
  EXPECT_EQ(PathOfFileUri("file:///a%00b"), std::nullopt);
}

TEST(Utf16, CountsUnits) {
  EXPECT_EQ(Utf16Length("a가😀b", 8), 4u);
  EXPECT_EQ(Utf16Length("abc", 99), 3u);
}

class NoLibraryTest : public ServerTest {};

TEST_F(NoLibraryTest, SaysSo) {
  StartServer();
  TestClient client = Client();
  EXPECT_EQ(client.Ask(404, "GET", "/api/search/library")["error"]["code"], "no_library");
  EXPECT_EQ(client.Ask(404, "POST", "/v1/search", R"({"query":"x"})")["error"]["code"],
            "no_library");
  const std::string id =
      client.Ask(201, "POST", "/api/chats", R"({"settings":{"search":{}}})")["id"];
  EXPECT_EQ(client.Ask(404, "POST", "/api/chats/" + id + "/generate",
                       R"({"content":"x"})")["error"]["code"],
            "no_library");
  EXPECT_TRUE(client.Ask(200, "GET", "/api/chats/" + id)["messages"].empty());
}

}  // namespace
}  // namespace pioneer::serve
