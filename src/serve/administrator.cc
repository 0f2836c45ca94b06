#include "serve/administrator.h"

#include <algorithm>

#include "serve/gate.h"

namespace pioneer::serve {
namespace {

// With any of these the machine's own address means a proxy, not a person.
bool WasPassedOn(const HttpRequest& request) {
  static constexpr const char* kMarks[] = {"Forwarded", "Via", "X-Forwarded-For",
                                           "X-Forwarded-Host", "X-Real-IP"};
  return std::any_of(std::begin(kMarks), std::end(kMarks),
                     [&](const char* name) { return request.headers.Has(name); });
}

bool IsOwnMachine(const ServerOptions& options, const HttpRequest& request) {
  return IsLoopbackHost(options.host) && !options.require_keys && options.allowed_hosts.empty() &&
         IsLoopbackHost(request.remote_address) &&
         IsLoopbackHost(HostWithoutPort(request.Header("Host"))) && !WasPassedOn(request);
}

}  // namespace

bool IsAdministrator(Service& service, const HttpRequest& request) {
  if (IsOwnMachine(service.options, request)) return true;
  const std::string_view key = PresentedKey(request);
  if (key.empty()) return false;
  const auto known = service.keys->Identify(key);
  return known && known->is_admin;
}

void RequireAdministrator(Service& service, const HttpRequest& request) {
  if (IsAdministrator(service, request)) return;
  throw ApiError(403, "invalid_request_error", "administrator_only", "",
                 "this is for whoever runs this service: sign in with a key made by \"pioneer "
                 "keys create NAME --admin\"");
}

}  // namespace pioneer::serve
