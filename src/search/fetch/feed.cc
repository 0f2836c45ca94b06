// Why: a feed names pages with their dates; the pages are read in full, and where they cannot be,
// what the feed itself says of them is.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "search/failure_text.h"
#include "search/fetch/host_rules.h"
#include "search/fetch/path_glob.h"
#include "search/fetch/readers.h"
#include "search/fetch/web_page.h"

namespace pioneer::search {
namespace {

class FeedReading {
 public:
  FeedReading(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel)
      : settings_(settings),
        sink_(sink),
        cancel_(cancel),
        fetcher_({settings.allow_private_addresses ? AddressRule::kAny : AddressRule::kPublicOnly}),
        rules_(fetcher_) {}

  void Read(const Url& url) {
    const WebAnswer answer = fetcher_.Get({.url = url}, cancel_);
    bytes_ = static_cast<int64_t>(answer.body.size());
    const Converted feed =
        converter_.ConvertMemory(answer.body, Format::kFeed, url.host, answer.charset, cancel_);
    const std::vector<FoundLink> items = Wanted(answer.url, feed.links);
    const auto total = static_cast<int64_t>(items.size());
    sink_.OnProgress(0, total, bytes_);
    for (int64_t i = 0; i < total; ++i) {
      cancel_.Check();
      ReadItem(items[static_cast<size_t>(i)]);
      sink_.OnProgress(i + 1, total, bytes_);
    }
  }

 private:
  // With whole addresses, each once.
  std::vector<FoundLink> Wanted(const Url& feed, const std::vector<FoundLink>& links) {
    std::vector<FoundLink> items;
    std::set<std::string> seen;
    for (FoundLink item : links) {
      const auto url = ResolveUrl(feed, item.url);
      if (!url ||
          !IsWanted(std::string_view(url->path).substr(1), settings_.include, settings_.exclude)) {
        continue;
      }
      item.url = CanonicalUrl(*url).ToString();
      if (!seen.insert(item.url).second) continue;
      if (items.size() >= static_cast<size_t>(settings_.max_documents)) {
        sink_.OnFailed(feed.ToString(),
                       FailureText(kLeftOut,
                                   "the feed has more items than max_documents; the rest was "
                                   "left out"));
        break;
      }
      items.push_back(std::move(item));
    }
    return items;
  }

  void ReadItem(const FoundLink& item) {
    const std::string stamp = sink_.KnownStamp(item.url).value_or("");
    try {
      ReadLinkedPage(item, stamp);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      if (item.summary.empty()) {
        sink_.OnFailed(item.url, FailureText(error));
      } else {
        Summarize(item, stamp);
      }
    }
  }

  void ReadLinkedPage(const FoundLink& item, const std::string& stamp) {
    const Url url = *ParseUrl(item.url);
    rules_.Check(url, cancel_);
    const PageStamp known = ParseStamp(stamp);
    WebRequest request = {.url = url, .etag = known.etag, .last_modified = known.last_modified};
    request.on_redirect = [&](const Url& next) { rules_.Check(next, cancel_); };
    const WebAnswer answer = fetcher_.Get(request, cancel_);
    bytes_ += static_cast<int64_t>(answer.body.size());
    WebPage page = MakeWebPage(answer, known, converter_, cancel_);
    if (page.unchanged) return sink_.OnUnchanged(item.url);
    page.document.uri = item.url;
    if (item.dated_at_ms) page.document.published_at_ms = item.dated_at_ms;
    page.stamp.links.clear();
    sink_.OnDocument(std::move(page.document), FormatStamp(page.stamp));
  }

  void Summarize(const FoundLink& item, const std::string& stamp) {
    const std::string own = "summary " + item.summary;
    if (own == stamp) return sink_.OnUnchanged(item.url);
    // Once read in full, a page is not replaced by a few words about it.
    if (!stamp.empty() && !stamp.starts_with("summary ")) {
      return sink_.OnFailed(item.url,
                            FailureText(kKept, "cannot be read now; what was read before stays"));
    }
    Converted converted =
        converter_.ConvertMemory(item.summary, Format::kText, item.title, "utf-8", cancel_);
    converted.document.uri = item.url;
    if (!item.title.empty()) converted.document.title = item.title;
    converted.document.media_type = "text/plain";
    converted.document.published_at_ms = item.dated_at_ms;
    sink_.OnDocument(std::move(converted.document), own);
  }

  const SourceSettings& settings_;
  SourceSink& sink_;
  const CancelToken& cancel_;
  const WebFetcher fetcher_;
  HostRules rules_;
  Converter converter_;
  int64_t bytes_ = 0;
};

}  // namespace

void ReadFeedSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel) {
  const auto url = ParseUrl(settings.location);
  if (!url) Fail(ErrorCode::kInvalidArgument, "{} is no web address", settings.location);
  FeedReading(settings, sink, cancel).Read(*url);
}

}  // namespace pioneer::search
