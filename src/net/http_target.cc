// Why: the target of a request is where attackers try paths; it is decoded once, here.
#include <algorithm>

#include "base/utf8.h"
#include "net/http_message.h"

namespace pioneer {
namespace {

constexpr size_t kMaxQueryParameters = 100;
constexpr size_t kMaxSegments = 64;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool HasControlChar(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (!IsValidUtf8(out)) return std::nullopt;
  return out;
}

// Backslashes count as separators: a handler may hand the path to something that takes them so.
bool HasDotPart(std::string_view path) {
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find_first_of("/\\", begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part == "." || part == "..") return true;
    begin = end + 1;
  }
  return false;
}

bool ParsePath(std::string_view raw, HttpTarget& out) {
  if (raw.empty() || raw.front() != '/') return false;
  size_t begin = 1;
  while (begin <= raw.size()) {
    const size_t end = std::min(raw.find('/', begin), raw.size());
    auto segment = PercentDecode(raw.substr(begin, end - begin), false);
    if (!segment || HasControlChar(*segment) || out.segments.size() == kMaxSegments) return false;
    out.path += '/';
    out.path += *segment;
    out.segments.push_back(std::move(*segment));
    begin = end + 1;
  }
  return !HasDotPart(out.path);
}

bool ParseQuery(std::string_view raw, HttpTarget& out) {
  while (!raw.empty()) {
    const size_t end = std::min(raw.find('&'), raw.size());
    const std::string_view pair = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    auto key = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!key || !value || out.query.size() == kMaxQueryParameters) return false;
    out.query.emplace_back(std::move(*key), std::move(*value));
  }
  return true;
}

// Cuts "http://authority" off the front. False when there is no authority.
bool TakeAuthority(std::string_view& target, std::string& authority) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    authority = std::string(target.substr(0, end));
    target.remove_prefix(end);
    return !authority.empty() && authority.find('@') == std::string::npos;
  }
  return false;
}

}  // namespace

std::optional<HttpTarget> ParseHttpTarget(std::string_view target) {
  HttpTarget out;
  if (target == "*") {
    out.path = "*";
    return out;
  }
  if (HasControlChar(target) || target.find('#') != std::string_view::npos) return std::nullopt;
  const bool absolute = !target.empty() && target.front() != '/';
  if (absolute && !TakeAuthority(target, out.authority)) return std::nullopt;
  const size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, question);
  if (absolute && path.empty()) path = "/";
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  if (!ParsePath(path, out) || !ParseQuery(query, out)) return std::nullopt;
  return out;
}

}  // namespace pioneer
