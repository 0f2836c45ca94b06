#include "engine/inbox.h"

#include <iterator>
#include <utility>

#include "base/error.h"

namespace pioneer {

void Inbox::Submit(std::vector<std::unique_ptr<Sequence>> sequences) {
  const auto n = static_cast<int>(sequences.size());
  const std::lock_guard lock(mutex_);
  if (closed_) Fail(ErrorCode::kOverloaded, "the model is shutting down");
  if (n > max_alive_) {
    Fail(ErrorCode::kInvalidArgument, "n is {}; this server makes at most {} answers at a time", n,
         max_alive_);
  }
  if (alive_ + n > max_alive_) {
    Fail(ErrorCode::kOverloaded,
         "the model is busy: {} of {} places are taken; try again in a moment", alive_, max_alive_);
  }
  alive_ += n;
  std::move(sequences.begin(), sequences.end(), std::back_inserter(arrived_));
  changed_.notify_one();
}

void Inbox::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

void Inbox::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

Inbox::Delivery Inbox::Await(bool busy) {
  std::unique_lock lock(mutex_);
  if (!busy) changed_.wait(lock, [this] { return woken_ || closed_ || !arrived_.empty(); });
  woken_ = false;
  return {std::exchange(arrived_, {}), closed_};
}

void Inbox::Retired(int n) {
  const std::lock_guard lock(mutex_);
  alive_ -= n;
}

int Inbox::alive() const {
  const std::lock_guard lock(mutex_);
  return alive_;
}

}  // namespace pioneer
