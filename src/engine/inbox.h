// Why: the only door between clients' threads and the engine's.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/embedding_queue.h"
#include "engine/sequence.h"

namespace pioneer {

// Thread-safe.
class Inbox {
 public:
  // max_alive: answers and embedding jobs, waiting and running, together.
  explicit Inbox(int max_alive) : max_alive_(max_alive) {}

  // Takes all of them or throws: Error{kOverloaded} (too many are waiting, or shutting down).
  void Submit(std::vector<std::unique_ptr<Sequence>> sequences);
  void Submit(std::shared_ptr<EmbeddingJob> job);  // likewise
  // Makes Await() return.
  void Wake();
  void Close();  // nothing is taken any more; Await() returns

  struct Delivery {
    std::vector<std::unique_ptr<Sequence>> sequences;
    std::vector<std::shared_ptr<EmbeddingJob>> jobs;
    bool closed = false;
  };
  // The engine: what arrived. Blocks, unless `busy`, until something did.
  Delivery Await(bool busy);
  void Retired(int n);  // so many answers or jobs have ended
  int alive() const;

 private:
  void Enter(int n);  // under the lock

  const int max_alive_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Delivery arrived_;
  int alive_ = 0;
  bool woken_ = false, closed_ = false;
};

}  // namespace pioneer
