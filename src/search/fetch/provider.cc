#include "search/fetch/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "search/fetch/web_page.h"

namespace pioneer::search {
namespace {

constexpr int kMostResults = 50;
constexpr size_t kMaxAnswerBytes = size_t{4} << 20;
constexpr int64_t kProviderTimeoutMs = 20'000;

std::string EncodeComponent(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    out += plain && byte < 0x80 ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

// Providers mark the words that matched.
std::string WithoutTags(std::string_view text) {
  std::string out;
  bool tag = false;
  for (const char c : text) {
    if (c == '<') tag = true;
    if (!tag) out += c;
    if (c == '>') tag = false;
  }
  return RepairUtf8(out);
}

std::string StringOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

class ResultList {
 public:
  explicit ResultList(int limit)
      : limit_(static_cast<size_t>(std::clamp(limit, 1, kMostResults))) {}

  void Add(std::string_view url, std::string_view title, std::string_view snippet) {
    const auto parsed = ParseUrl(url);
    if (!parsed || results_.size() >= limit_) return;
    WebResult result = {CanonicalUrl(*parsed).ToString(), WithoutTags(title), WithoutTags(snippet)};
    if (seen_.insert(result.url).second) results_.push_back(std::move(result));
  }
  std::vector<WebResult> Take() { return std::move(results_); }

 private:
  const size_t limit_;
  std::set<std::string> seen_;
  std::vector<WebResult> results_;
};

// The answer as JSON, with a list of results at `list`.
std::vector<WebResult> ReadJsonResults(const std::string& body, const Json::json_pointer& list,
                                       const char* snippet_key, int limit) {
  const Json json = ParseJson(body);
  ResultList results(limit);
  if (!json.contains(list)) return {};
  for (const Json& item : json.at(list)) {
    if (item.is_object()) {
      results.Add(StringOf(item, "url"), StringOf(item, "title"), StringOf(item, snippet_key));
    }
  }
  return results.Take();
}

Url UrlOf(const std::string& text) {
  const auto url = ParseUrl(text);
  if (!url) Fail(ErrorCode::kInvalidArgument, "the search provider's address {} is none", text);
  return *url;
}

// Asks, and says in the user's words what a refusal means.
class ProviderClient {
 public:
  explicit ProviderClient(const ProviderSettings& settings)
      : fetcher_({settings.allow_private_provider ? AddressRule::kAny : AddressRule::kPublicOnly,
                  kProviderTimeoutMs}) {}

  WebAnswer Get(WebRequest request, const CancelToken& cancel) const {
    request.max_bytes = kMaxAnswerBytes;
    return fetcher_.Get(request, cancel);
  }

 private:
  const WebFetcher fetcher_;
};

class SearxngProvider : public WebProvider {
 public:
  explicit SearxngProvider(const ProviderSettings& settings)
      : client_(settings), url_(UrlOf(settings.url)) {
    while (url_.path.ends_with('/')) url_.path.pop_back();
    if (!url_.path.ends_with("/search")) url_.path += "/search";
  }

  std::vector<WebResult> Search(std::string_view query, int limit,
                                const CancelToken& cancel) override {
    Url url = url_;
    url.query = "q=" + EncodeComponent(query) + "&format=json";
    try {
      const WebAnswer answer = client_.Get({.url = url, .accept = "application/json"}, cancel);
      return ReadJsonResults(answer.body, Json::json_pointer("/results"), "content", limit);
    } catch (const Error& error) {
      // 403 is how an instance says that it gives no JSON; pages are no JSON.
      if (error.code() != ErrorCode::kUnauthorized && error.code() != ErrorCode::kInvalidArgument) {
        throw;
      }
      Fail(ErrorCode::kUnsupported,
           "the SearXNG at {} gives no JSON; add \"json\" to search.formats in its settings.yml "
           "({})",
           url_.Origin(), error.what());
    }
  }

 private:
  const ProviderClient client_;
  Url url_;
};

class BraveProvider : public WebProvider {
 public:
  explicit BraveProvider(const ProviderSettings& settings)
      : client_(settings),
        url_(UrlOf(settings.url.empty() ? "https://api.search.brave.com/res/v1/web/search"
                                        : settings.url)),
        key_(settings.api_key) {
    if (key_.empty()) Fail(ErrorCode::kInvalidArgument, "Brave's search needs an API key");
  }

  std::vector<WebResult> Search(std::string_view query, int limit,
                                const CancelToken& cancel) override {
    constexpr int kBraveMost = 20;
    Url url = url_;
    url.query =
        fmt::format("q={}&count={}", EncodeComponent(query), std::clamp(limit, 1, kBraveMost));
    const WebAnswer answer = client_.Get({.url = url,
                                          .accept = "application/json",
                                          .authorization_name = "X-Subscription-Token",
                                          .authorization = key_},
                                         cancel);
    return ReadJsonResults(answer.body, Json::json_pointer("/web/results"), "description", limit);
  }

 private:
  const ProviderClient client_;
  const Url url_;
  const std::string key_;
};

// The parameters of a template (OpenSearch 1.1, "URL template syntax"); unknown ones are empty.
std::string FillTemplate(std::string_view text, std::string_view query, int limit) {
  std::string out;
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    out.append(text.substr(0, open));
    text.remove_prefix(open);
    const size_t close = text.find('}');
    if (close == std::string_view::npos) break;
    std::string_view name = text.substr(1, close - 1);
    if (name.ends_with('?')) name.remove_suffix(1);
    if (name == "searchTerms") out += EncodeComponent(query);
    if (name == "count") out += std::to_string(limit);
    if (name == "startIndex" || name == "startPage") out += "1";
    if (name == "inputEncoding" || name == "outputEncoding") out += "UTF-8";
    text.remove_prefix(close + 1);
  }
  return out;
}

class OpenSearchProvider : public WebProvider {
 public:
  explicit OpenSearchProvider(const ProviderSettings& settings)
      : client_(settings), description_(UrlOf(settings.url)) {}

  std::vector<WebResult> Search(std::string_view query, int limit,
                                const CancelToken& cancel) override {
    Converter converter;
    const std::string pattern = TemplateOf(converter, cancel);
    const auto url = ResolveUrl(description_, FillTemplate(pattern, query, limit));
    if (!url) Fail(ErrorCode::kUnsupported, "{} has no address for results", description_.host);
    const WebAnswer answer = client_.Get({.url = *url}, cancel);
    const Converted feed =
        converter.ConvertMemory(answer.body, Format::kFeed, url->host, answer.charset, cancel);
    ResultList results(limit);
    for (const FoundLink& link : feed.links) {
      const auto page = ResolveUrl(answer.url, link.url);
      if (page) results.Add(page->ToString(), link.title, link.summary);
    }
    return results.Take();
  }

 private:
  std::string TemplateOf(Converter& converter, const CancelToken& cancel) const {
    const WebAnswer answer = client_.Get({.url = description_}, cancel);
    const Converted described = converter.ConvertMemory(answer.body, Format::kOpenSearch,
                                                        description_.host, answer.charset, cancel);
    for (const FoundLink& link : described.links) {
      if (FormatOfMediaType(link.title) == Format::kFeed) return link.url;
    }
    Fail(ErrorCode::kUnsupported,
         "{} offers its results neither as RSS nor as Atom, so they cannot be read",
         description_.ToString());
  }

  const ProviderClient client_;
  const Url description_;
};

}  // namespace

const char* ProviderKindName(ProviderKind kind) {
  switch (kind) {
    case ProviderKind::kSearxng:
      return "searxng";
    case ProviderKind::kBrave:
      return "brave";
    case ProviderKind::kOpenSearch:
      return "opensearch";
  }
  return "";
}

std::unique_ptr<WebProvider> MakeWebProvider(const ProviderSettings& settings) {
  switch (settings.kind) {
    case ProviderKind::kSearxng:
      return std::make_unique<SearxngProvider>(settings);
    case ProviderKind::kBrave:
      return std::make_unique<BraveProvider>(settings);
    case ProviderKind::kOpenSearch:
      return std::make_unique<OpenSearchProvider>(settings);
  }
  Fail(ErrorCode::kInvalidArgument, "there is no such search provider");
}

}  // namespace pioneer::search
