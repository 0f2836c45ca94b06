// Why: the meeting point of a handler on its worker thread and the connection on the I/O thread:
// one request's answer on its way out.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace pioneer {

// Throws Error{kInvalidArgument} when a name or a value would break the answer's header.
void CheckHttpHeaders(const HttpHeaders& headers);

class Exchange : public ResponseWriter {
 public:
  struct Settings {
    bool is_head = false;
    bool is_http_1_0 = false;
    bool keep_alive = true;
    size_t max_send_buffer_bytes = 0;
  };

  // `wake` tells the I/O thread that there is something new; any thread may call it.
  Exchange(const Settings& settings, std::function<void()> wake)
      : settings_(settings), wake_(std::move(wake)) {}

  // The handler's side.
  void Send(HttpResponse response) override;
  void StartStream(int status, HttpHeaders headers) override;
  bool Write(std::string_view data) override;
  void End() override;
  void OnDisconnect(std::function<void()> callback) override;
  bool disconnected() const override;
  bool started() const override;

  // Who comes first, the worker that begins the request or the I/O thread that gives up waiting for
  // a worker: true for the first caller only.
  bool Claim() { return !claimed_.exchange(true); }
  // The handler has returned: no callback runs after this. `failed` cuts an unfinished stream.
  void HandlerReturned(bool failed);

  // The I/O thread's side.
  // Appends what is to be sent to `out`; false when there is nothing now.
  bool TakeOutput(std::deque<std::string>& out);
  void Sent(size_t n_bytes);
  void Disconnect();
  // The answer is complete, whether all of it was sent or not.
  bool ended() const;
  // The answer is taken and the handler has returned.
  bool finished() const;
  // After finished(): the connection can take the next request.
  bool reusable() const;
  // After finished(): the stream ended in the middle.
  bool cut() const;
  // The server is stopping: the answer, if not begun yet, says so.
  void ForbidKeepAlive();

 private:
  void Begin(std::string header, bool has_body, bool chunked);
  void Push(std::string data);  // with mutex_ held
  std::string Header(int status, const HttpHeaders& headers, const std::string& framing) const;

  Settings settings_;
  std::function<void()> wake_;
  std::atomic<bool> claimed_ = false;

  mutable std::mutex mutex_;
  std::condition_variable sent_;
  std::deque<std::string> queue_;
  size_t unsent_bytes_ = 0;
  bool awake_ = false;  // wake_ was called and TakeOutput() has not followed yet
  bool started_ = false;
  bool chunked_ = false;
  bool drop_body_ = false;
  bool ended_ = false;
  bool gone_ = false;
  bool cut_ = false;
  bool handler_returned_ = false;

  // Held while a callback runs, so that none outlives the handler.
  std::mutex callback_mutex_;
  std::deque<std::function<void()>> callbacks_;
  bool callbacks_closed_ = false;
};

}  // namespace pioneer
