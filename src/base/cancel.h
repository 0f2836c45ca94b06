// Why: every long operation can be stopped from outside.
#pragma once

#include <atomic>
#include <memory>

#include "base/error.h"

namespace pioneer {

// Copies share one flag. Thread-safe.
class CancelToken {
 public:
  void Cancel() { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }
  // Throws Error{kCancelled} once cancelled.
  void Check() const {
    if (cancelled()) throw Error(ErrorCode::kCancelled, "stopped");
  }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace pioneer
