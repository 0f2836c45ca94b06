// Why: what a request and an answer are to the rest of the program, free of any HTTP library.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pioneer {

// In the order sent; names compare without regard to case (RFC 9110, section 5.1).
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}

  // The first field of that name, nullopt when there is none.
  std::optional<std::string_view> Find(std::string_view name) const;
  // The first field of that name, "" when there is none.
  std::string_view Get(std::string_view name) const { return Find(name).value_or(""); }
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  int Count(std::string_view name) const;

  void Add(std::string name, std::string value);
  // Replaces every field of that name.
  void Set(std::string name, std::string value);
  void Remove(std::string_view name);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpTarget {
  // Percent-decoded once; valid UTF-8, starts with '/', no control characters, no "." or ".." part.
  // "*" for "OPTIONS *".
  std::string path = {};
  // The path cut at '/' before decoding, so that "%2F" stays inside its segment. "/a/b" gives
  // {"a", "b"}, "/" gives {""}, "/a/" gives {"a", ""}.
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' is a space
  std::string authority = {};  // of the absolute form "http://host:port/path", else ""
};

// nullopt when the target is malformed (RFC 9112, section 3.2) or would decode to a path that
// HttpTarget::path promises not to hold.
std::optional<HttpTarget> ParseHttpTarget(std::string_view target);

struct HttpRequest {
  std::string method = {};  // as sent: "GET", "POST", ...
  std::string target = {};  // as sent
  std::string path = {};    // see HttpTarget
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
  HttpHeaders headers = {};  // "Host" holds the authority when the target is in absolute form
  std::string body = {};
  std::string remote_address = {};  // "127.0.0.1", "::1"
  // What the router's pattern captured: "/api/chats/{id}" gives {"id", "..."}.
  std::vector<std::pair<std::string, std::string>> path_parameters;

  std::string_view Header(std::string_view name) const { return headers.Get(name); }
  // The first query parameter of that name, nullopt when there is none.
  std::optional<std::string_view> Query(std::string_view name) const;
  // Throws Error{kInternal} when the route has no such parameter.
  const std::string& PathParameter(std::string_view name) const;
  // The value of a cookie, nullopt when there is none.
  std::optional<std::string_view> Cookie(std::string_view name) const;
};

// Content-Length, Date and Connection are added when it is sent.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers = {};
  std::string body = {};
};

// "Not Found" for 404; "Unknown" for a status without a standard phrase.
std::string_view HttpReasonPhrase(int status);

// The answer without any style of its own: text/plain.
HttpResponse PlainTextResponse(int status, std::string_view message);

bool EqualIgnoringCase(std::string_view a, std::string_view b);  // ASCII

}  // namespace pioneer
