// Why: a web page elsewhere can make its own name point at 127.0.0.1 (DNS rebinding) and then read
// a local service as "same origin". Only the Host header gives it away.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

// Immutable; thread-safe.
class HostCheck {
 public:
  // `bound_host` is what the server listens on. Loopback names (localhost, *.localhost,
  // 127.0.0.0/8,
  // ::1) are always allowed, and so are `bound_host` and `allowed_names` (names or addresses,
  // without port; "*" allows all). When bound to all addresses (0.0.0.0, ::), every IP address is
  // allowed too: rebinding needs a name.
  HostCheck(std::string bound_host, std::vector<std::string> allowed_names = {});

  // `host` is the value of the Host header: "localhost:8080", "[::1]:8080", "example.org".
  bool IsAllowed(std::string_view host) const;

  // Whether `origin` (the Origin header, "http://host:port") names the host of `host` (the Host
  // header). The scheme is http or https. "null" and malformed origins are not the same.
  static bool IsSameOrigin(std::string_view origin, std::string_view host);

 private:
  bool any_address_;
  bool any_name_ = false;
  std::vector<std::string> names_;
};

// The host of "host", "host:port" or "[v6]:port", lower case, without brackets and a final dot;
// "" when malformed.
std::string HostWithoutPort(std::string_view host);

// "localhost", "x.localhost", "127.x.y.z", "::1".
bool IsLoopbackHost(std::string_view host);

}  // namespace pioneer
