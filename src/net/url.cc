#include "net/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace pioneer {
namespace {

constexpr size_t kMaxUrlBytes = 8192;

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

std::string GetPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  const std::unique_ptr<char, CurlUrlDeleter> owned(text);
  return text;
}

bool SetUrl(CURLU* url, std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
  if (text.empty() || text.size() > kMaxUrlBytes ||
      std::any_of(text.begin(), text.end(), is_control)) {
    return false;
  }
  // Spaces and characters beyond ASCII are written as they are more often than not.
  return curl_url_set(url, CURLUPART_URL, std::string(text).c_str(), CURLU_URLENCODE) == CURLUE_OK;
}

std::string LowerHost(std::string host) {
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
  }
  while (host.ends_with('.')) host.pop_back();
  return host;
}

std::optional<Url> TakeParts(CURLU* parsed) {
  Url url;
  url.scheme = GetPart(parsed, CURLUPART_SCHEME);
  url.host = LowerHost(GetPart(parsed, CURLUPART_HOST));
  url.port = GetPart(parsed, CURLUPART_PORT);
  url.path = GetPart(parsed, CURLUPART_PATH);
  url.query = GetPart(parsed, CURLUPART_QUERY);
  if ((url.scheme != "http" && url.scheme != "https") || url.host.empty()) return std::nullopt;
  if (url.path.empty()) url.path = "/";
  if (url.port == (url.scheme == "http" ? "80" : "443")) url.port.clear();
  return url;
}

}  // namespace

std::string Url::Origin() const { return scheme + "://" + host + (port.empty() ? "" : ":" + port); }

std::string Url::ToString() const { return Origin() + path + (query.empty() ? "" : "?" + query); }

std::optional<Url> ParseUrl(std::string_view text) {
  const CurlUrl parsed(curl_url());
  if (!parsed || !SetUrl(parsed.get(), text)) return std::nullopt;
  return TakeParts(parsed.get());
}

std::optional<Url> ResolveUrl(const Url& base, std::string_view reference) {
  const CurlUrl parsed(curl_url());
  if (!parsed || !SetUrl(parsed.get(), base.ToString())) return std::nullopt;
  reference = reference.substr(0, reference.find('#'));
  if (!reference.empty() && !SetUrl(parsed.get(), reference)) return std::nullopt;
  return TakeParts(parsed.get());
}

}  // namespace pioneer
