// Why: a request may run several generations (one a prompt), and a stream must send a keep-alive
// while none of them has anything to say. Generation::Next() blocks; this gives one queue with a
// timeout instead.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/generator.h"

namespace pioneer::serve {

class EventMerger {
 public:
  struct Item {
    size_t source = 0;  // index of the generation
    GenerationEvent event;
  };
  enum class State { kItem, kTimeout, kEnd };

  explicit EventMerger(std::vector<std::unique_ptr<Generation>> generations);
  ~EventMerger();  // cancels all and waits for their last events
  EventMerger(const EventMerger&) = delete;
  EventMerger& operator=(const EventMerger&) = delete;

  // The next event into `item`, or kTimeout after `timeout`, or kEnd after the last. Rethrows what
  // a generation threw. One thread.
  State Next(std::chrono::milliseconds timeout, Item& item);

  // Any thread; does not wait. What was generated so far is still delivered.
  void Cancel();

 private:
  void Read(size_t source);

  std::vector<std::unique_ptr<Generation>> generations_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;      // guarded by mutex_
  std::exception_ptr failure_;  // guarded by mutex_
  size_t running_ = 0;          // guarded by mutex_
  std::vector<std::thread> readers_;
};

}  // namespace pioneer::serve
