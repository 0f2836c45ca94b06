#include "serve/web/generate.h"

#include "serve/search/chat_search.h"
#include "serve/web/answer_stream.h"
#include "serve/web/chat_json.h"
#include "serve/web/visitors.h"

namespace pioneer::serve::web {
namespace {

constexpr size_t kMaxSearchQuestionBytes = 4096;  // search/answerer.h

struct Question {
  std::optional<std::string> parent_id;
  std::optional<std::string> content;
};

Question ReadQuestion(const HttpRequest& request) {
  const Json json = ParseBody(request.body);
  const FieldReader body(json, "");
  Question question{body.String("parent_id"), body.String("content")};
  if (question.content && question.content->size() > kMaxMessageBytes) {
    throw InvalidField("content",
                       fmt::format("must not be longer than {} bytes", kMaxMessageBytes));
  }
  if (question.content && question.content->empty()) {
    throw InvalidField("content", "must not be empty");
  }
  if (!question.content && !question.parent_id) {
    throw InvalidField("content", "is missing, and there is no parent_id to answer");
  }
  return question;
}

// The conversation up to the question's parent; the parent's role must fit.
std::vector<Message> ReadPath(const std::vector<Message>& messages, const Question& question) {
  if (!question.parent_id) return {};
  std::vector<Message> path = PathTo(messages, *question.parent_id);
  if (path.empty()) throw NotFoundError("parent_id: there is no such message in this chat");
  const bool parent_is_user = path.back().role == MessageRole::kUser;
  if (question.content && parent_is_user) {
    throw InvalidField("parent_id", "a question goes under an answer, not under a question");
  }
  if (!question.content && !parent_is_user) {
    throw InvalidField("parent_id", "must be a question when there is no content");
  }
  return path;
}

ChatMessage TextMessage(const char* role, const std::string& content) {
  ChatMessage message;
  message.role = role;
  message.content = content;
  return message;
}

// Templates fail on arguments that were cut off, so those of a stopped answer stay behind.
bool IsWhole(const MessageToolCall& call) {
  try {
    return ParseJson(call.arguments).is_object();
  } catch (const Error&) {
    return false;
  }
}

ChatMessage EarlierMessage(const Message& message) {
  ChatMessage earlier = TextMessage(MessageRoleName(message.role), message.content);
  earlier.reasoning = message.reasoning;
  for (const MessageToolCall& call : message.tool_calls) {
    if (IsWhole(call)) earlier.tool_calls.push_back({call.id, call.name, call.arguments});
  }
  return earlier;
}

bool Thinks(Thinking model, std::optional<bool> wanted) {
  switch (model) {
    case Thinking::kNever:
      return false;
    case Thinking::kAlways:
      return true;
    case Thinking::kOnByDefault:
      return wanted.value_or(true);
    case Thinking::kOffByDefault:
      return wanted.value_or(false);
  }
  return false;
}

// What the template does by itself is not asked for: some know several efforts.
std::string ReasoningEffort(Thinking model, bool thinks) {
  if (model == Thinking::kOnByDefault && !thinks) return "none";
  if (model == Thinking::kOffByDefault && thinks) return "medium";
  return "";
}

ChatRequest BuildRequest(const ServerOptions& options, Thinking thinking,
                         const ChatSettings& settings, const std::vector<Message>& path,
                         const Question& question) {
  ChatRequest request;
  request.read_all_calls = true;
  const std::string system = settings.system.value_or("");
  if (!system.empty()) request.messages.push_back(TextMessage("system", system));
  for (const Message& message : path) {
    request.messages.push_back(EarlierMessage(message));
  }
  if (question.content) request.messages.push_back(TextMessage("user", *question.content));
  SamplingParams& sampling = request.options.sampling;
  sampling.temperature = settings.temperature.value_or(options.default_temperature);
  sampling.top_p = settings.top_p.value_or(options.default_top_p);
  const bool thinks = Thinks(thinking, settings.thinking);
  request.reasoning_effort = ReasoningEffort(thinking, thinks);
  // How long a model thinks cannot be foreseen; a default must not end its thoughts unanswered.
  const int usual_tokens = thinks ? -1 : options.default_max_tokens;
  request.options.limits.max_tokens = settings.max_tokens.value_or(usual_tokens);
  return request;
}

std::vector<search::EarlierTurn> EarlierTurns(const std::vector<Message>& path) {
  std::vector<search::EarlierTurn> turns;
  for (const Message& message : path) {
    if (message.role == MessageRole::kUser) {
      turns.push_back({message.content, ""});
    } else if (!turns.empty()) {
      turns.back().answer = message.content;
    }
  }
  return turns;
}

struct ChatPlace {
  std::string visitor_id;
  Chat chat;
};

void GenerateBySearch(Service& service, const ChatPlace& place, const SearchSettings& settings,
                      const Question& question, const std::vector<Message>& path,
                      std::unique_ptr<ActiveChats::Claim> claim, ServeWriter& writer) {
  RequireRetriever(service, settings.web);  // or the question is not stored
  SearchTurn turn{
      place.visitor_id, place.chat.id, {}, settings.web, FindWriter(service, place.chat.model)};
  search::SearchRequest& request = turn.request;
  request.filter = settings.filter;
  request.unsupported = settings.unsupported;
  request.earlier = EarlierTurns(path);
  // Answered again, the question is the path's last message.
  request.question = question.content ? *question.content : path.back().content;
  if (!question.content) request.earlier.pop_back();
  if (request.question.size() > kMaxSearchQuestionBytes) {
    throw InvalidField("content",
                       fmt::format("a search's question must not be longer than {} bytes",
                                   kMaxSearchQuestionBytes));
  }
  NewTurn new_turn{question.parent_id, question.content, turn.writer ? turn.writer->info().id : "",
                   TitleFrom(request.question)};
  const Turn begun = service.chats->BeginTurn(place.visitor_id, place.chat.id, new_turn);
  AnswerBySearch(service, std::move(turn), begun, std::move(claim), writer);
}

}  // namespace

void Generate(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const int64_t start_ns = service.NowNs();
  const std::string visitor_id = RequireVisitorId(service, request);
  const std::string& chat_id = request.PathParameter("id");
  // Whose chat it is comes first: that somebody else's chat is busy is nobody's business.
  const auto chat = service.chats->GetChat(visitor_id, chat_id);
  if (!chat) throw NotFoundError("there is no such chat");
  const Question question = ReadQuestion(request);
  auto claim = service.active_chats.TryClaim(visitor_id, chat_id);
  if (!claim) throw ConflictError("an answer is being written in this chat already");

  const auto path = ReadPath(service.chats->ListMessages(visitor_id, chat_id), question);
  const ChatSettings settings = SettingsFromText(chat->settings_json);
  if (settings.search) {
    return GenerateBySearch(service, {visitor_id, *chat}, *settings.search, question, path,
                            std::move(claim), writer);
  }
  const auto generator = service.models.Find(chat->model);
  // Started before anything is stored: what cannot be answered (too long, queue full) stays in the
  // page's input, not as a question without an answer.
  auto generation = generator->Chat(
      BuildRequest(service.options, generator->info().thinking, settings, path, question));
  NewTurn new_turn{question.parent_id, question.content, generator->info().id,
                   TitleFrom(question.content.value_or(""))};
  const Turn turn = service.chats->BeginTurn(visitor_id, chat_id, new_turn);
  AnswerStream(service, {visitor_id, chat_id, start_ns}, turn, std::move(generation),
               std::move(claim), writer)
      .Run();
}

}  // namespace pioneer::serve::web
