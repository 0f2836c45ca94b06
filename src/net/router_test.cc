// Why: which handler gets which request.
#include "net/router.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace pioneer {
namespace {

class RecordingWriter : public ResponseWriter {
 public:
  void Send(HttpResponse response) override { sent = std::move(response); }
  void StartStream(int, HttpHeaders) override {}
  bool Write(std::string_view) override { return true; }
  void End() override {}
  void OnDisconnect(std::function<void()>) override {}
  bool disconnected() const override { return false; }
  bool started() const override { return sent.status != 0; }

  HttpResponse sent{0, {}, ""};
};

class RouterTest : public ::testing::Test {
 protected:
  // The handler answers with its pattern and what was captured.
  void Add(const std::string& method, const std::string& pattern) {
    router_.Add(method, pattern, [=](const HttpRequest& request, ResponseWriter& writer) {
      std::string body = method + " " + pattern;
      for (const auto& [name, value] : request.path_parameters) body += " " + name + "=" + value;
      writer.Send({200, {}, body});
    });
  }
  HttpResponse Get(const std::string& target, const std::string& method = "GET") {
    HttpRequest request;
    auto parsed = ParseHttpTarget(target).value();
    request.method = method;
    request.path = parsed.path;
    request.segments = parsed.segments;
    RecordingWriter writer;
    router_.Route(request, writer);
    return writer.sent;
  }

  Router router_;
};

TEST_F(RouterTest, CapturesSegments) {
  Add("GET", "/");
  Add("GET", "/api/chats");
  Add("GET", "/api/chats/{id}");
  Add("POST", "/api/chats/{id}/messages/{message}");
  EXPECT_EQ(Get("/").body, "GET /");
  EXPECT_EQ(Get("/api/chats").body, "GET /api/chats");
  EXPECT_EQ(Get("/api/chats/a%2Fb").body, "GET /api/chats/{id} id=a/b");
  EXPECT_EQ(Get("/api/chats/7/messages/8", "POST").body,
            "POST /api/chats/{id}/messages/{message} id=7 message=8");
  EXPECT_EQ(Get("/api/chats/").status, 404);
  EXPECT_EQ(Get("/api/chats/7/other").status, 404);
  EXPECT_EQ(Get("/api//chats").status, 404);
  EXPECT_EQ(Get("/API/chats").status, 404);
}

TEST_F(RouterTest, LiteralsWinAndTheRestComesLast) {
  Add("GET", "/{path...}");
  Add("GET", "/models/{name}");
  Add("GET", "/models/all");
  EXPECT_EQ(Get("/models/all").body, "GET /models/all");
  EXPECT_EQ(Get("/models/x").body, "GET /models/{name} name=x");
  EXPECT_EQ(Get("/models/x/y").body, "GET /{path...} path=models/x/y");
  EXPECT_EQ(Get("/").body, "GET /{path...} path=");
}

TEST_F(RouterTest, OtherMethodsAreToldWhatIsPossible) {
  Add("GET", "/a");
  Add("DELETE", "/a");
  const HttpResponse refused = Get("/a", "PUT");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.Get("Allow"), "DELETE, GET, HEAD, OPTIONS");
  const HttpResponse options = Get("/a", "OPTIONS");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.Get("Allow"), "DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(Get("/a", "HEAD").body, "GET /a");
  EXPECT_EQ(Get("/none", "OPTIONS").status, 404);
  EXPECT_EQ(Get("*", "OPTIONS").status, 204);
}

TEST_F(RouterTest, ErrorsAreRenderedByTheUser) {
  router_ = Router([](int status, const std::string& message) {
    return HttpResponse{status, {}, "rendered: " + message};
  });
  EXPECT_EQ(Get("/x").body, "rendered: nothing is at /x");
}

TEST_F(RouterTest, BadPatternsAreRefused) {
  Add("GET", "/a");
  EXPECT_THROW(Add("GET", "/a"), Error);
  for (const char* pattern : {"", "a", "/{", "/{}", "/{a", "/{...}", "/{a...}/b"}) {
    EXPECT_THROW(Add("GET", pattern), Error) << pattern;
  }
}

}  // namespace
}  // namespace pioneer
