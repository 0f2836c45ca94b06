// Why: every answer gets the service's common headers, its errors in one shape, and is counted.
#pragma once

#include <string>

#include "net/http_server.h"
#include "serve/api_error.h"

namespace pioneer::serve {

// Wraps the server's writer for one request. Thread-safe as that is, but for AddHeader.
class ServeWriter : public ResponseWriter {
 public:
  explicit ServeWriter(ResponseWriter& inner) : inner_(inner) {}

  // Goes with the answer, whatever it becomes. Before Send() and StartStream() only.
  void AddHeader(std::string name, std::string value);

  void SendJson(int status, const OrderedJson& body);
  void SendEmpty() { Send({204, {}, ""}); }
  // Only before the answer has begun.
  void SendError(const ApiError& error);
  // 200 with the headers of server-sent events.
  void StartEvents();

  void Send(HttpResponse response) override;
  void StartStream(int status, HttpHeaders headers) override;
  bool Write(std::string_view data) override { return inner_.Write(data); }
  void End() override { inner_.End(); }
  void OnDisconnect(std::function<void()> callback) override {
    inner_.OnDisconnect(std::move(callback));
  }
  bool disconnected() const override { return inner_.disconnected(); }
  bool started() const override { return inner_.started(); }

  // For the metrics: the pattern that matched and what was answered.
  std::string route = "none";
  int status() const { return status_; }

 private:
  ResponseWriter& inner_;
  HttpHeaders common_;
  int status_ = 0;
};

}  // namespace pioneer::serve
