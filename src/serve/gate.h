// Why: who may come in at all is decided in one place, before any handler runs: the Host header
// (DNS rebinding), the Origin header (other sites' pages), API keys.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "net/host_check.h"
#include "net/http_message.h"
#include "serve/serve_writer.h"
#include "serve/server.h"

namespace pioneer::serve {

inline constexpr char kKeyCookie[] = "pioneer_key";

// The key that the request brings, as bearer or, under /api/, as the login's cookie; "" = none.
std::string_view PresentedKey(const HttpRequest& request);

// Immutable; thread-safe.
class Gate {
 public:
  Gate(const ServerOptions& options, std::shared_ptr<KeyStore> keys);

  // True: let the request through. False: it was a CORS preflight and is answered. Throws ApiError
  // 401, 403 or 415. Adds the CORS headers to `writer` where they are due.
  bool Admit(const HttpRequest& request, ServeWriter& writer) const;

 private:
  void CheckHost(const HttpRequest& request) const;
  void CheckOrigin(const HttpRequest& request, ServeWriter& writer) const;
  void CheckKey(const HttpRequest& request) const;
  bool OriginAllowed(std::string_view origin) const;

  const std::shared_ptr<KeyStore> keys_;
  const HostCheck host_check_;
  const bool check_host_;
  const bool require_keys_;
  const std::vector<std::string> allowed_origins_;
  std::set<std::string, std::less<>> public_paths_;  // need no key
};

}  // namespace pioneer::serve
