#include "serve/search/event_stream.h"

#include "net/sse.h"

namespace pioneer::serve {

EventStream::EventStream(ServeWriter& writer, int64_t keep_alive_ms)
    : writer_(writer), keep_alive_(keep_alive_ms), pings_([this] { Ping(); }) {}

EventStream::~EventStream() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  pings_.join();
}

void EventStream::Send(const std::string& event, const OrderedJson& data) {
  writer_.Write(FormatSseEvent(event, DumpJson(data)));
  const std::lock_guard lock(mutex_);
  sent_ = true;
}

void EventStream::Ping() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, keep_alive_, [this] { return ended_; })) {
    if (!sent_) {
      lock.unlock();
      writer_.Write(FormatSseComment("ping"));
      lock.lock();
    }
    sent_ = false;
  }
}

}  // namespace pioneer::serve
