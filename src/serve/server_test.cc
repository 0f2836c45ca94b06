// Why: what every request meets: health, metrics, keys, Host and Origin, the page.
#include "serve/server.h"

#include "serve/test_support.h"
#include "store/chat_store.h"

namespace pioneer::serve {
namespace {

constexpr char kHi[] = R"({"messages":[{"role":"user","content":"Hi"}]})";

const Asset kPage[] = {
    {"/index.html", "text/html; charset=utf-8", "<p>page</p>", "\"v1\"", "GZIP", "BROTLI"},
    {"/assets/app-1.js", "text/javascript", "run()", "\"a1\"", "", ""},
};

TEST_F(ServerTest, HealthFollowsTheModels) {
  options.port = 0;
  options.data_folder = folder.path();
  server = std::make_unique<Server>(options, std::vector<std::shared_ptr<Generator>>{});
  server->Start();
  TestClient client = Client();
  EXPECT_EQ(client.Ask(503, "GET", "/health")["status"], "loading");
  EXPECT_EQ(client.Ask(503, "POST", "/v1/chat/completions", kHi)["error"]["code"], "model_loading");
  server->SetModels({generator});
  EXPECT_EQ(client.Ask(200, "GET", "/health")["status"], "ok");
}

TEST_F(ServerTest, CountsWhatItDoes) {
  StartServer();
  generator->Add("Hi", {"a", "b"});
  TestClient client = Client();
  client.Ask(200, "POST", "/v1/chat/completions", kHi);
  client.Send("GET", "/v1/models/none");
  const std::string metrics = client.Send("GET", "/metrics").body;
  for (const char* line :
       {"pioneer_http_requests_total{route=\"/v1/chat/completions\",status=\"200\"} 1",
        "pioneer_http_requests_total{route=\"/v1/models/{id}\",status=\"404\"} 1",
        "pioneer_time_to_first_token_seconds_count 1", "pioneer_inter_token_seconds_count 1",
        "pioneer_prompt_tokens_total{model=\"fake\"} 2",
        "pioneer_generated_tokens_total{model=\"fake\"} 2",
        "pioneer_requests_running{model=\"fake\"} 0", "pioneer_requests_waiting{model=\"fake\"} 0",
        "pioneer_kv_bytes_total{model=\"fake\"} 0", "pioneer_client_disconnects_total 0"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << "\n" << metrics;
  }
}

TEST_F(ServerTest, WithKeysEveryPathButAFewNeedsOne) {
  options.require_keys = true;
  options.assets = kPage;
  StartServer();
  generator->Add("Hi", {"a"});
  TestClient client = Client();
  const std::pair<const char*, const char*> kClosed[] = {{"POST", "/v1/chat/completions"},
                                                         {"POST", "/v1/completions"},
                                                         {"GET", "/v1/models"},
                                                         {"GET", "/v1/models/fake"},
                                                         {"GET", "/metrics"},
                                                         {"GET", "/api/state"},
                                                         {"GET", "/api/chats"},
                                                         {"POST", "/api/chats"},
                                                         {"GET", "/api/chats/x"},
                                                         {"PATCH", "/api/chats/x"},
                                                         {"DELETE", "/api/chats/x"},
                                                         {"POST", "/api/chats/x/restore"},
                                                         {"GET", "/api/chats/x/export"},
                                                         {"POST", "/api/chats/x/generate"},
                                                         {"DELETE", "/api/visitor"},
                                                         {"GET", "/nothing"}};
  for (const std::string key : {"", "pio-wrong"}) {
    client.key = key;
    for (const auto& [method, path] : kClosed) {
      const Json error = client.Ask(401, method, path, "{}")["error"];
      EXPECT_EQ(error["code"], "invalid_api_key");
    }
  }
  client.key = "";
  EXPECT_EQ(client.Send("GET", "/health").status, 200);
  EXPECT_EQ(client.Send("GET", "/").status, 200);
  EXPECT_EQ(client.Send("GET", "/assets/app-1.js").status, 200);

  client.key = OpenSqliteKeyStore(folder.path() / "pioneer.db")->Create("test").secret;
  EXPECT_EQ(client.Send("POST", "/v1/chat/completions", kHi).status, 200);
  EXPECT_EQ(client.Send("GET", "/metrics").status, 200);
}

TEST_F(ServerTest, TheLoginsCookieOpensThePageOnly) {
  options.require_keys = true;
  StartServer();
  const auto keys = OpenSqliteKeyStore(folder.path() / "pioneer.db");
  const CreatedApiKey key = keys->Create("page");
  TestClient client = Client();
  EXPECT_EQ(client.Send("POST", "/api/login", R"({"key":"pio-no"})").status, 401);
  EXPECT_EQ(client.Send("POST", "/api/login", "{}").status, 400);
  EXPECT_EQ(client.Send("GET", "/api/state").status, 401);
  EXPECT_EQ(client.Send("POST", "/api/login", R"({"key":")" + key.secret + "\"}").status, 204);
  EXPECT_EQ(client.Ask(200, "GET", "/api/state")["auth_required"], true);
  EXPECT_EQ(client.Send("GET", "/v1/models").status, 401);
  keys->Revoke(key.key.id);
  EXPECT_EQ(client.Send("GET", "/api/state").status, 401);
}

TEST_F(ServerTest, OtherNamesOfThisMachineAreRefused) {
  options.allowed_hosts = {"box.example"};
  StartServer();
  TestClient client = Client();
  EXPECT_EQ(client.Send("GET", "/health", "", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(client.Send("GET", "/health", "", {{"Host", "localhost:1"}}).status, 200);
  EXPECT_EQ(client.Send("GET", "/health", "", {{"Host", "box.example"}}).status, 200);
}

TEST_F(ServerTest, OtherSitesPagesAreRefused) {
  StartServer();
  generator->Add("Hi", {"a"});
  TestClient client = Client();
  const std::string chat = "/v1/chat/completions";
  const std::string own = "http://127.0.0.1:" + std::to_string(server->port());
  EXPECT_EQ(client.Send("POST", chat, kHi, {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(client.Send("POST", chat, kHi, {{"Origin", "null"}}).status, 403);
  EXPECT_EQ(client.Send("POST", chat, kHi, {{"Origin", own}}).status, 200);
  EXPECT_EQ(client.Send("POST", "/api/chats", "{}", {{"Origin", "https://e.example"}}).status, 403);
  EXPECT_EQ(client.Send("GET", "/api/state", "", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(client.Send("GET", "/api/state", "", {{"Sec-Fetch-Site", "same-origin"}}).status, 200);
  EXPECT_EQ(client.Send("POST", "/api/chats", "{}", {{"Content-Type", "text/plain"}}).status, 415);
}

TEST_F(ServerTest, AllowedOriginsGetCors) {
  options.allowed_origins = {"https://app.example"};
  options.require_keys = true;
  StartServer();
  TestClient client = Client();
  const HttpResponse preflight =
      client.Send("OPTIONS", "/v1/chat/completions", "",
                  {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.Get("Access-Control-Allow-Origin"), "https://app.example");
  const HttpResponse denied =
      client.Send("GET", "/v1/models", "", {{"Origin", "https://app.example"}});
  EXPECT_EQ(denied.status, 401);  // readable for the page, but without a key
  EXPECT_EQ(denied.headers.Get("Access-Control-Allow-Origin"), "https://app.example");
  const HttpResponse other =
      client.Send("OPTIONS", "/v1/chat/completions", "",
                  {{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_FALSE(other.headers.Has("Access-Control-Allow-Origin"));
}

TEST_F(ServerTest, ServesThePage) {
  options.assets = kPage;
  StartServer();
  TestClient client = Client();
  const HttpResponse index = client.Send("GET", "/");
  EXPECT_EQ(index.body, "<p>page</p>");
  EXPECT_EQ(index.headers.Get("ETag"), "\"v1\"");
  EXPECT_EQ(index.headers.Get("Cache-Control"), "no-cache");
  EXPECT_TRUE(index.headers.Get("Content-Security-Policy").starts_with("default-src 'none'"));
  EXPECT_EQ(index.headers.Get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(index.headers.Get("Referrer-Policy"), "no-referrer");
  EXPECT_NE(index.headers.Get("Set-Cookie").find("HttpOnly; SameSite=Strict"), std::string::npos);

  EXPECT_EQ(client.Send("GET", "/", "", {{"If-None-Match", "\"v1\""}}).status, 304);
  const HttpResponse brotli =
      client.Send("GET", "/index.html", "", {{"Accept-Encoding", "gzip, deflate, br"}});
  EXPECT_EQ(brotli.body, "BROTLI");
  EXPECT_EQ(brotli.headers.Get("Content-Encoding"), "br");
  const HttpResponse gzip =
      client.Send("GET", "/", "", {{"Accept-Encoding", "br;q=0, gzip;q=0.5"}});
  EXPECT_EQ(gzip.headers.Get("Content-Encoding"), "gzip");

  const HttpResponse script = client.Send("GET", "/assets/app-1.js");
  EXPECT_EQ(script.headers.Get("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(client.Send("GET", "/assets/other.js").status, 404);
}

TEST_F(ServerTest, ALinkFromAnotherSiteKeepsTheVisitor) {
  options.assets = kPage;
  StartServer();
  const HttpResponse index = Client().Send("GET", "/", "", {{"Sec-Fetch-Site", "cross-site"}});
  EXPECT_EQ(index.status, 200);
  EXPECT_FALSE(index.headers.Has("Set-Cookie"));
}

// Only what nobody writes any more was cut off.
TEST_F(ServerTest, ASecondServiceLeavesTheFirstsAnswersAlone) {
  StartServer();
  const auto store = OpenSqliteChatStore(folder.path() / "pioneer.db");
  const std::string visitor = store->EnsureVisitor("hash").id;
  const std::string chat = store->CreateChat(visitor, {}).id;
  store->BeginTurn(visitor, chat, {.content = "Hi", .model = "fake"});
  const auto status = [&] { return store->ListMessages(visitor, chat).back().status; };
  auto second = std::make_unique<Server>(options, GeneratorsFor(generator));
  second->Start();
  EXPECT_EQ(status(), MessageStatus::kStreaming);
  server.reset();
  second.reset();
  StartServer();
  EXPECT_EQ(status(), MessageStatus::kStopped);
}

TEST_F(ServerTest, WorksWithoutAPage) {
  StartServer();
  EXPECT_NE(Client().Send("GET", "/").body.find("no web page"), std::string::npos);
}

}  // namespace
}  // namespace pioneer::serve
