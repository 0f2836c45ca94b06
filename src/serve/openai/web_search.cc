#include "serve/openai/web_search.h"

#include <fmt/format.h>

#include "base/log.h"
#include "engine/cancel_watch.h"
#include "net/sse.h"
#include "serve/openai/answering.h"
#include "serve/openai/counted_generator.h"
#include "serve/openai/formats.h"
#include "serve/search/event_stream.h"
#include "serve/search/search_fields.h"

namespace pioneer::serve::openai {
namespace {

constexpr size_t kMaxQuestionBytes = 4096;  // search/answerer.h
constexpr size_t kMostTurns = 50;           // of the conversation, the newest

int ReadContextSize(const FieldReader& fields) {
  const std::string size = fields.String("search_context_size").value_or("medium");
  if (size == "low") return 4;
  if (size == "medium") return WebSearchOptions().max_passages;
  if (size == "high") return 16;
  throw InvalidField(fields.Path("search_context_size"), "must be low, medium or high");
}

void RefuseWhatSearchesCannot(const char* search, const GenerationOptions& options) {
  const auto refuse = [search](bool asked, const char* name, const char* why) {
    if (asked) throw UnsupportedField(name, fmt::format("cannot be used with {}: {}", search, why));
  };
  refuse(options.n > 1, "n", "there is one answer");
  refuse(options.grammar.kind != OutputGrammar::Kind::kNone, "response_format",
         "the answer is cited text");
  refuse(options.logprobs, "logprobs", "the answer is checked text, not one of the model");
  refuse(!options.limits.stop.empty(), "stop", "each sentence is checked whole");
}

// Indices of annotations count characters, as those of OpenAI's.
int64_t CharactersOf(std::string_view text) {
  int64_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

bool IsQuestion(const std::string& text) {
  return !text.empty() && text.size() <= kMaxQuestionBytes;
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
  if (!IsQuestion(asked.question)) {
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
  throw ApiError(400, "invalid_request_error", "nothing_to_search", "",
                 "there is nothing to search here: add documents on the Library page or with "
                 "pioneer index add, or start the service with --web-search");
}

// The text of an answer as it grows, with the places of its citations.
class CitedText {
 public:
  struct Piece {
    std::string text;
    std::vector<UrlCitation> citations;
  };

  // What the model said before it searched.
  void Precede(const std::string& text) {
    Keep({text, {}});
    n_before_ = text_.size();
  }
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
    const std::string_view found = std::string_view(text_).substr(n_before_);
    if (answer.starts_with(found)) piece.text = answer.substr(found.size());
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
  size_t n_before_ = 0;  // bytes that the model said before
  int64_t length_ = 0;   // characters
  std::vector<UrlCitation> citations_;
};

// Answers one request. The model speaks first where it decides whether to search.
class ChatSearcher {
 public:
  // What goes to the client as it comes: the model's own events, then pieces of what was found.
  struct Listener {
    std::function<void(const GenerationEvent&)> on_event;
    std::function<void(const CitedText::Piece&)> on_piece;
  };

  ChatSearcher(Service& service, const ChatCall& call, ServeWriter& writer)
      : call_(call),
        retriever_(RequireRetriever(service, RequireSomething(service))),
        model_(std::make_shared<CountedGenerator>(service.models.Find(call.wire.model), counter_)) {
    if (call.web_search->model_decides) {
      spoken_ = StartNaming("messages", [&] { return StartSpeaking(); });
    } else {
      asked_ = ReadConversation(call.request.messages);
    }
    service.running_answers.Add(cancel_);
    writer.OnDisconnect([cancel = cancel_] { cancel->Cancel(); });
  }

  void Run(const Listener& listener) {
    if (spoken_ && !Speak(listener)) return;
    Search(listener);
    answer_.reason = FinishReason::kStop;
  }
  OrderedJson Whole(const ResponseHead& head) const {
    return ChatCitedCompletion(head, answer_, text_.citations(), usage());
  }
  FinishReason reason() const { return answer_.reason; }
  Usage usage() const { return counter_->Sum(); }
  std::string model_id() const { return model_->info().id; }

 private:
  std::unique_ptr<Generation> StartSpeaking() {
    ChatRequest request = call_.request;
    request.parallel_tool_calls = false;  // a search is the last that an answer does
    return model_->Chat(request);
  }

  // True when the model wants a search.
  bool Speak(const Listener& listener) {
    const CancelWatch watch(*spoken_, *cancel_);
    std::string arguments;
    bool wants_search = false;
    std::vector<Answer> answers(1);
    while (const auto event = spoken_->Next()) {
      const auto* call = std::get_if<ToolCallEvent>(&*event);
      wants_search |= call != nullptr && call->name == kWebSearchTool;
      if (wants_search) {
        if (call != nullptr) arguments += call->arguments;
        continue;
      }
      if (const auto* finish = std::get_if<FinishEvent>(&*event)) ThrowIfFailed(*finish);
      AddToAnswers(*event, answers);
      listener.on_event(*event);
    }
    cancel_->Check();
    answer_ = std::move(answers.front());
    if (wants_search) asked_ = ReadQuery(arguments);
    return wants_search;
  }

  // What the model wants to know; a call that says nothing of use asks what the user asked.
  Asked ReadQuery(const std::string& arguments) const {
    try {
      Asked asked{ParseJson(arguments).at("query").get<std::string>(), {}};
      if (IsQuestion(asked.question)) return asked;
    } catch (const std::exception& error) {
      spdlog::debug("a search without a query: {}", error.what());
    }
    return ReadConversation(call_.request.messages);
  }

  void Search(const Listener& listener) {
    if (!answer_.text.empty()) {
      answer_.text += "\n\n";
      text_.Precede(answer_.text);
      listener.on_piece({"\n\n", {}});
    }
    search::SearchRequest request;
    request.question = std::move(asked_.question);
    request.earlier = std::move(asked_.earlier);
    request.max_passages = call_.web_search->max_passages;
    search::Answer(request, *retriever_, model_.get(), *cancel_,
                   [&](const search::SearchEvent& event) {
                     if (const auto* found = std::get_if<search::PassagesEvent>(&event)) {
                       passages_ = found->passages;
                     } else if (const auto* one = std::get_if<search::SentenceEvent>(&event)) {
                       listener.on_piece(text_.Add(one->sentence, passages_));
                     } else if (const auto* done = std::get_if<search::DoneEvent>(&event)) {
                       listener.on_piece(text_.Finish(done->answer));
                     }
                   });
    answer_.text = text_.text();
  }

  const ChatCall& call_;
  const std::shared_ptr<search::Retriever> retriever_;
  const std::shared_ptr<UsageCounter> counter_ = std::make_shared<UsageCounter>();
  const std::shared_ptr<Generator> model_;
  const std::shared_ptr<CancelToken> cancel_ = std::make_shared<CancelToken>();
  std::unique_ptr<Generation> spoken_;  // null: nothing is said before the search
  Asked asked_;
  std::vector<search::RankedPassage> passages_;
  CitedText text_;
  Answer answer_;
};

void Stream(ChatSearcher& searcher, const ResponseHead& head, const WireOptions& wire,
            int64_t keep_alive_ms, ServeWriter& writer) {
  writer.StartEvents();
  {
    EventStream events(writer, keep_alive_ms);
    const AnswerFormat format = ChatFormat(head, false, wire.include_usage);
    const auto send = [&](const OrderedJson& chunk) { events.Send("", chunk); };
    ChatSearcher::Listener listener;
    listener.on_event = [&](const GenerationEvent& event) {
      if (std::holds_alternative<FinishEvent>(event)) return;
      if (const auto chunk = EventChunk(format, event)) send(*chunk);
    };
    listener.on_piece = [&](const CitedText::Piece& piece) {
      if (piece.text.empty()) return;
      send(ChatCitedChunk(head, piece.text, piece.citations, wire.include_usage));
    };
    try {
      send(format.first_chunk(0));
      searcher.Run(listener);
      send(ChatFinishChunk(head, FinishEvent{0, searcher.reason(), "", ""}, wire.include_usage));
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

OrderedJson WebSearchFunction() {
  return ParseOrderedJson(R"({"type": "function", "function": {
    "name": "web_search",
    "description": "Searches documents for facts and answers from them, with sources. Use it for everything that you do not know for certain.",
    "parameters": {
      "type": "object",
      "properties": {"query": {
        "type": "string",
        "description": "What to find out: one question, understood without the conversation, in the user's language"
      }},
      "required": ["query"],
      "additionalProperties": false
    }
  }})");
}

WebSearchOptions ReadWebSearchTool(const FieldReader& tool) {
  if (tool.Has("filters")) {
    throw UnsupportedField(tool.Path("filters"), "is not supported yet by this version");
  }
  return {ReadContextSize(tool), true};
}

void ReadWebSearchOptions(const FieldReader& body, ChatCall& call) {
  if (const Json* object = body.Object("web_search_options")) {
    if (!call.request.tools_json.empty() || call.web_search) {
      throw UnsupportedField("tools",
                             "cannot be used with web_search_options: the service itself searches; "
                             "as a tool beside others: {\"type\": \"web_search\"}");
    }
    call.web_search = {ReadContextSize(FieldReader(*object, "web_search_options")), false};
    RefuseWhatSearchesCannot("web_search_options", call.request.options);
  } else if (call.web_search) {
    RefuseWhatSearchesCannot("the web_search tool", call.request.options);
  }
}

void AnswerBySearch(Service& service, const ChatCall& call, ServeWriter& writer) {
  ChatSearcher searcher(service, call, writer);
  const ResponseHead head = {NewResponseId("chatcmpl-"), searcher.model_id(),
                             service.UnixSeconds()};
  if (call.wire.stream) {
    return Stream(searcher, head, call.wire, service.options.stream_keep_alive_ms, writer);
  }
  searcher.Run({[](const GenerationEvent&) {}, [](const CitedText::Piece&) {}});
  writer.SendJson(200, searcher.Whole(head));
}

}  // namespace pioneer::serve::openai
