// Why: what is not in one's own index may be on the web: search providers name pages, and the pages
// themselves are read in full, so that answers are checked against what they really say.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "search/document.h"
#include "search/retriever.h"

namespace pioneer::search {

enum class ProviderKind {
  kSearxng,     // an instance's address; its JSON format must be switched on
  kBrave,       // Brave's web search API, by key
  kOpenSearch,  // the address of an OpenSearch description whose results are Atom or RSS
};
const char* ProviderKindName(ProviderKind kind);  // "searxng", "brave", "opensearch"

struct ProviderSettings {
  ProviderKind kind = ProviderKind::kSearxng;
  std::string url;      // kBrave: "" = Brave's own
  std::string api_key;  // kBrave
  // The provider itself may be on this machine or in this network (a SearXNG of one's own). Pages
  // that it names are never read from there, unless `allow_private_pages` (tests, intranets).
  bool allow_private_provider = false;
  bool allow_private_pages = false;
};

struct WebResult {
  std::string url;  // canonical
  std::string title, snippet;
};

// Thread-safe.
class WebProvider {
 public:
  virtual ~WebProvider() = default;
  // Best first, at most `limit` (1..50). Throws Error{kIo}, {kUnauthorized}, {kUnsupported} (the
  // answer is not what such a provider sends; the message says what to set), {kCancelled}.
  virtual std::vector<WebResult> Search(std::string_view query, int limit,
                                        const CancelToken& cancel) = 0;
};

// Throws Error{kInvalidArgument}.
std::unique_ptr<WebProvider> MakeWebProvider(const ProviderSettings& settings);

struct WebPages {
  std::vector<Document> documents;  // in the order of the results; uri: the result's url
  std::vector<RetrievalProblem> failures;
};

// Reads and converts the pages at the same time, at most `timeout_ms` in all; what is not there by
// then is a failure. robots.txt is not asked: a person asks for these pages now, once. `on_reading`
// (may be empty) hears on this thread how many are done. Throws only Error{kCancelled}.
WebPages ReadPages(const std::vector<WebResult>& results, bool allow_private_addresses,
                   int64_t timeout_ms, const CancelToken& cancel,
                   const std::function<void(int done, int total)>& on_reading = {});

}  // namespace pioneer::search
