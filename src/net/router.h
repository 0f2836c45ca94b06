// Why: from a method and a path to a handler, and the answers of HTTP itself: HEAD, OPTIONS, 404
// and 405.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"

namespace pioneer {

// Fill it, then share it: Route() is const and thread-safe.
class Router {
 public:
  // Renders 404 and 405; plain text when empty.
  explicit Router(HttpErrorRenderer render_error = {});

  // Pattern: "/api/chats/{id}/generate". "{name}" takes one segment that is not empty, "{name...}"
  // as last part takes the rest, slashes included and possibly empty. Literal segments win over
  // captures, wherever they were added. Throws Error{kInvalidArgument} on a malformed pattern or
  // one that was added before with this method.
  void Add(std::string_view method, std::string_view pattern, HttpHandler handler);

  // Calls the handler with HttpRequest::path_parameters filled. A HEAD request goes to the GET
  // handler, OPTIONS answers 204 with Allow unless it was added; a known path with another method
  // is 405 with Allow.
  void Route(const HttpRequest& request, ResponseWriter& writer) const;

  // Route() as a handler; the router must outlive it.
  HttpHandler AsHandler() const;

 private:
  enum class PartKind { kLiteral, kCapture, kRest };
  struct Part {
    PartKind kind;
    std::string text;
  };
  struct Entry {
    std::string method;
    std::string pattern;
    std::vector<Part> parts;
    HttpHandler handler;
  };

  static std::vector<Part> ParsePattern(std::string_view pattern);
  static bool Matches(const Entry& entry, const std::vector<std::string>& segments);
  static bool MoreSpecific(const Entry& a, const Entry& b);
  void AnswerWithoutHandler(const HttpRequest& request, ResponseWriter& writer,
                            const std::vector<const Entry*>& same_path) const;

  HttpErrorRenderer render_error_;
  std::vector<Entry> entries_;
};

}  // namespace pioneer
