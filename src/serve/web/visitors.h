// Why: a visitor needs no account. A random cookie is the whole identity; the store keeps only its
// hash, so a stolen database opens no chats.
#pragma once

#include <optional>
#include <string>

#include "serve/service.h"

namespace pioneer::serve::web {

inline constexpr char kVisitorCookie[] = "pioneer_visitor";

// Sets the cookie where the request has none that could be ours; a year from now either way. Not
// for requests that come from other sites: a strict cookie is not sent with those, and a new one
// would replace the visitor's.
void OfferVisitorCookie(const HttpRequest& request, ServeWriter& writer);

// nullopt when the request brings no cookie, or one that has not been used to keep anything.
std::optional<std::string> FindVisitorId(Service& service, const HttpRequest& request);

// The same, but what nobody keeps anything for has no chats: ApiError 404.
std::string RequireVisitorId(Service& service, const HttpRequest& request);

// Makes the visitor, and sets the cookie, if need be.
std::string EnsureVisitorId(Service& service, const HttpRequest& request, ServeWriter& writer);

}  // namespace pioneer::serve::web
