#include "engine/inbox.h"

#include <iterator>
#include <utility>

#include "base/error.h"

namespace pioneer {

void Inbox::Enter(int n) {
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
  changed_.notify_one();
}

void Inbox::Submit(std::vector<std::unique_ptr<Sequence>> sequences) {
  const std::lock_guard lock(mutex_);
  Enter(static_cast<int>(sequences.size()));
  std::move(sequences.begin(), sequences.end(), std::back_inserter(arrived_.sequences));
}

void Inbox::Submit(std::shared_ptr<EmbeddingJob> job) {
  const std::lock_guard lock(mutex_);
  Enter(1);
  arrived_.jobs.push_back(std::move(job));
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
  const auto has_news = [this] {
    return woken_ || closed_ || !arrived_.sequences.empty() || !arrived_.jobs.empty();
  };
  if (!busy) changed_.wait(lock, has_news);
  woken_ = false;
  arrived_.closed = closed_;
  return std::exchange(arrived_, {});
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
