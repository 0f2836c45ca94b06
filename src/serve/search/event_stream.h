// Why: between an answer's events nobody may take the connection for dead, and the handler's thread
// is busy then.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.h"
#include "serve/serve_writer.h"

namespace pioneer::serve {

// Server-sent events with a comment after each silence of `keep_alive_ms`. Send() by one thread.
class EventStream {
 public:
  EventStream(ServeWriter& writer, int64_t keep_alive_ms);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  void Send(const std::string& event, const OrderedJson& data);

 private:
  void Ping();

  ServeWriter& writer_;
  const std::chrono::milliseconds keep_alive_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool sent_ = false, ended_ = false;  // guarded by mutex_
  std::thread pings_;
};

}  // namespace pioneer::serve
