#include "serve/openai/answering.h"

#include <type_traits>

#include "base/log.h"
#include "net/sse.h"
#include "serve/event_merger.h"
#include "serve/openai/best_of.h"

namespace pioneer::serve::openai {
namespace {

// The events of all generations with the choice numbers of the wire.
class Answerer {
 public:
  Answerer(Service& service, AnswerJob job, ServeWriter& writer)
      : service_(service),
        wire_(std::move(job.wire)),
        format_(std::move(job.format)),
        per_generation_(job.answers_per_generation),
        best_(job.best),
        n_choices_(static_cast<int>(job.generations.size()) * per_generation_),
        writer_(writer),
        timer_(service.metrics, job.start_ns),
        merger_(std::make_shared<EventMerger>(std::move(job.generations))) {
    service_.running_answers.Add(merger_);
    writer_.OnDisconnect([merger = merger_] { merger->Cancel(); });
  }

  void SendWhole() {
    std::vector<Answer> answers(n_choices_);
    EventMerger::Item item;
    while (Next(item)) {
      if (const auto* finish = std::get_if<FinishEvent>(&item.event)) ThrowIfFailed(*finish);
      AddToAnswers(item.event, answers);
    }
    if (best_ > 0) answers = KeepBest(std::move(answers), per_generation_, best_);
    writer_.SendJson(200, format_.whole(answers, usage_));
  }

  void Stream() {
    writer_.StartEvents();
    try {
      if (format_.first_chunk) {
        for (int i = 0; i < n_choices_; ++i) Write(format_.first_chunk(i));
      }
      EventMerger::Item item;
      while (Next(item)) {
        if (const auto chunk = EventChunk(format_, item.event)) Write(*chunk);
      }
      if (wire_.include_usage) Write(format_.usage_chunk(usage_));
      writer_.Write(FormatSseData("[DONE]"));
    } catch (const std::exception& error) {
      const ApiError api_error = ToApiError(error);
      if (api_error.status == 500) spdlog::error("{}: {}", writer_.route, error.what());
      Write(api_error.ToJson());
    }
    writer_.End();
  }

 private:
  // The next event, numbered; keeps a silent stream alive meanwhile. False after the last.
  bool Next(EventMerger::Item& item) {
    const std::chrono::milliseconds patience(service_.options.stream_keep_alive_ms);
    while (true) {
      switch (merger_->Next(patience, item)) {
        case EventMerger::State::kEnd:
          return false;
        case EventMerger::State::kTimeout:
          if (wire_.stream) writer_.Write(FormatSseComment("ping"));
          continue;
        case EventMerger::State::kItem:
          Number(item);
          return true;
      }
    }
  }

  void Number(EventMerger::Item& item) {
    const int first = static_cast<int>(item.source) * per_generation_;
    if (const auto* usage = std::get_if<UsageEvent>(&item.event)) {
      usage_.Add(*usage);
      return;
    }
    std::visit(
        [first](auto& event) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(event)>, UsageEvent>) {
            event.index += first;
          }
        },
        item.event);
    if (!std::holds_alternative<FinishEvent>(item.event)) timer_.OnText(service_.NowNs());
  }

  // A client that is gone cancels through OnDisconnect; the events then end by themselves.
  void Write(const OrderedJson& json) { writer_.Write(FormatSseData(DumpJson(json))); }

  Service& service_;
  const WireOptions wire_;
  AnswerFormat format_;
  const int per_generation_;
  const int best_;
  const int n_choices_;
  ServeWriter& writer_;
  TokenTimer timer_;
  Usage usage_;
  const std::shared_ptr<EventMerger> merger_;
};

}  // namespace

void ThrowIfFailed(const FinishEvent& finish) {
  if (finish.reason == FinishReason::kError) {
    throw ApiError(500, "server_error", "generation_failed", "", finish.error);
  }
  if (finish.reason == FinishReason::kCancelled) {
    throw ApiError(503, "server_error", "cancelled", "",
                   "the answer was stopped before its end, because the service is stopping");
  }
}

std::optional<OrderedJson> EventChunk(const AnswerFormat& format, const GenerationEvent& event) {
  if (const auto* text = std::get_if<TextEvent>(&event)) {
    if (!text->text.empty() || !text->tokens.empty()) return format.text_chunk(*text);
  } else if (const auto* thoughts = std::get_if<ReasoningEvent>(&event)) {
    return format.reasoning_chunk(*thoughts);
  } else if (const auto* call = std::get_if<ToolCallEvent>(&event)) {
    if (!call->name.empty() || !call->arguments.empty()) return format.tool_call_chunk(*call);
  } else if (const auto* finish = std::get_if<FinishEvent>(&event)) {
    ThrowIfFailed(*finish);
    return format.finish_chunk(*finish);
  }
  return std::nullopt;
}

void AddToAnswers(const GenerationEvent& event, std::vector<Answer>& answers) {
  if (const auto* text = std::get_if<TextEvent>(&event)) {
    Answer& answer = answers[text->index];
    answer.text += text->text;
    answer.tokens.insert(answer.tokens.end(), text->tokens.begin(), text->tokens.end());
  } else if (const auto* thoughts = std::get_if<ReasoningEvent>(&event)) {
    answers[thoughts->index].reasoning += thoughts->text;
  } else if (const auto* call = std::get_if<ToolCallEvent>(&event)) {
    std::vector<Answer::ToolCall>& calls = answers[call->index].tool_calls;
    if (!call->name.empty()) calls.push_back({call->id, call->name, ""});
    if (!calls.empty()) calls.back().arguments += call->arguments;
  } else if (const auto* finish = std::get_if<FinishEvent>(&event)) {
    answers[finish->index].reason = finish->reason;
    answers[finish->index].stop_sequence = finish->stop_sequence;
  }
}

void AnswerRequest(Service& service, AnswerJob job, ServeWriter& writer) {
  const bool stream = job.wire.stream;
  Answerer answerer(service, std::move(job), writer);
  stream ? answerer.Stream() : answerer.SendWhole();
}

}  // namespace pioneer::serve::openai
