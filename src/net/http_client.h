// Why: the program as a client: tests over loopback, and other servers that speak HTTP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "net/address_rule.h"
#include "net/http_message.h"

namespace pioneer {

struct HttpClientRequest {
  std::string method = "GET";
  std::string url = {};  // http:// or https:// only
  HttpHeaders headers = {};
  std::string body = {};
  int64_t connect_timeout_ms = 10'000;
  int64_t timeout_ms = 300'000;                  // of the whole request; 0 = none
  int64_t stall_timeout_ms = 0;                  // without a byte received; 0 = none
  size_t max_response_bytes = size_t{64} << 20;  // of the body
  int max_redirects = 0;                         // 0: a redirect is returned as it is
  // Asks for a compressed answer and unpacks it; max_response_bytes is of what is unpacked.
  bool decompress = false;
  // Of the address that is really connected to, also by redirects and whatever a name says by then.
  // kPublicOnly uses no proxy.
  AddressRule address_rule = AddressRule::kAny;
  CancelToken cancel = {};
  // Called once the answer's header is there (not of redirects that are followed); false ends the
  // request.
  std::function<bool(int status, const HttpHeaders& headers)> on_header = {};
  // Called with each piece of the body; false ends the request. HttpResponse::body then stays
  // empty.
  std::function<bool(std::string_view)> on_body = {};
};

// Blocks. The answer is returned whatever its status. Throws Error{kIo} when there is none (no
// connection, time out, cut off), kCancelled when `cancel` was used or a callback returned false,
// kInvalidArgument for a malformed URL, an answer larger than max_response_bytes or an address that
// the rule forbids. Thread-safe.
HttpResponse FetchHttp(const HttpClientRequest& request);

}  // namespace pioneer
