// Why: addresses are taken apart by one well-kept parser, the same that fetches (libcurl's), so
// that what was checked is what is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pioneer {

// An http or https address. Thread-safe as a value.
struct Url {
  std::string scheme;  // "http", "https"
  std::string host;    // lower case; IPv6 in brackets
  std::string port;    // "" = the scheme's own
  std::string path;    // begins with '/', percent-encoded, without dot segments
  std::string query;   // without '?'
  bool operator==(const Url&) const = default;

  std::string Origin() const;    // "https://example.org:8443"
  std::string ToString() const;  // without user, password and fragment
};

// nullopt: malformed, of another scheme, or with control characters.
std::optional<Url> ParseUrl(std::string_view text);

// `reference` as a page at `base` means it: "../a?b#c".
std::optional<Url> ResolveUrl(const Url& base, std::string_view reference);

}  // namespace pioneer
