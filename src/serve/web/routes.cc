// Why: what the page asks of the service, as docs/web-api.md says.
#include <charconv>

#include "serve/administrator.h"
#include "serve/gate.h"
#include "serve/version.h"
#include "serve/web/chat_json.h"
#include "serve/web/generate.h"
#include "serve/web/visitors.h"

namespace pioneer::serve::web {
namespace {

constexpr std::chrono::milliseconds kStopTimeout(10'000);
constexpr int64_t kLoginSeconds = 30 * 24 * 3600;
constexpr size_t kMaxQueryBytes = 1024;

[[noreturn]] void ThrowNoChat() { throw NotFoundError("there is no such chat"); }

Chat RequireChat(Service& service, const std::string& visitor_id, const std::string& chat_id) {
  auto chat = service.chats->GetChat(visitor_id, chat_id);
  if (!chat) ThrowNoChat();
  return *chat;
}

const char* ThinkingName(Thinking thinking) {
  switch (thinking) {
    case Thinking::kNever:
      return "never";
    case Thinking::kAlways:
      return "always";
    case Thinking::kOnByDefault:
      return "on";
    case Thinking::kOffByDefault:
      return "off";
  }
  return "never";
}

// Whether a question could be answered from sources.
bool CanSearch(const ServerOptions& options) {
  if (!options.library) return false;
  return options.web != nullptr || options.library->State().passages > 0;
}

void ShowState(Service& service, const HttpRequest& request, ServeWriter& writer) {
  OfferVisitorCookie(request, writer);
  OrderedJson models = OrderedJson::array();
  for (const ModelStatus& model : service.models.Statuses()) {
    if (!model.info.abilities.generate) continue;  // nobody talks with it
    models.push_back({{"id", model.info.id},
                      {"description", model.info.description},
                      {"context_length", model.info.context_length},
                      {"thinking", ThinkingName(model.info.thinking)},
                      {"state", ModelStateName(model.state)}});
  }
  const ServerOptions& options = service.options;
  writer.SendJson(200, {{"version", kVersion},
                        {"models", std::move(models)},
                        {"defaults",
                         {{"temperature", options.default_temperature},
                          {"top_p", options.default_top_p},
                          {"max_tokens", options.default_max_tokens}}},
                        {"search", CanSearch(options)},
                        {"auth_required", options.require_keys},
                        {"administrator", IsAdministrator(service, request)}});
}

void Login(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const Json json = ParseBody(request.body);
  const auto key = FieldReader(json, "").String("key");
  if (!key) throw InvalidField("key", "is missing");
  if (!service.keys->Verify(*key)) throw UnauthorizedError("the API key is not valid here");
  // The key itself: it outlives a restart of the service, and revoking it ends the login at once.
  writer.AddHeader("Set-Cookie",
                   fmt::format("{}={}; Path=/api/; Max-Age={}; HttpOnly; SameSite=Strict",
                               kKeyCookie, *key, kLoginSeconds));
  OfferVisitorCookie(request, writer);
  writer.SendEmpty();
}

int64_t ReadQueryInt(std::string_view text, const char* name, int64_t low, int64_t high) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    throw InvalidField(name, fmt::format("must be an integer from {} to {}", low, high));
  }
  return value;
}

ChatQuery ReadChatQuery(const HttpRequest& request) {
  ChatQuery query;
  query.text = request.Query("q").value_or("");
  if (query.text.size() > kMaxQueryBytes) {
    throw InvalidField("q", fmt::format("must not be longer than {} bytes", kMaxQueryBytes));
  }
  if (const auto before = request.Query("before")) {
    query.before_ms = ReadQueryInt(*before, "before", 0, std::numeric_limits<int64_t>::max());
  }
  if (const auto limit = request.Query("limit")) {
    query.limit = static_cast<int>(ReadQueryInt(*limit, "limit", 1, kMaxChatsPerPage));
  }
  return query;
}

void ListChats(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const ChatQuery query = ReadChatQuery(request);
  OfferVisitorCookie(request, writer);
  ChatPage page;
  if (const auto visitor_id = FindVisitorId(service, request)) {
    page = service.chats->ListChats(*visitor_id, query);
  }
  OrderedJson chats = OrderedJson::array();
  for (const Chat& chat : page.chats) chats.push_back(ChatSummaryJson(chat));
  writer.SendJson(200, {{"chats", std::move(chats)}, {"more", page.more}});
}

std::optional<std::string> ReadTitle(const FieldReader& body) {
  auto title = body.String("title");
  if (title && title->size() > kMaxChatTitleBytes) {
    throw InvalidField("title",
                       fmt::format("must not be longer than {} bytes", kMaxChatTitleBytes));
  }
  return title;
}

// A model that this service has not may not be chosen.
std::optional<std::string> ReadModel(Service& service, const FieldReader& body) {
  auto model = body.String("model");
  if (model && !model->empty()) service.models.Status(*model);
  return model;
}

void CreateChat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const Json json = ParseBody(request.body);
  const FieldReader body(json, "");
  NewChat chat{ReadTitle(body).value_or(""), ReadModel(service, body).value_or("")};
  if (const Json* settings = body.Object("settings")) {
    chat.settings_json = SettingsToText(ReadSettings(*settings));
  }
  const std::string visitor_id = EnsureVisitorId(service, request, writer);
  writer.SendJson(201, ChatJson(service.chats->CreateChat(visitor_id, chat)));
}

void GetChat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string visitor_id = RequireVisitorId(service, request);
  const Chat chat = RequireChat(service, visitor_id, request.PathParameter("id"));
  OrderedJson json = ChatJson(chat);
  json["messages"] = OrderedJson::array();
  for (const Message& message : service.chats->ListMessages(visitor_id, chat.id)) {
    json["messages"].push_back(MessageJson(message));
  }
  writer.SendJson(200, json);
}

void ChangeChat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string visitor_id = RequireVisitorId(service, request);
  const Chat chat = RequireChat(service, visitor_id, request.PathParameter("id"));
  const Json json = ParseBody(request.body);
  const FieldReader body(json, "");
  ChatChange change;
  change.title = ReadTitle(body);
  change.model = ReadModel(service, body);
  change.leaf_id = body.String("leaf_id");
  if (const Json* settings = body.Object("settings")) {
    change.settings_json = SettingsToText(ReadSettings(*settings));
  }
  writer.SendJson(200, ChatJson(service.chats->UpdateChat(visitor_id, chat.id, change)));
}

void DeleteChat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string visitor_id = RequireVisitorId(service, request);
  const Chat chat = RequireChat(service, visitor_id, request.PathParameter("id"));
  service.active_chats.StopChat(chat.id, kStopTimeout);
  service.chats->DeleteChat(visitor_id, chat.id);
  writer.SendEmpty();
}

void RestoreChat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string visitor_id = RequireVisitorId(service, request);
  const std::string& chat_id = request.PathParameter("id");
  writer.SendJson(200, ChatJson(service.chats->RestoreChat(visitor_id, chat_id)));
}

// Header values are ASCII: the title goes percent-encoded (RFC 8187).
std::string ContentDisposition(const std::string& title) {
  std::string encoded;
  for (const char c : title.empty() ? std::string("chat") : title) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("attachment; filename=\"chat.md\"; filename*=UTF-8''{}.md", encoded);
}

void ExportChat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string visitor_id = RequireVisitorId(service, request);
  const Chat chat = RequireChat(service, visitor_id, request.PathParameter("id"));
  const auto path =
      PathTo(service.chats->ListMessages(visitor_id, chat.id), chat.leaf_id.value_or(""));
  writer.Send({200,
               {{"Content-Type", "text/markdown; charset=utf-8"},
                {"Content-Disposition", ContentDisposition(chat.title)},
                {"X-Content-Type-Options", "nosniff"},
                {"Cache-Control", "no-store"}},
               ExportMarkdown(chat, path)});
}

void DeleteVisitor(Service& service, const HttpRequest& request, ServeWriter& writer) {
  if (const auto visitor_id = FindVisitorId(service, request)) {
    service.active_chats.StopVisitor(*visitor_id, kStopTimeout);
    service.chats->DeleteVisitor(*visitor_id);
  }
  writer.AddHeader("Set-Cookie", fmt::format("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
                                             kVisitorCookie));
  writer.SendEmpty();
}

}  // namespace

void AddRoutes(Routes& routes) {
  routes.Add("GET", "/api/state", ShowState);
  routes.Add("POST", "/api/login", Login);
  routes.Add("GET", "/api/chats", ListChats);
  routes.Add("POST", "/api/chats", CreateChat);
  routes.Add("GET", "/api/chats/{id}", GetChat);
  routes.Add("PATCH", "/api/chats/{id}", ChangeChat);
  routes.Add("DELETE", "/api/chats/{id}", DeleteChat);
  routes.Add("POST", "/api/chats/{id}/restore", RestoreChat);
  routes.Add("GET", "/api/chats/{id}/export", ExportChat);
  routes.Add("POST", "/api/chats/{id}/generate", Generate);
  routes.Add("DELETE", "/api/visitor", DeleteVisitor);
}

}  // namespace pioneer::serve::web
