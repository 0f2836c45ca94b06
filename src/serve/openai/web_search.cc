#include "serve/openai/web_search.h"

#include <fmt/format.h>

#include "base/log.h"
#include "net/sse.h"
#include "serve/openai/counted_generator.h"
#include "serve/search/event_stream.h"
#include "serve/search/search_fields.h"

namespace pioneer::serve::openai {
namespace {

constexpr size_t kMaxQuestionBytes = 4096;  // search/answerer.h
constexpr size_t kMostTurns = 50;           // of the conversation, the newest

void RefuseWith(bool asked, const char* name, const char* why) {
  if (asked) {
    throw UnsupportedField(name, fmt::format("cannot be used with web_search_options: {}", why));
  }
}

// Indices of annotations count characters, as those of OpenAI's.
int64_t CharactersOf(std::string_view text) {
  int64_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

struct Asked {
  std::string question;
  std::vector<search::EarlierTurn> earlier;
};

// The newest message is the question; what was said before helps to understand it. Instructions and
// tools' results are no part of a search.
Asked ReadConversation(const std::vector<ChatMessage>& messages) {
  const std::string path = fmt::format("messages[{}]", messages.size() - 1);
  if (messages.back().role != "user") {
    throw InvalidField(path + ".role", "must be \"user\": a search answers the newest message");
  }
  Asked asked;
  asked.question = messages.back().content;
  if (asked.question.empty() || asked.question.size() > kMaxQuestionBytes) {
    throw InvalidField(path + ".content", fmt::format("a search's question must have 1 to {} bytes",
                                                      kMaxQuestionBytes));
  }
  for (size_t i = 0; i + 1 < messages.size(); ++i) {
    if (messages[i].role == "user") {
      asked.earlier.push_back({messages[i].content, ""});
    } else if (messages[i].role == "assistant" && !asked.earlier.empty()) {
      asked.earlier.back().answer = messages[i].content;
    }
  }
  const size_t n_old = asked.earlier.size() - std::min(asked.earlier.size(), kMostTurns);
  asked.earlier.erase(asked.earlier.begin(),
                      asked.earlier.begin() + static_cast<std::ptrdiff_t>(n_old));
  return asked;
}

// Whether the web is asked, too; where there is nothing at all, the way out is told.
bool RequireSomething(Service& service) {
  if (service.options.web && service.options.library) return true;
  if (service.options.library && service.options.library->State().passages > 0) return false;
  throw ApiError(400, "invalid_request_error", "nothing_to_search", "web_search_options",
                 "web_search_options: there is nothing to search here: add documents on the "
                 "Library page or with pioneer index add, or start the service with --web-search");
}

// The text of an answer as it grows, with the places of its citations.
class CitedText {
 public:
  struct Piece {
    std::string text;
    std::vector<UrlCitation> citations;
  };

  Piece Add(const search::AnswerSentence& sentence,
            const std::vector<search::RankedPassage>& passages) {
    Piece piece{sentence.text, {}};
    if (!sentence.citations.empty()) piece.text += ' ';
    for (const search::Citation& citation : sentence.citations) {
      const int64_t begin = length_ + CharactersOf(piece.text);
      const std::string mark = fmt::format("[{}]", citation.passage + 1);
      piece.text += mark;
      piece.citations.push_back({begin, begin + static_cast<int64_t>(mark.size()), citation.link,
                                 passages.at(static_cast<size_t>(citation.passage)).passage.title});
    }
    Keep(piece);
    return piece;
  }
  // What is said at the end: that nothing was found, say.
  Piece Finish(const std::string& answer) {
    Piece piece;
    if (answer.starts_with(text_)) piece.text = answer.substr(text_.size());
    Keep(piece);
    return piece;
  }
  const std::string& text() const { return text_; }
  const std::vector<UrlCitation>& citations() const { return citations_; }

 private:
  void Keep(const Piece& piece) {
    text_ += piece.text;
    length_ += CharactersOf(piece.text);
    citations_.insert(citations_.end(), piece.citations.begin(), piece.citations.end());
  }
  std::string text_;
  int64_t length_ = 0;  // characters
  std::vector<UrlCitation> citations_;
};

class ChatSearcher {
 public:
  using OnPiece = std::function<void(const CitedText::Piece&)>;

  ChatSearcher(Service& service, const ChatCall& call, ServeWriter& writer)
      : retriever_(RequireRetriever(service, RequireSomething(service))),
        model_(std::make_shared<CountedGenerator>(service.models.Find(call.wire.model), counter_)) {
    Asked asked = ReadConversation(call.request.messages);
    request_.question = std::move(asked.question);
    request_.earlier = std::move(asked.earlier);
    request_.max_passages = call.web_search->max_passages;
    service.running_answers.Add(cancel_);
    writer.OnDisconnect([cancel = cancel_] { cancel->Cancel(); });
  }

  void Run(const OnPiece& on_piece) {
    search::Answer(request_, *retriever_, model_.get(), *cancel_,
                   [&](const search::SearchEvent& event) {
                     if (const auto* found = std::get_if<search::PassagesEvent>(&event)) {
                       passages_ = found->passages;
                     } else if (const auto* one = std::get_if<search::SentenceEvent>(&event)) {
                       on_piece(text_.Add(one->sentence, passages_));
                     } else if (const auto* done = std::get_if<search::DoneEvent>(&event)) {
                       on_piece(text_.Finish(done->answer));
                     }
                   });
  }
  const CitedText& text() const { return text_; }
  Usage usage() const { return counter_->Sum(); }
  std::string model_id() const { return model_->info().id; }

 private:
  const std::shared_ptr<search::Retriever> retriever_;
  const std::shared_ptr<UsageCounter> counter_ = std::make_shared<UsageCounter>();
  const std::shared_ptr<Generator> model_;
  const std::shared_ptr<CancelToken> cancel_ = std::make_shared<CancelToken>();
  search::SearchRequest request_;
  std::vector<search::RankedPassage> passages_;
  CitedText text_;
};

void Stream(ChatSearcher& searcher, const ResponseHead& head, const WireOptions& wire,
            int64_t keep_alive_ms, ServeWriter& writer) {
  writer.StartEvents();
  {
    EventStream events(writer, keep_alive_ms);
    const auto send = [&](const OrderedJson& chunk) { events.Send("", chunk); };
    try {
      send(ChatRoleChunk(head, 0, wire.include_usage));
      searcher.Run([&](const CitedText::Piece& piece) {
        if (piece.text.empty()) return;
        send(ChatCitedChunk(head, piece.text, piece.citations, wire.include_usage));
      });
      send(ChatFinishChunk(head, FinishEvent{}, wire.include_usage));
      if (wire.include_usage) send(ChatUsageChunk(head, searcher.usage()));
      writer.Write(FormatSseData("[DONE]"));
    } catch (const std::exception& error) {
      const ApiError api_error = ToApiError(error);
      if (api_error.status == 500) spdlog::error("a search in a chat failed: {}", error.what());
      send(api_error.ToJson());
    }
  }
  writer.End();
}

}  // namespace

std::optional<WebSearchOptions> ReadWebSearchOptions(const FieldReader& body,
                                                     const ChatRequest& request) {
  const Json* object = body.Object("web_search_options");
  if (!object) return std::nullopt;
  const FieldReader fields(*object, "web_search_options");
  const std::string size = fields.String("search_context_size").value_or("medium");
  WebSearchOptions options;
  if (size == "low") {
    options.max_passages = 4;
  } else if (size == "high") {
    options.max_passages = 16;
  } else if (size != "medium") {
    throw InvalidField("web_search_options.search_context_size", "must be low, medium or high");
  }
  const GenerationOptions& generation = request.options;
  RefuseWith(!request.tools_json.empty(), "tools", "the service itself searches");
  RefuseWith(generation.n > 1, "n", "there is one answer");
  RefuseWith(generation.grammar.kind != OutputGrammar::Kind::kNone, "response_format",
             "the answer is cited text");
  RefuseWith(generation.logprobs, "logprobs", "the answer is checked text, not one of the model");
  RefuseWith(!generation.limits.stop.empty(), "stop", "each sentence is checked whole");
  return options;
}

void AnswerBySearch(Service& service, const ChatCall& call, ServeWriter& writer) {
  ChatSearcher searcher(service, call, writer);
  const ResponseHead head = {NewResponseId("chatcmpl-"), searcher.model_id(),
                             service.UnixSeconds()};
  if (call.wire.stream) {
    return Stream(searcher, head, call.wire, service.options.stream_keep_alive_ms, writer);
  }
  searcher.Run([](const CitedText::Piece&) {});
  writer.SendJson(200, ChatCitedCompletion(head, searcher.text().text(),
                                           searcher.text().citations(), searcher.usage()));
}

}  // namespace pioneer::serve::openai
