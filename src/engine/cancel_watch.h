// Why: a long prompt gives no events, and who reads them waits: whoever cancels by a token is heard
// meanwhile.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/cancel.h"
#include "engine/generator.h"

namespace pioneer {

// Cancels the generation, which must outlive it, soon after the token.
class CancelWatch {
 public:
  CancelWatch(Generation& generation, const CancelToken& cancel)
      : thread_([this, &generation, cancel] {
          std::unique_lock lock(mutex_);
          while (!ended_ && !cancel.cancelled()) ended_signal_.wait_for(lock, kLookEvery);
          if (!ended_) generation.Cancel();
        }) {}
  ~CancelWatch() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    ended_signal_.notify_all();
    thread_.join();
  }
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

 private:
  static constexpr std::chrono::milliseconds kLookEvery{50};
  std::mutex mutex_;
  std::condition_variable ended_signal_;
  bool ended_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace pioneer
