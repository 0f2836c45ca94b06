// Why: the client's limits: size, time, and being told to stop.
#include "net/http_client.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "base/error.h"
#include "net/http_server.h"
#include "net/sse.h"
#include "net/test_socket.h"

namespace pioneer {
namespace {

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    HttpServerOptions options;
    options.port = 0;
    server_.emplace(options, [this](const HttpRequest& request, ResponseWriter& writer) {
      Handle(request, writer);
    });
    server_->Start();
    request_.url = "http://" + server_->addresses()[0];
  }

  void Handle(const HttpRequest& request, ResponseWriter& writer) {
    if (request.path == "/echo") {
      writer.Send({201, {{"X-Method", request.method}}, request.body});
    } else if (request.path == "/packed") {
      // gzip -9 of 1000 times "x".
      writer.Send({200,
                   {{"Content-Encoding", "gzip"}},
                   std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xa8\x18\x05\xa3\x60"
                               "\x14\x0c\x77\x00\x00\xe6\xc9\x41\x3b\xe8\x03\x00\x00",
                               29)});
    } else if (request.path == "/redirect") {
      writer.Send({302, {{"Location", "/echo"}}, ""});
    } else if (request.path == "/events") {
      writer.StartStream(200, {});
      for (int i = 0; i < 3; ++i) writer.Write(FormatSseEvent("n", std::to_string(i) + "\nx"));
    } else if (request.path == "/hang") {
      TestEvent gone;
      writer.OnDisconnect([&] { gone.Set(); });
      hanging_.Set();
      gone.Wait();
    } else if (request.path == "/cut") {
      writer.StartStream(200, {});
      writer.Write("begun");
      Fail(ErrorCode::kInternal, "cut on purpose");
    } else {
      writer.Send({200, {}, std::string(100'000, 'x')});
    }
  }

  std::optional<ErrorCode> FetchCode() {
    try {
      FetchHttp(request_);
    } catch (const Error& error) {
      return error.code();
    }
    return std::nullopt;
  }

  TestEvent hanging_;
  std::optional<HttpServer> server_;
  HttpClientRequest request_;
};

TEST_F(HttpClientTest, SendsMethodHeadersAndBody) {
  request_.url += "/echo";
  request_.body = "hello";
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    request_.method = method;
    const HttpResponse response = FetchHttp(request_);
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.headers.Get("x-method"), method);
    EXPECT_EQ(response.body, "hello");
  }
  request_.method = "HEAD";
  request_.body.clear();
  EXPECT_EQ(FetchHttp(request_).headers.Get("X-Method"), "HEAD");
}

TEST_F(HttpClientTest, ConnectsOnlyWhereTheRuleAllows) {
  request_.address_rule = AddressRule::kPublicOnly;
  EXPECT_EQ(FetchCode(), ErrorCode::kInvalidArgument);
  // A name is what it means when it is connected to.
  const size_t colon = request_.url.rfind(':');
  request_.url = "http://localhost" + request_.url.substr(colon);
  EXPECT_EQ(FetchCode(), ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, UnpacksWithinTheLimit) {
  request_.url += "/packed";
  request_.decompress = true;
  request_.max_response_bytes = 1000;
  EXPECT_EQ(FetchHttp(request_).body, std::string(1000, 'x'));
  request_.max_response_bytes = 999;
  EXPECT_EQ(FetchCode(), ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, ReadsEventsAsTheyCome) {
  request_.url += "/events";
  SseParser parser;
  std::vector<std::string> data;
  request_.on_body = [&](std::string_view bytes) {
    parser.Push(bytes, [&](const SseEvent& event) { data.push_back(event.event + event.data); });
    return true;
  };
  FetchHttp(request_);
  EXPECT_EQ(data, (std::vector<std::string>{"n0\nx", "n1\nx", "n2\nx"}));
}

TEST_F(HttpClientTest, RedirectIsFollowedOnlyWhenAllowed) {
  request_.url += "/redirect";
  EXPECT_EQ(FetchHttp(request_).status, 302);
  request_.max_redirects = 2;
  const HttpResponse response = FetchHttp(request_);
  EXPECT_EQ(response.status, 201);
  EXPECT_FALSE(response.headers.Has("Location"));
}

TEST_F(HttpClientTest, LimitsHold) {
  request_.max_response_bytes = 99'999;
  EXPECT_EQ(FetchCode(), ErrorCode::kInvalidArgument);
  request_.max_response_bytes = 100'000;
  EXPECT_EQ(FetchHttp(request_).body.size(), 100'000u);
}

TEST_F(HttpClientTest, TimeoutCutAndStopAreErrors) {
  const std::string base = request_.url;
  request_.url = base + "/cut";
  EXPECT_EQ(FetchCode(), ErrorCode::kIo);
  request_.url = base + "/hang";
  request_.timeout_ms = 50;
  EXPECT_EQ(FetchCode(), ErrorCode::kIo);
  request_.timeout_ms = 0;
  std::thread canceller([&] {
    hanging_.Wait();
    request_.cancel.Cancel();
  });
  EXPECT_EQ(FetchCode(), ErrorCode::kCancelled);
  canceller.join();
}

TEST_F(HttpClientTest, CallbackMayStopOrThrow) {
  request_.on_body = [](std::string_view) { return false; };
  EXPECT_EQ(FetchCode(), ErrorCode::kCancelled);
  request_.on_body = [](std::string_view) -> bool { Fail(ErrorCode::kOverloaded, "mine"); };
  EXPECT_EQ(FetchCode(), ErrorCode::kOverloaded);
}

TEST_F(HttpClientTest, TheHeaderIsToldBeforeTheBody) {
  std::vector<std::string> told;
  const std::string base = request_.url;
  request_.url = base + "/echo";
  request_.body = "text";
  request_.on_header = [&](int status, const HttpHeaders& headers) {
    told.push_back(std::to_string(status) + std::string(headers.Get("X-Method")));
    return true;
  };
  request_.on_body = [&](std::string_view) {
    told.emplace_back("body");
    return true;
  };
  FetchHttp(request_);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].substr(0, 3), "201");
  EXPECT_EQ(told[1], "body");
  request_.url = base + "/redirect";
  request_.max_redirects = 1;
  FetchHttp(request_);
  EXPECT_EQ(told[2].substr(0, 3), "201");
  request_.on_header = [](int, const HttpHeaders&) { return false; };
  EXPECT_EQ(FetchCode(), ErrorCode::kCancelled);
}

TEST_F(HttpClientTest, OtherSchemesAndLineBreaksAreRefused) {
  const std::string good = request_.url;
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "", "http://"}) {
    request_.url = url;
    EXPECT_EQ(FetchCode(), ErrorCode::kInvalidArgument) << url;
  }
  request_.url = good;
  request_.headers.Add("X", "a\r\nY: b");
  EXPECT_EQ(FetchCode(), ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, NobodyListening) {
  server_.reset();
  EXPECT_EQ(FetchCode(), ErrorCode::kIo);
}

}  // namespace
}  // namespace pioneer
