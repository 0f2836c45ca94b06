// Why: the engine's thread and a client's thread meet here, and a client that does not read must
// neither block the engine nor make memory grow without bound.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/generator.h"

namespace pioneer {

// What one answer contributed to the UsageEvent.
struct AnswerUsage {
  int completion_tokens = 0, reasoning_tokens = 0;
  int accepted_tokens = 0, rejected_tokens = 0;  // see UsageEvent
  int cached_tokens = -1;  // of the prompt; -1: it never ran
  double prompt_seconds = 0, generation_seconds = 0, queue_seconds = 0;
};

// The events of one generation. Push never blocks. When kMaxQueuedEvents wait, further text joins
// the last event of the same answer; so what waits is bounded by the answers' own length (each at
// most max_tokens tokens), not by the number of events. Thread-safe.
class EventChannel {
 public:
  static constexpr size_t kMaxQueuedEvents = 64;

  EventChannel(int n_answers, int prompt_tokens);

  // The engine's side. Events after Abandon() are dropped.
  void PushText(TextEvent event);
  void PushReasoning(ReasoningEvent event);
  void PushToolCall(ToolCallEvent event);
  // The last one of the n answers also sends the UsageEvent: tokens are summed, times are those of
  // the slowest answer, cached tokens those of the answer that had the fewest.
  void FinishAnswer(FinishEvent event, const AnswerUsage& usage);
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // The client's side.
  std::optional<GenerationEvent> Next();
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  void Abandon();  // cancels, and nobody will read

 private:
  void Push(GenerationEvent event);  // mutex_ is held
  bool JoinText(TextEvent& event);
  bool JoinReasoning(const ReasoningEvent& event);
  bool JoinToolCall(const ToolCallEvent& event);
  // The last event of an answer that waits, when it is of this kind.
  template <typename Event>
  Event* FindLast(int index);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<GenerationEvent> events_;
  int answers_left_;
  UsageEvent usage_;
  bool cached_known_ = false;
  bool usage_taken_ = false;
  bool abandoned_ = false;
  std::atomic<bool> cancelled_{false};
};

// The Generation that reads a channel. `wake` makes the engine look at the cancelled flag soon.
class ChannelGeneration : public Generation {
 public:
  ChannelGeneration(std::shared_ptr<EventChannel> channel, std::function<void()> wake)
      : channel_(std::move(channel)), wake_(std::move(wake)) {}
  ~ChannelGeneration() override;

  std::optional<GenerationEvent> Next() override { return channel_->Next(); }
  void Cancel() override;

 private:
  const std::shared_ptr<EventChannel> channel_;
  const std::function<void()> wake_;
};

}  // namespace pioneer
