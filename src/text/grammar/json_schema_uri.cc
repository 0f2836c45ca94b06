#include "text/grammar/json_schema_uri.h"

#include <optional>

namespace pioneer::grammar {
namespace {

struct UriParts {
  std::optional<std::string_view> scheme, authority, query;
  std::string_view path;
};

bool IsScheme(std::string_view text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && (i == 0 || !other)) return false;
  }
  return true;
}

UriParts Split(std::string_view uri) {
  UriParts parts;
  const size_t colon = uri.find(':');
  if (colon != std::string_view::npos && IsScheme(uri.substr(0, colon))) {
    parts.scheme = uri.substr(0, colon);
    uri.remove_prefix(colon + 1);
  }
  const size_t question = uri.find('?');
  if (question != std::string_view::npos) {
    parts.query = uri.substr(question + 1);
    uri = uri.substr(0, question);
  }
  if (uri.substr(0, 2) == "//") {
    const size_t slash = std::min(uri.find('/', 2), uri.size());
    parts.authority = uri.substr(2, slash - 2);
    uri.remove_prefix(slash);
  }
  parts.path = uri;
  return parts;
}

// Section 5.2.4.
std::string RemoveDotSegments(std::string_view path) {
  std::string out;
  const bool rooted = !path.empty() && path[0] == '/';
  size_t at = rooted ? 1 : 0;
  while (at <= path.size()) {
    const size_t slash = path.find('/', at);
    const bool last = slash == std::string_view::npos;
    const std::string_view segment = path.substr(at, last ? path.npos : slash - at);
    if (segment == "..") {
      const size_t cut = out.rfind('/', out.empty() ? 0 : out.size() - 2);
      out.resize(out.size() < 2 || cut == std::string::npos ? 0 : cut + 1);
    } else if (segment != ".") {
      out += segment;
      if (!last) out += '/';
    }
    if (last) break;
    at = slash + 1;
  }
  return rooted ? "/" + out : out;
}

std::string MergePaths(const UriParts& base, std::string_view reference) {
  if (base.authority && base.path.empty()) return "/" + std::string(reference);
  const size_t slash = base.path.rfind('/');
  if (slash == std::string_view::npos) return std::string(reference);
  return std::string(base.path.substr(0, slash + 1)) + std::string(reference);
}

std::string Join(const UriParts& parts, std::string_view path) {
  std::string uri;
  if (parts.scheme) uri += std::string(*parts.scheme) + ":";
  if (parts.authority) uri += "//" + std::string(*parts.authority);
  uri += path;
  if (parts.query) uri += "?" + std::string(*parts.query);
  return uri;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string ResolveUri(std::string_view base_uri, std::string_view reference_uri) {
  const UriParts reference = Split(reference_uri);
  if (reference.scheme) return Join(reference, RemoveDotSegments(reference.path));
  UriParts target = Split(base_uri);
  const UriParts base = target;
  if (reference.authority) {
    target.authority = reference.authority;
    target.query = reference.query;
    return Join(target, RemoveDotSegments(reference.path));
  }
  if (reference.path.empty()) {
    if (reference.query) target.query = reference.query;
    return Join(target, base.path);
  }
  target.query = reference.query;
  if (reference.path[0] == '/') return Join(target, RemoveDotSegments(reference.path));
  return Join(target, RemoveDotSegments(MergePaths(base, reference.path)));
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace pioneer::grammar
