// Why: one answer on its way to the page and to the disk at the same time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/event_merger.h"
#include "serve/service.h"

namespace pioneer::serve::web {

struct AnswerPlace {
  std::string visitor_id, chat_id;
  int64_t request_start_ns = 0;
};

// One thread, but for what cancels: the client's going away, the chat's deletion.
class AnswerStream {
 public:
  // `turn` is on disk.
  AnswerStream(Service& service, AnswerPlace place, const Turn& turn,
               std::unique_ptr<Generation> generation, std::unique_ptr<ActiveChats::Claim> claim,
               ServeWriter& writer);

  // Sends `saved`, what comes (`reasoning`, `delta`, `tool_call`), and `done` or `error`; returns
  // when the answer is on disk with its last status.
  void Run();

 private:
  void Pump();
  void Take(const GenerationEvent& event);
  void TakeText(const TextEvent& event);
  void TakeReasoning(const ReasoningEvent& event);
  void TakeToolCall(const ToolCallEvent& event);
  void Finish(const FinishEvent& event);
  void KeepAlive();
  void SaveNowAndThen();
  void SaveEnd();
  MessageChange Written() const;
  void Fail(const std::exception& error);
  void Write(const char* event, const OrderedJson& data);

  Service& service_;
  const AnswerPlace place_;
  const Turn turn_;
  const std::shared_ptr<EventMerger> events_;
  std::unique_ptr<ActiveChats::Claim> claim_;  // until the answer is on disk
  ServeWriter& writer_;
  TokenTimer timer_;

  Message answer_;  // as far as it is written
  bool unsaved_ = false;
  int64_t reasoning_start_ns_ = 0;
  int64_t last_save_ns_ = 0, last_write_ns_ = 0;
  std::string error_code_;
  UsageEvent usage_;
};

}  // namespace pioneer::serve::web
