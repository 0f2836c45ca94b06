// Why: every page that a user's settings or a stranger's page name is asked for here, under the
// same rules: public addresses only, few redirects, limited sizes and times, one request at a time
// to a host.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "net/address_rule.h"
#include "net/url.h"

namespace pioneer::search {

inline constexpr size_t kMaxPageBytes = size_t{32} << 20;  // unpacked

// The same page under one spelling: without what only tracks readers ("utm_source").
Url CanonicalUrl(Url url);

struct WebRequest {
  Url url;
  // Of an earlier answer: the server says when nothing has changed since.
  std::string etag = {}, last_modified = {};
  std::string accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  std::string authorization_name = {}, authorization = {};  // a header; only sent to this host
  size_t max_bytes = kMaxPageBytes;
  // Asked before each redirect is followed; may throw.
  std::function<void(const Url&)> on_redirect = {};
};

struct WebAnswer {
  Url url;  // after redirects
  int status = 0;
  bool unchanged = false;  // 304: there is no body
  std::string body = {};
  std::string media_type = {}, charset = {};  // lower case; "" = not said
  std::string etag = {}, last_modified = {};
  std::optional<int64_t> modified_at_ms = std::nullopt;
  bool no_index = false, no_follow = false;  // X-Robots-Tag
};

struct WebFetcherOptions {
  AddressRule address_rule = AddressRule::kPublicOnly;
  int64_t timeout_ms = 60'000;  // of one request
};

// Thread-safe. Waits its turn for a host: also among all other fetchers of the process.
class WebFetcher {
 public:
  explicit WebFetcher(const WebFetcherOptions& options) : options_(options) {}

  // Answers of 200..299 and 304. Throws Error{kNotFound} (404, 410), {kUnauthorized} (401, 403),
  // {kIo} (other statuses, no answer), {kInvalidArgument} (an address that is not allowed, too
  // large, too many redirects), {kCancelled}.
  WebAnswer Get(const WebRequest& request, const CancelToken& cancel) const;

  // Seconds between two requests to a host, where it asks for more than the usual.
  static void SetDelay(const Url& host, double seconds);

 private:
  const WebFetcherOptions options_;
};

}  // namespace pioneer::search
