#include "serve/gate.h"

#include <algorithm>

namespace pioneer::serve {
namespace {

bool IsPageApi(const HttpRequest& request) { return request.path.starts_with("/api/"); }
bool IsProgramApi(const HttpRequest& request) { return request.path.starts_with("/v1/"); }

bool ChangesState(const HttpRequest& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

// The page's API takes JSON only: a form on another site cannot send that without a preflight.
void CheckContentType(const HttpRequest& request) {
  if (!IsPageApi(request) || !ChangesState(request)) return;
  const std::string_view type = request.Header("Content-Type");
  if (EqualIgnoringCase(type.substr(0, type.find_first_of("; ")), "application/json")) return;
  throw ApiError(415, "invalid_request_error", "unsupported_media_type", "",
                 "the Content-Type must be application/json");
}

// What a browser says about the page that asks; absent from programs and old browsers.
bool FromOtherSite(const HttpRequest& request) {
  const std::string_view site = request.Header("Sec-Fetch-Site");
  return !site.empty() && site != "same-origin" && site != "none";
}

std::string_view BearerKey(const HttpRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = request.Header("Authorization");
  if (!EqualIgnoringCase(header.substr(0, kScheme.size()), kScheme)) return "";
  return header.substr(kScheme.size());
}

}  // namespace

std::string_view PresentedKey(const HttpRequest& request) {
  const std::string_view key = BearerKey(request);
  if (!key.empty() || !IsPageApi(request)) return key;
  return request.Cookie(kKeyCookie).value_or("");
}

Gate::Gate(const ServerOptions& options, std::shared_ptr<KeyStore> keys)
    : keys_(std::move(keys)),
      host_check_(options.host, options.allowed_hosts),
      check_host_(IsLoopbackHost(options.host)),
      require_keys_(options.require_keys),
      allowed_origins_(options.allowed_origins),
      public_paths_{"/", "/health", "/api/login"} {
  for (const Asset& asset : options.assets) public_paths_.insert(std::string(asset.path));
}

bool Gate::Admit(const HttpRequest& request, ServeWriter& writer) const {
  CheckHost(request);
  CheckOrigin(request, writer);
  const bool preflight =
      request.method == "OPTIONS" && request.headers.Has("Access-Control-Request-Method");
  if (preflight && IsProgramApi(request)) {
    writer.SendEmpty();
    return false;
  }
  CheckContentType(request);
  CheckKey(request);
  return true;
}

void Gate::CheckHost(const HttpRequest& request) const {
  if (!check_host_ || host_check_.IsAllowed(request.Header("Host"))) return;
  throw ApiError(403, "invalid_request_error", "host_not_allowed", "",
                 "this service answers only to the names of this machine; to reach it by another "
                 "name, allow that name when starting it");
}

bool Gate::OriginAllowed(std::string_view origin) const {
  return std::any_of(allowed_origins_.begin(), allowed_origins_.end(),
                     [&](const std::string& allowed) {
                       return allowed == "*" || EqualIgnoringCase(allowed, origin);
                     });
}

void Gate::CheckOrigin(const HttpRequest& request, ServeWriter& writer) const {
  const auto origin = request.headers.Find("Origin");
  const bool same = !origin || HostCheck::IsSameOrigin(*origin, request.Header("Host"));
  if (IsPageApi(request) && (!same || FromOtherSite(request))) {
    throw ForbiddenError("the page's API answers only to the page itself");
  }
  if (!allowed_origins_.empty() && IsProgramApi(request)) writer.AddHeader("Vary", "Origin");
  if (same) return;
  if (IsProgramApi(request) && OriginAllowed(*origin)) {
    writer.AddHeader("Access-Control-Allow-Origin", std::string(*origin));
    writer.AddHeader("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    writer.AddHeader("Access-Control-Allow-Headers", "*, Authorization, Content-Type");
    writer.AddHeader("Access-Control-Max-Age", "600");
  } else if (ChangesState(request)) {
    // Browsers send simple requests first and ask later: without this, any site could make this
    // machine work.
    throw ForbiddenError("pages of the origin " + std::string(*origin) +
                         " may not use this service; to permit it, allow that origin when "
                         "starting it");
  }
}

void Gate::CheckKey(const HttpRequest& request) const {
  if (!require_keys_ || public_paths_.contains(request.path)) return;
  const std::string_view key = PresentedKey(request);
  if (key.empty()) {
    throw UnauthorizedError("this service needs an API key: send \"Authorization: Bearer KEY\"");
  }
  if (!keys_->Verify(key)) throw UnauthorizedError("the API key is not valid here");
}

}  // namespace pioneer::serve
