// Why: a service that stops cuts its running answers itself, so that they end in order (what came
// is kept, the client is told) instead of with a broken connection.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel.h"
#include "serve/event_merger.h"

namespace pioneer::serve {

// Thread-safe.
class RunningAnswers {
 public:
  // After CancelAll() the answer is cancelled at once.
  void Add(const std::shared_ptr<EventMerger>& answer);
  void Add(const std::shared_ptr<CancelToken>& answer);  // an answer by search
  void CancelAll();

 private:
  std::mutex mutex_;
  bool cancelled_ = false;
  std::vector<std::weak_ptr<CancelToken>> searches_;
  std::vector<std::weak_ptr<EventMerger>> answers_;
};

}  // namespace pioneer::serve
