#include "serve/web/visitors.h"

#include <algorithm>

namespace pioneer::serve::web {
namespace {

constexpr int kTokenBytes = 32;
constexpr size_t kTokenCharacters = 52;  // base32
constexpr int64_t kCookieSeconds = 365 * 24 * 3600;

bool IsToken(std::string_view token) {
  return token.size() == kTokenCharacters && std::all_of(token.begin(), token.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
         });
}

std::optional<std::string> Token(const HttpRequest& request) {
  const auto cookie = request.Cookie(kVisitorCookie);
  if (!cookie || !IsToken(*cookie)) return std::nullopt;
  return std::string(*cookie);
}

void SetCookie(const std::string& token, ServeWriter& writer) {
  writer.AddHeader("Set-Cookie", fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict",
                                             kVisitorCookie, token, kCookieSeconds));
}

}  // namespace

void OfferVisitorCookie(const HttpRequest& request, ServeWriter& writer) {
  const std::string_view site = request.Header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return;
  SetCookie(Token(request).value_or(RandomId(kTokenBytes)), writer);
}

std::optional<std::string> FindVisitorId(Service& service, const HttpRequest& request) {
  const auto token = Token(request);
  if (!token) return std::nullopt;
  const auto visitor = service.chats->FindVisitor(Sha256Hex(*token));
  if (!visitor) return std::nullopt;
  return visitor->id;
}

std::string RequireVisitorId(Service& service, const HttpRequest& request) {
  auto id = FindVisitorId(service, request);
  if (!id) throw NotFoundError("there is no such chat");
  return *id;
}

std::string EnsureVisitorId(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const auto token = Token(request);
  const std::string value = token.value_or(RandomId(kTokenBytes));
  if (!token) SetCookie(value, writer);
  return service.chats->EnsureVisitor(Sha256Hex(value)).id;
}

}  // namespace pioneer::serve::web
