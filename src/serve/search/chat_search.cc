#include "serve/search/chat_search.h"

#include "base/log.h"
#include "serve/search/event_stream.h"
#include "serve/search/search_json.h"
#include "serve/web/chat_json.h"

namespace pioneer::serve {
namespace {

class ChatSearch {
 public:
  ChatSearch(Service& service, SearchTurn search, const Turn& turn,
             std::unique_ptr<web::ActiveChats::Claim> claim, ServeWriter& writer)
      : service_(service),
        search_(std::move(search)),
        turn_(turn),
        claim_(std::move(claim)),
        stream_(writer, service.options.stream_keep_alive_ms),
        answer_(turn.assistant_message) {
    claim_->SetCancel([cancel = cancel_] { cancel->Cancel(); });
    service_.running_answers.Add(cancel_);
    writer.OnDisconnect([cancel = cancel_] { cancel->Cancel(); });
  }

  void Run() {
    stream_.Send("saved",
                 {{"user_message", turn_.user_message ? web::MessageJson(*turn_.user_message)
                                                      : OrderedJson(nullptr)},
                  {"assistant_message", web::MessageJson(turn_.assistant_message)},
                  {"title", turn_.chat.title}});
    MessageStatus status = MessageStatus::kDone;
    std::optional<ApiError> error;
    try {
      const auto retriever = RequireRetriever(service_, search_.web);
      search::Answer(search_.request, *retriever, search_.writer.get(), *cancel_,
                     [this](const search::SearchEvent& event) { Take(event); });
    } catch (const Error& failure) {
      status =
          failure.code() == ErrorCode::kCancelled ? MessageStatus::kStopped : MessageStatus::kError;
      error = ToApiError(failure);
    } catch (const std::exception& failure) {
      status = MessageStatus::kError;
      error = ToApiError(failure);
      spdlog::error("a search failed: {}", failure.what());
    }
    End(status, error);
  }

 private:
  void Take(const search::SearchEvent& event) {
    cancel_->Check();
    record_.Take(event);
    const auto [name, data] = record_.Event(event);
    if (!name.empty()) stream_.Send(name, data);
    if (std::holds_alternative<search::SentenceEvent>(event))
      Save(MessageStatus::kStreaming, std::nullopt);
  }

  Message Save(MessageStatus status, const std::optional<std::string>& error) {
    MessageChange change;
    change.content = record_.answer();
    change.search_json = DumpJson(record_.ToJson());
    change.status = status;
    change.error = error;
    return service_.chats->UpdateMessage(search_.visitor_id, search_.chat_id, answer_.id, change);
  }

  void End(MessageStatus status, std::optional<ApiError> error) {
    const bool failed = status == MessageStatus::kError;
    Message message = answer_;
    try {
      message = Save(status, failed ? std::optional<std::string>(error->what()) : std::nullopt);
    } catch (const std::exception& failure) {
      spdlog::error("an answer could not be kept: {}", failure.what());
      message.status = MessageStatus::kError;
      error = ToApiError(failure);
      message.error = error->what();
    }
    // Before the page hears of the end: it may ask the next question at once.
    claim_.reset();
    if (message.status == MessageStatus::kError) {
      stream_.Send("error", {{"message", web::MessageJson(message)},
                             {"error", {{"message", error->what()}, {"code", error->code}}}});
    } else {
      stream_.Send("done", {{"message", web::MessageJson(message)}});
    }
  }

  Service& service_;
  const SearchTurn search_;
  const Turn turn_;
  std::unique_ptr<web::ActiveChats::Claim> claim_;  // until the answer is on disk
  const std::shared_ptr<CancelToken> cancel_ = std::make_shared<CancelToken>();
  EventStream stream_;
  const Message answer_;
  SearchRecord record_;
};

}  // namespace

void AnswerBySearch(Service& service, SearchTurn search, const Turn& turn,
                    std::unique_ptr<web::ActiveChats::Claim> claim, ServeWriter& writer) {
  writer.StartEvents();
  ChatSearch(service, std::move(search), turn, std::move(claim), writer).Run();
  writer.End();
}

}  // namespace pioneer::serve
