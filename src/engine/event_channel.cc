#include "engine/event_channel.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
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

void EventChannel::PushReasoning(ReasoningEvent event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() >= kMaxQueuedEvents && JoinReasoning(event)) return;
  Push(std::move(event));
}

void EventChannel::PushToolCall(ToolCallEvent event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() >= kMaxQueuedEvents && JoinToolCall(event)) return;
  Push(std::move(event));
}

// Events of one answer stay in order; those of different answers have none.
template <typename Event>
Event* EventChannel::FindLast(int index) {
  for (auto it = events_.rbegin(); it != events_.rend(); ++it) {
    const int of = std::visit(
        [](const auto& event) {
          if constexpr (std::is_same_v<std::decay_t<decltype(event)>, UsageEvent>) {
            return -1;
          } else {
            return event.index;
          }
        },
        *it);
    if (of == index) return std::get_if<Event>(&*it);
  }
  return nullptr;
}

bool EventChannel::JoinText(TextEvent& event) {
  auto* last = FindLast<TextEvent>(event.index);
  if (last == nullptr) return false;
  last->text += event.text;
  std::move(event.tokens.begin(), event.tokens.end(), std::back_inserter(last->tokens));
  return true;
}

bool EventChannel::JoinReasoning(const ReasoningEvent& event) {
  auto* last = FindLast<ReasoningEvent>(event.index);
  if (last == nullptr) return false;
  last->text += event.text;
  return true;
}

bool EventChannel::JoinToolCall(const ToolCallEvent& event) {
  auto* last = FindLast<ToolCallEvent>(event.index);
  if (last == nullptr || last->call != event.call) return false;
  last->arguments += event.arguments;
  last->finished = event.finished;
  return true;
}

void EventChannel::FinishAnswer(FinishEvent event, const AnswerUsage& usage) {
  const std::lock_guard lock(mutex_);
  usage_.completion_tokens += usage.completion_tokens;
  usage_.reasoning_tokens += usage.reasoning_tokens;
  usage_.accepted_tokens += usage.accepted_tokens;
  usage_.rejected_tokens += usage.rejected_tokens;
  if (usage.cached_tokens >= 0) {
    usage_.cached_tokens =
        cached_known_ ? std::min(usage_.cached_tokens, usage.cached_tokens) : usage.cached_tokens;
    cached_known_ = true;
  }
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
