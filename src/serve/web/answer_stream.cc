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
    if (text->text.empty()) return;
    timer_.OnText(service_.NowNs());
    const std::string shown = WithoutNul(text->text);
    text_ += shown;
    unsaved_ = true;
    Write("delta", {{"text", shown}});
  } else if (const auto* finish = std::get_if<FinishEvent>(&event)) {
    Finish(*finish);
  } else if (const auto* usage = std::get_if<UsageEvent>(&event)) {
    usage_ = *usage;
  }
}

void AnswerStream::Finish(const FinishEvent& event) {
  if (event.reason == FinishReason::kCancelled) status_ = MessageStatus::kStopped;
  if (event.reason != FinishReason::kError) return;
  status_ = MessageStatus::kError;
  error_ = event.error;
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
  MessageChange change;
  change.content = text_;
  service_.chats->UpdateMessage(place_.visitor_id, place_.chat_id, turn_.assistant_message.id,
                                change);
  unsaved_ = false;
  last_save_ns_ = now_ns;
}

void AnswerStream::SaveEnd() {
  MessageChange change;
  change.content = text_;
  change.status = status_;
  change.prompt_tokens = usage_.prompt_tokens;
  change.completion_tokens = usage_.completion_tokens;
  if (!error_.empty()) change.error = error_;
  const Message message = service_.chats->UpdateMessage(place_.visitor_id, place_.chat_id,
                                                        turn_.assistant_message.id, change);
  // Before the page hears of the end: it may ask the next question at once.
  claim_.reset();
  if (status_ == MessageStatus::kError) {
    Write("error", {{"message", MessageJson(message)},
                    {"error", {{"message", error_}, {"code", error_code_}}}});
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
  Message message = turn_.assistant_message;
  message.content = text_;
  message.status = MessageStatus::kError;
  message.error = api_error.what();
  try {
    MessageChange change{text_, MessageStatus::kError, {}, {}, api_error.what()};
    service_.chats->UpdateMessage(place_.visitor_id, place_.chat_id, message.id, change);
  } catch (const std::exception& second) {
    spdlog::error("an answer could not be kept: {}", second.what());
  }
  claim_.reset();
  Write("error", {{"message", MessageJson(message)},
                  {"error", {{"message", api_error.what()}, {"code", api_error.code}}}});
}

void AnswerStream::Write(const char* event, const OrderedJson& data) {
  writer_.Write(FormatSseEvent(event, DumpJson(data)));
  last_write_ns_ = service_.NowNs();
}

}  // namespace pioneer::serve::web
