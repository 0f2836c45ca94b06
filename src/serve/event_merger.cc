#include "serve/event_merger.h"

namespace pioneer::serve {

EventMerger::EventMerger(std::vector<std::unique_ptr<Generation>> generations)
    : generations_(std::move(generations)), running_(generations_.size()) {
  readers_.reserve(generations_.size());
  for (size_t i = 0; i < generations_.size(); ++i) {
    readers_.emplace_back([this, i] { Read(i); });
  }
}

EventMerger::~EventMerger() {
  Cancel();
  for (std::thread& reader : readers_) reader.join();
}

EventMerger::State EventMerger::Next(std::chrono::milliseconds timeout, Item& item) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !items_.empty() || failure_ || running_ == 0; };
  if (!changed_.wait_for(lock, timeout, ready)) return State::kTimeout;
  if (!items_.empty()) {
    item = std::move(items_.front());
    items_.pop_front();
    return State::kItem;
  }
  if (failure_) std::rethrow_exception(failure_);
  return State::kEnd;
}

void EventMerger::Cancel() {
  for (const auto& generation : generations_) generation->Cancel();
}

void EventMerger::Read(size_t source) {
  std::exception_ptr failure;
  try {
    while (auto event = generations_[source]->Next()) {
      const std::lock_guard lock(mutex_);
      items_.push_back({source, std::move(*event)});
      changed_.notify_one();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (failure && !failure_) failure_ = failure;
  --running_;
  changed_.notify_one();
}

}  // namespace pioneer::serve
