// Why: the only door between clients' threads and the engine's.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/sequence.h"

namespace pioneer {

// Thread-safe.
class Inbox {
 public:
  // max_alive: answers waiting and running, together.
  explicit Inbox(int max_alive) : max_alive_(max_alive) {}

  // Takes all of them or throws: Error{kOverloaded} (too many are waiting, or shutting down).
  void Submit(std::vector<std::unique_ptr<Sequence>> sequences);
  // Makes Await() return.
  void Wake();
  void Close();  // nothing is taken any more; Await() returns

  struct Delivery {
    std::vector<std::unique_ptr<Sequence>> sequences;
    bool closed = false;
  };
  // The engine: what arrived. Blocks, unless `busy`, until something did.
  Delivery Await(bool busy);
  void Retired(int n);  // so many answers have ended
  int alive() const;

 private:
  const int max_alive_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Sequence>> arrived_;
  int alive_ = 0;
  bool woken_ = false, closed_ = false;
};

}  // namespace pioneer
