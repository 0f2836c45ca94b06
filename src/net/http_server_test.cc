// Why: the server against real sockets: what goes right, what clients do wrong, and when they
// leave.
#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "base/error.h"
#include "net/http_client.h"
#include "net/test_socket.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

HttpResponse Text(const std::string& body) {
  HttpResponse response;
  response.body = body;
  return response;
}

void Echo(const HttpRequest& request, ResponseWriter& writer) {
  writer.Send(Text(request.method + " " + request.path + " " + request.body));
}

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { options_.port = 0; }
  // Tests end with server_.reset(): their handlers use local variables.

  int Serve(HttpHandler handler) {
    server_.emplace(options_, std::move(handler));
    server_->Start();
    return server_->port();
  }

  HttpServerOptions options_;
  std::optional<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  TestSocket socket(Serve(Echo));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        socket.Send("POST /a%20b?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"));
    const std::string answer = socket.ReadResponse();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nPOST /a b hello"));
    EXPECT_THAT(answer, HasSubstr(" GMT\r\n"));
  }
  EXPECT_EQ(server_->connection_count(), 1);
  server_.reset();
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  TestSocket socket(Serve(Echo));
  std::string requests;
  for (int i = 0; i < 10; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  socket.Send(requests);
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(socket.ReadResponse(), HasSubstr("GET /" + std::to_string(i) + " "));
  }
  server_.reset();
}

TEST_F(HttpServerTest, RequestMayComeByteByByte) {
  TestSocket socket(Serve(Echo));
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e=1\r\nde\r\n"
      "0\r\nTrailer: x\r\n\r\n";
  for (const char c : request) ASSERT_TRUE(socket.Send(std::string_view(&c, 1)));
  EXPECT_THAT(socket.ReadResponse(), HasSubstr("POST /p abcde"));
  server_.reset();
}

TEST_F(HttpServerTest, RequestHoldsWhatWasSent) {
  HttpRequest seen;
  TestSocket socket(Serve([&](const HttpRequest& request, ResponseWriter& writer) {
    seen = request;
    writer.Send(Text("ok"));
  }));
  socket.Send(
      "GET http://example.org:81/%EC%95%88?q=a+b&q=2&e HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n"
      "Cookie: a=1; pioneer_visitor=abc\r\n\r\n");
  socket.ReadResponse();
  EXPECT_EQ(seen.path, "/안");
  EXPECT_EQ(seen.Query("q"), "a b");
  EXPECT_EQ(seen.Query("e"), "");
  EXPECT_FALSE(seen.Query("none"));
  EXPECT_EQ(seen.Header("x-oNE"), "1");
  EXPECT_EQ(seen.Header("Host"), "example.org:81");
  EXPECT_EQ(seen.Cookie("pioneer_visitor"), "abc");
  EXPECT_FALSE(seen.Cookie("visitor"));
  EXPECT_EQ(seen.remote_address, "127.0.0.1");
  server_.reset();
}

TEST_F(HttpServerTest, HeadAndNoContentHaveNoBody) {
  TestSocket socket(Serve([](const HttpRequest& request, ResponseWriter& writer) {
    HttpResponse response = Text("body");
    if (request.path == "/none") response.status = 204;
    writer.Send(response);
  }));
  socket.Send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(socket.ReadUntil("\r\n\r\n"), HasSubstr("Content-Length: 4\r\n"));
  const std::string second = socket.ReadUntil("\r\n\r\n");
  EXPECT_THAT(second, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(second, Not(HasSubstr("Content-Length")));
  socket.Send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(socket.ReadAll(), HasSubstr("\r\n\r\nbody"));
  server_.reset();
}

TEST_F(HttpServerTest, Http10GetsAnUnframedStreamAndAClosedConnection) {
  TestSocket socket(Serve([](const HttpRequest&, ResponseWriter& writer) {
    writer.StartStream(200, {});
    writer.Write("piece");
  }));
  socket.Send("GET / HTTP/1.0\r\n\r\n");
  const std::string answer = socket.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_TRUE(answer.ends_with("\r\n\r\npiece"));
  server_.reset();
}

TEST_F(HttpServerTest, HalfClosedClientStillGetsItsAnswer) {
  TestEvent half_closed;
  TestSocket socket(Serve([&](const HttpRequest& request, ResponseWriter& writer) {
    writer.Send(Text(std::string(4 << 20, 'x')));
    half_closed.Wait();
  }));
  socket.Send(kGet);
  std::string answer = socket.ReadUntil("\r\n\r\n");
  socket.ShutdownSend();
  half_closed.Set();
  EXPECT_EQ(socket.ReadAll().size(), size_t{4} << 20);
  server_.reset();
}

TEST_F(HttpServerTest, StreamArrivesPieceByPiece) {
  TestEvent first_seen;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.StartStream(200, {{"Content-Type", "text/event-stream"}});
    EXPECT_TRUE(writer.Write("one"));
    EXPECT_TRUE(first_seen.Wait());
    EXPECT_TRUE(writer.Write("two"));
  }));
  socket.Send(kGet);
  EXPECT_THAT(socket.ReadUntil("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(socket.ReadUntil("one\r\n"), "3\r\none\r\n");
  first_seen.Set();
  EXPECT_EQ(socket.ReadUntil("0\r\n\r\n"), "3\r\ntwo\r\n0\r\n\r\n");
  socket.Send(kGet);  // the connection lives on
  EXPECT_THAT(socket.ReadUntil("0\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  server_.reset();
}

TEST_F(HttpServerTest, ContinueIsSentBeforeTheBody) {
  TestSocket socket(Serve(Echo));
  socket.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(socket.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.Send("body");
  EXPECT_THAT(socket.ReadResponse(), HasSubstr("POST / body"));
  server_.reset();
}

// How a client may leave while the handler writes nothing.
class DisconnectTest : public HttpServerTest, public ::testing::WithParamInterface<int> {};

TEST_P(DisconnectTest, IsNoticedWhileTheHandlerIsSilent) {
  TestEvent handling;
  TestEvent gone;
  TestEvent returned;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.OnDisconnect([&] { gone.Set(); });
    if (GetParam() > 0) writer.StartStream(200, {});
    handling.Set();
    EXPECT_TRUE(gone.Wait());
    EXPECT_TRUE(writer.disconnected());
    bool called = false;
    writer.OnDisconnect([&] { called = true; });
    EXPECT_TRUE(called);
    EXPECT_TRUE(GetParam() == 0 || !writer.Write("more"));
    returned.Set();
  }));
  socket.Send(kGet);
  ASSERT_TRUE(handling.Wait());
  if (GetParam() == 2) {
    socket.Reset();
  } else if (GetParam() == 3) {
    socket.ShutdownSend();
  } else {
    socket.Close();
  }
  EXPECT_TRUE(returned.Wait());
  server_.reset();
}

INSTANTIATE_TEST_SUITE_P(Ways, DisconnectTest, ::testing::Range(0, 4));

TEST_F(HttpServerTest, PipelinedBytesDoNotHideADisconnect) {
  TestEvent handling;
  TestEvent gone;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.OnDisconnect([&] { gone.Set(); });
    handling.Set();
    EXPECT_TRUE(gone.Wait());
  }));
  socket.Send(kGet);
  ASSERT_TRUE(handling.Wait());
  socket.Send(kGet);
  socket.Close();
  EXPECT_TRUE(gone.Wait());
  server_.reset();
}

TEST_F(HttpServerTest, FloodBehindARequestIsADisconnect) {
  TestEvent handling;
  TestEvent gone;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.OnDisconnect([&] { gone.Set(); });
    handling.Set();
    EXPECT_TRUE(gone.Wait());
  }));
  socket.Send(kGet);
  ASSERT_TRUE(handling.Wait());
  const std::string flood(1 << 16, 'x');
  while (socket.Send(flood)) continue;
  EXPECT_TRUE(gone.Wait());
  server_.reset();
}

TEST_F(HttpServerTest, CallbackDoesNotOutliveTheHandler) {
  std::atomic<int> calls = 0;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.OnDisconnect([&] { ++calls; });
    writer.Send(Text("ok"));
  }));
  socket.Send(kGet);
  socket.ReadResponse();
  socket.Close();
  server_->Stop(kTestPatienceMs);
  EXPECT_EQ(calls, 0);
  server_.reset();
}

TEST_F(HttpServerTest, StalledReaderCountsAsGone) {
  options_.write_timeout_ms = 100;
  TestEvent ended;
  std::atomic<size_t> n_written = 0;
  const int port = Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.StartStream(200, {});
    const std::string piece(1 << 16, 'x');
    while (writer.Write(piece)) n_written += piece.size();
    ended.Set();
  });
  TestSocket socket(port, 4096);
  socket.Send(kGet);
  EXPECT_TRUE(ended.Wait());
  // The handler was held back: the server's buffer and the system's, not all it had.
  EXPECT_LT(n_written, size_t{32} << 20);
  server_.reset();
}

TEST_F(HttpServerTest, MalformedRequestsAreRefused) {
  const int port = Serve(Echo);
  const std::string host = "Host: x\r\n";
  const std::pair<std::string, std::string> kCases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"GET / HTTP/3.0\r\n" + host + "\r\n", "505"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", "400"},
      {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET /a/%2e%2e/b HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET /..%2fetc HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET /%ff HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET nopath HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET * HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + "Name : x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n" + host + "Name: a\rb\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1, 1\r\n\r\na", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", "501"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n", "501"},
      {"POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "400"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
       "400"},
      {"POST / HTTP/1.1\r\n" + host + "Expect: miracle\r\n\r\n", "417"},
  };
  for (const auto& [request, status] : kCases) {
    TestSocket socket(port);
    socket.Send(request);
    const std::string answer = socket.ReadAll();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + status)) << request;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << request;
    EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos) << request;
  }
  server_.reset();
}

TEST_F(HttpServerTest, TooLargeIsRefused) {
  options_.max_header_bytes = 4096;
  options_.max_body_bytes = 1 << 20;
  const int port = Serve(Echo);
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string many_fields = [] {
    std::string out;
    for (int i = 0; i < 200; ++i) out += "A: b\r\n";
    return out;
  }();
  const std::pair<std::string, std::string> kCases[] = {
      {head + "X: " + std::string(5000, 'x') + "\r\n\r\n", "431"},
      {"GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n", "431"},
      {head + many_fields + "\r\n", "431"},
      {head + "Content-Length: 1048577\r\n\r\n", "413"},
      {head + "Content-Length: 1048577\r\n\r\n" + std::string(1048577, 'x'), "413"},
      {head + "Transfer-Encoding: chunked\r\n\r\n110000\r\n" + std::string(0x110000, 'x'), "413"},
      {head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'x'), "431"},
  };
  for (const auto& [request, status] : kCases) {
    TestSocket socket(port);
    socket.Send(request);
    const std::string answer = socket.ReadAll();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + status)) << request.substr(0, 80);
    EXPECT_EQ(answer.find("HTTP/1.1", 1),
              std::string::npos);  // what follows is not another request
  }
  server_.reset();
}

TEST_F(HttpServerTest, AllBodiesTogetherAreLimited) {
  options_.max_total_body_bytes = 100'000;
  const int port = Serve(Echo);
  TestSocket first(port);
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n";
  first.Send(head + "Expect: 100-continue\r\n\r\n");
  first.ReadUntil("\r\n\r\n");
  first.Send(std::string(89'999, 'x'));
  // Whichever of the two comes to the limit is refused; the limit is free again afterwards.
  TestSocket second(port);
  second.Send(head + "\r\n" + std::string(89'999, 'x'));
  first.Send("x");
  second.Send("x");
  const std::string a = first.ReadResponse();
  const std::string b = second.ReadResponse();
  const bool a_ok = a.starts_with("HTTP/1.1 200");
  EXPECT_THAT(a_ok ? b : a, AnyOf(StartsWith("HTTP/1.1 503"), StartsWith("HTTP/1.1 200")));
  // The memory is free when the handlers have returned, a moment after their answers arrive.
  std::string third;
  for (int i = 0; i < 1000 && !third.starts_with("HTTP/1.1 200"); ++i) {
    TestSocket socket(port);
    socket.Send(head + "\r\n" + std::string(90'000, 'x'));
    third = socket.ReadResponse();
  }
  EXPECT_THAT(third, StartsWith("HTTP/1.1 200"));
  server_.reset();
}

TEST_F(HttpServerTest, SlowClientsAreCutOff) {
  options_.header_timeout_ms = 50;
  options_.body_timeout_ms = 50;
  options_.keep_alive_timeout_ms = 50;
  const int port = Serve(Echo);
  TestSocket silent(port);
  TestSocket slow_header(port);
  slow_header.Send("GET / HT");
  TestSocket slow_body(port);
  slow_body.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  TestSocket idle(port);
  idle.Send(kGet);
  EXPECT_EQ(silent.ReadAll(), "");
  EXPECT_THAT(slow_header.ReadAll(), StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(slow_body.ReadAll(), StartsWith("HTTP/1.1 408"));
  const std::string answered = idle.ReadAll();  // and closed without another word
  EXPECT_THAT(answered, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(answered.find("HTTP/1.1", 1), std::string::npos);
  server_.reset();
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitAreToldSo) {
  options_.max_connections = 2;
  const int port = Serve(Echo);
  TestSocket a(port);
  TestSocket b(port);
  a.Send(kGet);
  b.Send(kGet);
  a.ReadResponse();
  b.ReadResponse();
  TestSocket c(port);
  c.Send(kGet);
  EXPECT_THAT(c.ReadAll(), StartsWith("HTTP/1.1 503"));
  a.Send(kGet);
  EXPECT_THAT(a.ReadResponse(), StartsWith("HTTP/1.1 200"));
  server_.reset();
}

TEST_F(HttpServerTest, RequestsWithoutAThreadAreToldSo) {
  options_.max_handler_threads = 1;
  options_.queue_timeout_ms = 50;
  TestEvent handling;
  TestEvent release;
  const int port = Serve([&](const HttpRequest&, ResponseWriter& writer) {
    handling.Set();
    release.Wait();
    writer.Send(Text("ok"));
  });
  TestSocket a(port);
  a.Send(kGet);
  ASSERT_TRUE(handling.Wait());
  TestSocket b(port);
  b.Send(kGet);
  EXPECT_THAT(b.ReadAll(), StartsWith("HTTP/1.1 503"));
  release.Set();
  EXPECT_THAT(a.ReadResponse(), StartsWith("HTTP/1.1 200"));
  server_.reset();
}

TEST_F(HttpServerTest, ManyStreamsRunAtOnce) {
  constexpr int kStreams = 64;
  std::atomic<int> started = 0;
  TestEvent all_started;
  const int port = Serve([&](const HttpRequest& request, ResponseWriter& writer) {
    writer.StartStream(200, {});
    if (++started == kStreams) all_started.Set();
    EXPECT_TRUE(all_started.Wait());
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(writer.Write(request.path + ";"));
  });
  std::vector<std::unique_ptr<TestSocket>> sockets;
  for (int i = 0; i < kStreams; ++i) {
    sockets.push_back(std::make_unique<TestSocket>(port));
    sockets.back()->Send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (int i = 0; i < kStreams; ++i) {
    const std::string answer = sockets[i]->ReadUntil("0\r\n\r\n");
    size_t n = 0;
    const std::string piece = "/" + std::to_string(i) + ";";
    for (size_t at = 0; (at = answer.find(piece, at)) != std::string::npos; ++at) ++n;
    EXPECT_EQ(n, 20u);
  }
  server_.reset();
}

TEST_F(HttpServerTest, FailingHandlersBecomeErrors) {
  options_.render_error = [](int status, const std::string& message) {
    return HttpResponse{status, {{"X-Rendered", "yes"}}, message};
  };
  const int port = Serve([](const HttpRequest& request, ResponseWriter& writer) {
    if (request.path == "/throw") Fail(ErrorCode::kIo, "secret detail");
    if (request.path == "/split") writer.Send({200, {{"X", "a\r\nSet-Cookie: b"}}, ""});
    if (request.path == "/twice") {
      writer.Send({201, {}, ""});
      writer.Send({202, {}, ""});
    }
    if (request.path == "/cut") {
      writer.StartStream(200, {});
      writer.Write("begun");
      Fail(ErrorCode::kIo, "broken");
    }
  });
  for (const char* path : {"/throw", "/split", "/silent"}) {
    TestSocket socket(port);
    socket.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = socket.ReadResponse();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500")) << path;
    EXPECT_THAT(answer, HasSubstr("X-Rendered: yes")) << path;
    EXPECT_THAT(answer, Not(HasSubstr("secret"))) << path;
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie"))) << path;
  }
  TestSocket twice(port);
  twice.Send("GET /twice HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = twice.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201"));
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos);
  TestSocket cut(port);
  cut.Send("GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string stream = cut.ReadAll();  // closed, but never with the last chunk
  EXPECT_THAT(stream, HasSubstr("begun"));
  EXPECT_THAT(stream, Not(HasSubstr("0\r\n\r\n")));
  server_.reset();
}

TEST_F(HttpServerTest, StopWaitsForRunningHandlers) {
  TestEvent handling;
  TestEvent release;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    handling.Set();
    release.Wait();
    writer.Send(Text("late"));
  }));
  TestSocket idle(server_->port());
  idle.Send(kGet.substr(0, 5));
  socket.Send(kGet);
  ASSERT_TRUE(handling.Wait());
  std::thread stopper([&] { server_->Stop(kTestPatienceMs); });
  EXPECT_EQ(idle.ReadAll(), "");  // closed at once
  release.Set();
  const std::string answer = socket.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, HasSubstr("late"));
  stopper.join();
  EXPECT_EQ(server_->connection_count(), 0);
  EXPECT_THROW(TestSocket(server_->port()), Error);
  server_.reset();
}

TEST_F(HttpServerTest, StopCutsStreamsAtTheDeadline) {
  TestEvent handling;
  TestEvent gone;
  TestSocket socket(Serve([&](const HttpRequest&, ResponseWriter& writer) {
    writer.OnDisconnect([&] { gone.Set(); });
    writer.StartStream(200, {});
    writer.Write("x");
    handling.Set();
    EXPECT_TRUE(gone.Wait());
    EXPECT_FALSE(writer.Write("y"));
  }));
  socket.Send(kGet);
  ASSERT_TRUE(handling.Wait());
  std::thread other([&] { server_->Stop(10); });
  server_->Stop(10);
  other.join();
  EXPECT_THAT(socket.ReadAll(), Not(HasSubstr("0\r\n\r\n")));
  server_.reset();
}

TEST_F(HttpServerTest, PortInUseNamesPortAndWayOut) {
  options_.port = Serve(Echo);
  HttpServer second(options_, Echo);
  try {
    second.Start();
    FAIL() << "bound twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.what(), HasSubstr(std::to_string(options_.port)));
    EXPECT_THAT(error.what(), HasSubstr("--port"));
  }
  server_.reset();
}

TEST_F(HttpServerTest, BadAddressIsAnError) {
  for (const auto& [host, port] : {std::pair<const char*, int>{"127.0.0.1", 70'000},
                                   {"203.0.113.1", 0},
                                   {"no such host", 0}}) {
    options_.host = host;
    options_.port = port;
    HttpServer server(options_, Echo);
    EXPECT_THROW(server.Start(), Error) << host;
  }
  server_.reset();
}

TEST_F(HttpServerTest, LocalhostListensOnOnePortOfEveryFamily) {
  options_.host = "localhost";
  const int port = Serve(Echo);
  EXPECT_GE(server_->addresses().size(), 1u);
  for (const std::string& address : server_->addresses()) {
    EXPECT_TRUE(address.ends_with(":" + std::to_string(port))) << address;
    HttpClientRequest request;
    request.url = "http://" + address + "/x";
    EXPECT_EQ(FetchHttp(request).body, "GET /x ");
  }
  server_.reset();
}

TEST_F(HttpServerTest, RestartOnTheSamePort) {
  options_.port = Serve(Echo);
  TestSocket(options_.port).Send(kGet);
  server_.reset();
  EXPECT_EQ(Serve(Echo), options_.port);
  server_.reset();
}

}  // namespace
}  // namespace pioneer
