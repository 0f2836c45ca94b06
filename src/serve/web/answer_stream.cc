#include "serve/web/answer_stream.h"

#include "base/log.h"
#include "base/utf8.h"
#include "net/sse.h"
#include "serve/web/chat_json.h"

namespace pioneer::serve::web {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

std::shared_ptr<EventMerger> MergeOne(std::unique_ptr<Generation> generation) {
  std::vector<std::unique_ptr<Generation>> list;
  list.push_back(std::move(generation));
  return std::make_shared<EventMerger>(std::move(list));
}

// A model may write any character; U+0000 cannot be stored or shown.
std::string WithoutNul(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\0') {
      AppendUtf8(out, kReplacementChar);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

AnswerStream::AnswerStream(Service& service, AnswerPlace place, const Turn& turn,
                           std::unique_ptr<Generation> generation,
                           std::unique_ptr<ActiveChats::Claim> claim, ServeWriter& writer)
    : service_(service),
      place_(std::move(place)),
      turn_(turn),
      events_(MergeOne(std::move(generation))),
      claim_(std::move(claim)),
      writer_(writer),
      timer_(service.metrics, place_.request_start_ns),
      answer_(turn.assistant_message),
      last_save_ns_(service.NowNs()),
      last_write_ns_(last_save_ns_) {
  claim_->SetCancel([events = events_] { events->Cancel(); });
  service_.running_answers.Add(events_);
  writer_.OnDisconnect([events = events_] { events->Cancel(); });
}

void AnswerStream::Run() {
  try {
    writer_.StartEvents();
    Write("saved", {{"user_message",
                     turn_.user_message ? MessageJson(*turn_.user_message) : OrderedJson(nullptr)},
                    {"assistant_message", MessageJson(turn_.assistant_message)},
                    {"title", turn_.chat.title}});
    Pump();
    SaveEnd();
  } catch (const std::exception& error) {
    Fail(error);
  }
  writer_.End();
}

void AnswerStream::Pump() {
  const std::chrono::milliseconds patience(
      std::min(service_.options.partial_save_ms, service_.options.stream_keep_alive_ms));
  EventMerger::Item item;
  while (true) {
    const EventMerger::State state = events_->Next(patience, item);
    if (state == EventMerger::State::kEnd) return;
    if (state == EventMerger::State::kItem) Take(item.event);
    SaveNowAndThen();
    KeepAlive();
  }
}

void AnswerStream::Take(const GenerationEvent& event) {
  if (const auto* text = std::get_if<TextEvent>(&event)) {
    TakeText(*text);
  } else if (const auto* reasoning = std::get_if<ReasoningEvent>(&event)) {
    TakeReasoning(*reasoning);
  } else if (const auto* call = std::get_if<ToolCallEvent>(&event)) {
    TakeToolCall(*call);
  } else if (const auto* finish = std::get_if<FinishEvent>(&event)) {
    Finish(*finish);
  } else if (const auto* usage = std::get_if<UsageEvent>(&event)) {
    usage_ = *usage;
  }
}

void AnswerStream::TakeText(const TextEvent& event) {
  if (event.text.empty()) return;
  timer_.OnText(service_.NowNs());
  const std::string shown = WithoutNul(event.text);
  answer_.content += shown;
  unsaved_ = true;
  Write("delta", {{"text", shown}});
}

void AnswerStream::TakeReasoning(const ReasoningEvent& event) {
  if (event.text.empty()) return;
  const int64_t now_ns = service_.NowNs();
  timer_.OnText(now_ns);
  if (answer_.reasoning.empty()) reasoning_start_ns_ = now_ns;
  const std::string shown = WithoutNul(event.text);
  answer_.reasoning += shown;
  answer_.reasoning_ms = (now_ns - reasoning_start_ns_) / kNsPerMs;
  unsaved_ = true;
  Write("reasoning", {{"text", shown}, {"ms", *answer_.reasoning_ms}});
}

void AnswerStream::TakeToolCall(const ToolCallEvent& event) {
  timer_.OnText(service_.NowNs());
  const auto index = static_cast<size_t>(event.call);
  if (index >= answer_.tool_calls.size()) answer_.tool_calls.resize(index + 1);
  MessageToolCall& call = answer_.tool_calls[index];
  const std::string arguments = WithoutNul(event.arguments);
  call.id += WithoutNul(event.id);
  call.name += WithoutNul(event.name);
  call.arguments += arguments;
  unsaved_ = true;
  Write("tool_call", {{"call", event.call},
                      {"id", call.id},
                      {"name", call.name},
                      {"arguments", arguments},
                      {"finished", event.finished}});
}

void AnswerStream::Finish(const FinishEvent& event) {
  const bool stopped = event.reason == FinishReason::kCancelled;
  answer_.status = stopped ? MessageStatus::kStopped : MessageStatus::kDone;
  if (event.reason != FinishReason::kError) return;
  answer_.status = MessageStatus::kError;
  answer_.error = event.error;
  error_code_ = "generation_failed";
}

void AnswerStream::KeepAlive() {
  const int64_t now_ns = service_.NowNs();
  if (now_ns - last_write_ns_ < service_.options.stream_keep_alive_ms * kNsPerMs) return;
  writer_.Write(FormatSseComment("ping"));
  last_write_ns_ = now_ns;
}

void AnswerStream::SaveNowAndThen() {
  const int64_t now_ns = service_.NowNs();
  if (!unsaved_ || now_ns - last_save_ns_ < service_.options.partial_save_ms * kNsPerMs) return;
  service_.chats->UpdateMessage(place_.visitor_id, place_.chat_id, answer_.id, Written());
  unsaved_ = false;
  last_save_ns_ = now_ns;
}

MessageChange AnswerStream::Written() const {
  MessageChange change;
  change.content = answer_.content;
  change.reasoning = answer_.reasoning;
  change.reasoning_ms = answer_.reasoning_ms;
  change.tool_calls = answer_.tool_calls;
  return change;
}

void AnswerStream::SaveEnd() {
  MessageChange change = Written();
  change.status = answer_.status;
  change.prompt_tokens = usage_.prompt_tokens;
  change.completion_tokens = usage_.completion_tokens;
  change.error = answer_.error;
  const Message message =
      service_.chats->UpdateMessage(place_.visitor_id, place_.chat_id, answer_.id, change);
  // Before the page hears of the end: it may ask the next question at once.
  claim_.reset();
  if (message.status == MessageStatus::kError) {
    Write("error", {{"message", MessageJson(message)},
                    {"error", {{"message", *message.error}, {"code", error_code_}}}});
  } else {
    Write("done", {{"message", MessageJson(message)}});
  }
}

// Storing failed, or the engine threw. The page keeps what it was sent; the store keeps what it
// can.
void AnswerStream::Fail(const std::exception& error) {
  events_->Cancel();
  const ApiError api_error = ToApiError(error);
  if (api_error.status == 500) spdlog::error("{}: {}", writer_.route, error.what());
  answer_.status = MessageStatus::kError;
  answer_.error = api_error.what();
  try {
    MessageChange change = Written();
    change.status = answer_.status;
    change.error = answer_.error;
    service_.chats->UpdateMessage(place_.visitor_id, place_.chat_id, answer_.id, change);
  } catch (const std::exception& second) {
    spdlog::error("an answer could not be kept: {}", second.what());
  }
  claim_.reset();
  Write("error", {{"message", MessageJson(answer_)},
                  {"error", {{"message", api_error.what()}, {"code", api_error.code}}}});
}

void AnswerStream::Write(const char* event, const OrderedJson& data) {
  writer_.Write(FormatSseEvent(event, DumpJson(data)));
  last_write_ns_ = service_.NowNs();
}

}  // namespace pioneer::serve::web
