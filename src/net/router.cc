#include "net/router.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> parts;
  size_t begin = 1;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string JoinFrom(const std::vector<std::string>& segments, size_t first) {
  std::string out;
  for (size_t i = first; i < segments.size(); ++i) {
    if (i > first) out += '/';
    out += segments[i];
  }
  return out;
}

}  // namespace

Router::Router(HttpErrorRenderer render_error) : render_error_(std::move(render_error)) {
  if (!render_error_) {
    render_error_ = [](int status, const std::string& message) {
      return PlainTextResponse(status, message);
    };
  }
}

std::vector<Router::Part> Router::ParsePattern(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') {
    Fail(ErrorCode::kInvalidArgument, "route \"{}\" does not begin with '/'", pattern);
  }
  std::vector<Part> parts;
  for (std::string& text : Split(pattern)) {
    if (!parts.empty() && parts.back().kind == PartKind::kRest) {
      Fail(ErrorCode::kInvalidArgument, "route \"{}\" goes on after its rest capture", pattern);
    }
    if (text.empty() || text.front() != '{') {
      parts.push_back({PartKind::kLiteral, std::move(text)});
      continue;
    }
    const bool rest = text.ends_with("...}");
    if (text.back() != '}' || text.size() < (rest ? 6 : 3)) {
      Fail(ErrorCode::kInvalidArgument, "route \"{}\" has a malformed capture", pattern);
    }
    parts.push_back({rest ? PartKind::kRest : PartKind::kCapture,
                     text.substr(1, text.size() - (rest ? 5 : 2))});
  }
  return parts;
}

void Router::Add(std::string_view method, std::string_view pattern, HttpHandler handler) {
  for (const Entry& entry : entries_) {
    if (entry.method == method && entry.pattern == pattern) {
      Fail(ErrorCode::kInvalidArgument, "route {} \"{}\" was added before", method, pattern);
    }
  }
  entries_.push_back(
      {std::string(method), std::string(pattern), ParsePattern(pattern), std::move(handler)});
  std::stable_sort(entries_.begin(), entries_.end(), MoreSpecific);
}

// The first part in which two patterns differ decides: a literal before a capture before the rest.
bool Router::MoreSpecific(const Entry& a, const Entry& b) {
  const size_t n = std::min(a.parts.size(), b.parts.size());
  for (size_t i = 0; i < n; ++i) {
    if (a.parts[i].kind != b.parts[i].kind) return a.parts[i].kind < b.parts[i].kind;
  }
  return a.parts.size() > b.parts.size();
}

bool Router::Matches(const Entry& entry, const std::vector<std::string>& segments) {
  const auto& parts = entry.parts;
  const bool rest = !parts.empty() && parts.back().kind == PartKind::kRest;
  const size_t fixed = parts.size() - (rest ? 1 : 0);
  if (rest ? segments.size() < fixed : segments.size() != fixed) return false;
  for (size_t i = 0; i < fixed; ++i) {
    if (parts[i].kind == PartKind::kLiteral && parts[i].text != segments[i]) return false;
    if (parts[i].kind == PartKind::kCapture && segments[i].empty()) return false;
  }
  return true;
}

void Router::Route(const HttpRequest& request, ResponseWriter& writer) const {
  std::vector<const Entry*> same_path;
  const Entry* get = nullptr;
  for (const Entry& entry : entries_) {
    if (request.segments.empty() || !Matches(entry, request.segments)) continue;
    same_path.push_back(&entry);
    if (!get && entry.method == "GET") get = &entry;
  }
  const auto exact = std::find_if(same_path.begin(), same_path.end(), [&](const Entry* entry) {
    return entry->method == request.method;
  });
  const Entry* found = exact != same_path.end() ? *exact : request.method == "HEAD" ? get : nullptr;
  if (!found) return AnswerWithoutHandler(request, writer, same_path);
  HttpRequest routed = request;
  for (size_t i = 0; i < found->parts.size(); ++i) {
    const Part& part = found->parts[i];
    if (part.kind == PartKind::kLiteral) continue;
    routed.path_parameters.emplace_back(part.text, part.kind == PartKind::kRest
                                                       ? JoinFrom(request.segments, i)
                                                       : request.segments[i]);
  }
  found->handler(routed, writer);
}

void Router::AnswerWithoutHandler(const HttpRequest& request, ResponseWriter& writer,
                                  const std::vector<const Entry*>& same_path) const {
  if (same_path.empty() && request.path != "*") {
    return writer.Send(render_error_(404, "nothing is at " + request.path));
  }
  std::vector<std::string> methods = {"OPTIONS"};
  for (const Entry* entry : same_path) {
    methods.push_back(entry->method);
    if (entry->method == "GET") methods.push_back("HEAD");
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  const std::string allow = fmt::format("{}", fmt::join(methods, ", "));
  HttpResponse response;
  if (request.method == "OPTIONS") {
    response.status = 204;
  } else {
    response = render_error_(405, fmt::format("{} is not possible at {}; possible are: {}",
                                              request.method, request.path, allow));
  }
  response.headers.Set("Allow", allow);
  writer.Send(std::move(response));
}

HttpHandler Router::AsHandler() const {
  return [this](const HttpRequest& request, ResponseWriter& writer) { Route(request, writer); };
}

}  // namespace pioneer
