// Why: what asks other machines ends when its time is over, whether they answer or not.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>

#include "base/cancel.h"

namespace pioneer::search {

// Runs `work` on a thread of its own; the token that it is given is cancelled after `timeout_ms`,
// or when `cancel` is. `look` is called on this thread now and then, and once at the end. Throws
// what `work` throws, and Error{kCancelled} when `cancel` was cancelled.
template <typename Work>
auto RunUntil(int64_t timeout_ms, const CancelToken& cancel, Work work,
              const std::function<void()>& look = {}) {
  constexpr std::chrono::milliseconds kLook(20);
  CancelToken stop;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  auto running = std::async(std::launch::async, [&] { return work(stop); });
  try {
    while (running.wait_for(kLook) != std::future_status::ready) {
      if (cancel.cancelled() || std::chrono::steady_clock::now() >= deadline) stop.Cancel();
      if (look) look();
    }
  } catch (...) {
    stop.Cancel();  // the future waits for its thread
    throw;
  }
  auto result = running.get();
  cancel.Check();
  if (look) look();
  return result;
}

}  // namespace pioneer::search
