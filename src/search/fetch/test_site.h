// Why: a web site on loopback that does what a test tells it to, and remembers what was asked of
// it.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "net/http_server.h"

namespace pioneer::search {

class TestSite {
 public:
  using Answer = std::function<void(const HttpRequest&, ResponseWriter&)>;

  explicit TestSite(const std::string& host = "127.0.0.1")
      : server_(Options(host), [this](const HttpRequest& request, ResponseWriter& writer) {
          Handle(request, writer);
        }) {
    server_.Start();
  }

  std::string url() const { return "http://" + server_.addresses()[0]; }

  // By path and query. What is not set answers 404; robots.txt, too.
  void Set(const std::string& target, HttpResponse response) {
    Set(target, [response = std::move(response)](const HttpRequest&, ResponseWriter& writer) {
      writer.Send(response);
    });
  }
  void Set(const std::string& target, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[target] = std::move(answer);
  }
  void SetPage(const std::string& target, const std::string& html) {
    Set(target, HttpResponse{200, {{"Content-Type", "text/html; charset=utf-8"}}, html});
  }
  // For all that is not set otherwise.
  void SetOther(Answer answer) { other_ = std::move(answer); }

  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  int CountAsked(const std::string& target) const {
    const std::vector<std::string> all = asked();
    return static_cast<int>(std::count(all.begin(), all.end(), target));
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    asked_.clear();
  }

 private:
  static HttpServerOptions Options(const std::string& host) {
    HttpServerOptions options;
    options.host = host;
    options.port = 0;
    return options;
  }

  void Handle(const HttpRequest& request, ResponseWriter& writer) {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(request.target);
      const auto found = answers_.find(request.target);
      if (found != answers_.end()) answer = found->second;
    }
    if (!answer) answer = other_;
    if (answer) {
      answer(request, writer);
    } else {
      writer.Send(PlainTextResponse(404, "none"));
    }
  }

  mutable std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  Answer other_;
  std::vector<std::string> asked_;
  HttpServer server_;
};

}  // namespace pioneer::search
