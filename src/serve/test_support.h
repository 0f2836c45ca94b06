// Why: end-to-end tests talk to a whole server over loopback, as its clients do.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "engine/fake_generator.h"
#include "net/http_client.h"
#include "net/sse.h"
#include "serve/server.h"

namespace pioneer::serve {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (fs::temp_directory_path() / "pioneer-serve-XXXXXX").string();
    if (!mkdtemp(pattern.data())) FailErrno("mkdtemp");
    path_ = pattern;
  }
  ~TestFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Asks again until it is so; false after ten seconds. For what happens behind the wire.
template <typename Condition>
bool Eventually(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// One client with its own cookies.
class TestClient {
 public:
  explicit TestClient(int port) : port_(port) {}

  HttpResponse Send(const std::string& method, const std::string& path,
                    const std::string& body = "", HttpHeaders headers = {}) {
    HttpResponse response = FetchHttp(Request(method, path, body, std::move(headers)));
    KeepCookies(response);
    return response;
  }

  // Throws where the answer is no JSON or has another status.
  Json Ask(int status, const std::string& method, const std::string& path,
           const std::string& body = "") {
    const HttpResponse response = Send(method, path, body);
    EXPECT_EQ(response.status, status) << method << " " << path << ": " << response.body;
    return response.body.empty() ? Json() : ParseJson(response.body);
  }

  // Reads events until `on_event` returns false, which closes the connection, or the stream ends.
  // Returns what came.
  std::vector<SseEvent> Stream(
      const std::string& path, const std::string& body,
      const std::function<bool(const SseEvent&)>& on_event = [](const SseEvent&) { return true; }) {
    return Events(Request("POST", path, body, {}), on_event);
  }

  static std::vector<SseEvent> Events(HttpClientRequest request,
                                      const std::function<bool(const SseEvent&)>& on_event) {
    std::vector<SseEvent> events;
    SseParser parser;
    bool go_on = true;
    request.on_body = [&](std::string_view bytes) {
      parser.Push(bytes, [&](const SseEvent& event) {
        events.push_back(event);
        if (go_on) go_on = on_event(event);
      });
      return go_on;
    };
    try {
      FetchHttp(request);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
    }
    return events;
  }

  HttpClientRequest Request(const std::string& method, const std::string& path,
                            const std::string& body, HttpHeaders headers) const {
    HttpClientRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(port_) + path;
    request.headers = std::move(headers);
    request.body = body;
    request.timeout_ms = 20'000;
    if (!request.headers.Has("Content-Type")) {
      request.headers.Add("Content-Type", "application/json");
    }
    if (!cookies_.empty()) request.headers.Add("Cookie", cookies_);
    if (!key.empty()) request.headers.Add("Authorization", "Bearer " + key);
    return request;
  }

  std::string key;

 private:
  void KeepCookies(const HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
      if (!EqualIgnoringCase(name, "Set-Cookie")) continue;
      if (!cookies_.empty()) cookies_ += "; ";
      cookies_ += value.substr(0, value.find(';'));
    }
  }

  const int port_;
  std::string cookies_;
};

// A server on a free port with one scripted model, in a folder of its own.
class ServerTest : public ::testing::Test {
 protected:
  void StartServer() {
    options.port = 0;
    options.data_folder = folder.path();
    server = std::make_unique<Server>(options, GeneratorsFor(generator));
    server->Start();
  }
  static std::vector<std::shared_ptr<Generator>> GeneratorsFor(
      const std::shared_ptr<FakeGenerator>& fake) {
    return {fake};
  }
  TestClient Client() const { return TestClient(server->port()); }

  TestFolder folder;
  std::shared_ptr<FakeGenerator> generator = std::make_shared<FakeGenerator>();
  ServerOptions options;
  std::unique_ptr<Server> server;
};

}  // namespace pioneer::serve
