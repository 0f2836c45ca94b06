#include "engine/event_channel.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pioneer {

EventChannel::EventChannel(int n_answers, int prompt_tokens) : answers_left_(n_answers) {
  usage_.prompt_tokens = prompt_tokens;
}

void EventChannel::PushText(TextEvent event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() >= kMaxQueuedEvents && JoinText(event)) return;
  Push(std::move(event));
}

// Events of one answer stay in order; those of different answers have none.
bool EventChannel::JoinText(TextEvent& event) {
  for (auto it = events_.rbegin(); it != events_.rend(); ++it) {
    auto* last = std::get_if<TextEvent>(&*it);
    if (last == nullptr || last->index != event.index) continue;
    last->text += event.text;
    std::move(event.tokens.begin(), event.tokens.end(), std::back_inserter(last->tokens));
    return true;
  }
  return false;
}

void EventChannel::FinishAnswer(FinishEvent event, const AnswerUsage& usage) {
  const std::lock_guard lock(mutex_);
  usage_.completion_tokens += usage.completion_tokens;
  usage_.queue_seconds = std::max(usage_.queue_seconds, usage.queue_seconds);
  usage_.prompt_seconds = std::max(usage_.prompt_seconds, usage.prompt_seconds);
  usage_.generation_seconds = std::max(usage_.generation_seconds, usage.generation_seconds);
  Push(std::move(event));
  if (--answers_left_ == 0) Push(usage_);
}

void EventChannel::Push(GenerationEvent event) {
  if (abandoned_) return;
  events_.push_back(std::move(event));
  changed_.notify_one();
}

std::optional<GenerationEvent> EventChannel::Next() {
  std::unique_lock lock(mutex_);
  if (usage_taken_) return std::nullopt;
  changed_.wait(lock, [this] { return !events_.empty(); });
  GenerationEvent event = std::move(events_.front());
  events_.pop_front();
  usage_taken_ = std::holds_alternative<UsageEvent>(event);
  return event;
}

void EventChannel::Abandon() {
  Cancel();
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  events_.clear();
}

ChannelGeneration::~ChannelGeneration() {
  channel_->Abandon();
  wake_();
}

void ChannelGeneration::Cancel() {
  channel_->Cancel();
  wake_();
}

}  // namespace pioneer
