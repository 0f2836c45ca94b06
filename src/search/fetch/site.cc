// Why: a web site: what its sitemaps name and its pages link to, on the same host and below the
// address, as its robots.txt allows.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "search/failure_text.h"
#include "search/fetch/host_rules.h"
#include "search/fetch/path_glob.h"
#include "search/fetch/readers.h"
#include "search/fetch/web_page.h"

namespace pioneer::search {
namespace {

constexpr int kMaxSitemapFiles = 200;
constexpr int kMaxQueriesOfPath = 200;  // one page with ever new parameters is a trap
constexpr int kMaxPathParts = 40;       // and so is a path that grows
constexpr int kFailuresInARow = 20;     // then the host is down
constexpr size_t kMaxQueue = 1'000'000;

struct QueuedPage {
  Url url;
  int depth = 0;
};

class SiteReading {
 public:
  SiteReading(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel)
      : settings_(settings),
        sink_(sink),
        cancel_(cancel),
        fetcher_({settings.allow_private_addresses ? AddressRule::kAny : AddressRule::kPublicOnly}),
        rules_(fetcher_) {}

  void Read(const Url& start) {
    FindStart(start);
    Enqueue(scope_, 0);
    ReadSitemaps();
    while (!queue_.empty()) {
      cancel_.Check();
      const QueuedPage next = queue_.front();
      queue_.pop_front();
      if (documents_ >= settings_.max_documents) {
        sink_.OnFailed(
            next.url.ToString(),
            FailureText(kLeftOut,
                        fmt::format("the site has more than {} pages; the rest was left out",
                                    settings_.max_documents)));
        break;
      }
      ReadOne(next);
      ++done_;
      sink_.OnProgress(done_, done_ + static_cast<int64_t>(queue_.size()), bytes_);
    }
  }

 private:
  // Where the address leads: "http://example.org" to "https://www.example.org/". That page must be
  // there; below it lies the site.
  void FindStart(const Url& start) {
    try {
      rules_.Check(start, cancel_);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      throw Error(ErrorCode::kInvalidArgument, error.what());
    }
    WebRequest request = {.url = start};
    request.on_redirect = [&](const Url& next) { rules_.Check(next, cancel_); };
    first_answer_ = fetcher_.Get(request, cancel_);
    scope_ = CanonicalUrl(first_answer_->url);
    // "/docs/", "/docs" and "/docs/index.html" all mean what is below "/docs".
    folder_ = scope_.path;
    const size_t last = folder_.rfind('/');
    if (folder_.find('.', last) != std::string::npos) folder_.resize(last);
    while (folder_.ends_with('/')) folder_.pop_back();
  }

  bool InScope(const Url& url) const {
    return url.host == scope_.host && url.port == scope_.port && url.path.starts_with(folder_) &&
           (url.path.size() == folder_.size() || url.path[folder_.size()] == '/');
  }

  void Enqueue(Url url, int depth) {
    url.scheme = scope_.scheme;  // "http" and "https" of one host are one site
    if (!InScope(url) || depth > settings_.max_depth || queue_.size() >= kMaxQueue) return;
    if (std::count(url.path.begin(), url.path.end(), '/') > kMaxPathParts) return;
    const std::string_view path = std::string_view(url.path).substr(1);
    if (!IsWanted(path, {}, settings_.exclude)) return;
    if (!url.query.empty() && !seen_.contains(url.ToString()) &&
        ++queries_[url.path] > kMaxQueriesOfPath) {
      return;
    }
    if (!seen_.insert(url.ToString()).second) return;
    // Pictures and programs are known by their names.
    const size_t dot = url.path.rfind('.');
    if (dot != std::string::npos && url.path.find('/', dot) == std::string::npos &&
        IsNeverText(url.path.substr(dot + 1))) {
      return;
    }
    queue_.push_back({std::move(url), depth});
  }

  static bool IsNeverText(const std::string& ending) {
    static constexpr std::string_view kEndings[] = {
        "png", "jpg", "jpeg", "gif", "webp", "svg", "ico",  "avif",  "mp3", "mp4", "webm", "ogg",
        "wav", "avi", "mov",  "zip", "gz",   "tgz", "bz2",  "xz",    "7z",  "rar", "exe",  "dmg",
        "iso", "deb", "rpm",  "jar", "css",  "js",  "woff", "woff2", "ttf", "PNG", "JPG"};
    return std::find(std::begin(kEndings), std::end(kEndings), ending) != std::end(kEndings);
  }

  void ReadSitemaps() {
    std::deque<std::string> files(rules_.Of(scope_, cancel_).sitemaps().begin(),
                                  rules_.Of(scope_, cancel_).sitemaps().end());
    if (files.empty()) files.push_back("/sitemap.xml");
    std::unordered_set<std::string> seen;
    for (int n = 0; !files.empty() && n < kMaxSitemapFiles; ++n) {
      cancel_.Check();
      const auto url = ResolveUrl(scope_, files.front());
      files.pop_front();
      // A sitemap elsewhere would let a stranger name what is asked for.
      if (!url || url->host != scope_.host || !seen.insert(url->ToString()).second) continue;
      try {
        ReadSitemap(*url, files);
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled) throw;
        if (error.code() != ErrorCode::kNotFound)
          sink_.OnFailed(url->ToString(), FailureText(error));
      }
    }
  }

  void ReadSitemap(const Url& url, std::deque<std::string>& files) {
    WebRequest request = {.url = url, .accept = "application/xml,text/xml,*/*;q=0.5"};
    request.on_redirect = [&](const Url& next) { StayOnHost(next); };
    const WebAnswer answer = fetcher_.Get(request, cancel_);
    bytes_ += static_cast<int64_t>(answer.body.size());
    const std::string xml = Gunzip(answer.body, kMaxPageBytes);
    // Many servers answer everything with their start page.
    if (xml.find("<urlset") == std::string::npos && xml.find("<sitemapindex") == std::string::npos)
      return;
    const Converted sitemap =
        converter_.ConvertMemory(xml, Format::kSitemap, url.path, "", cancel_);
    for (const FoundLink& link : sitemap.links) {
      if (sitemap.links_are_sitemaps) {
        files.push_back(link.url);
      } else if (const auto page = ResolveUrl(scope_, link.url)) {
        Enqueue(CanonicalUrl(*page), 1);
      }
    }
  }

  void StayOnHost(const Url& next) {
    if (next.host != scope_.host || next.port != scope_.port) {
      Fail(ErrorCode::kUnsupported, "leads to {}, which is another site", next.Origin());
    }
    rules_.Check(next, cancel_);
  }

  void ReadOne(const QueuedPage& next) {
    const std::string uri = next.url.ToString();
    const std::string target = next.url.path + (next.url.query.empty() ? "" : "?" + next.url.query);
    if (!rules_.Of(next.url, cancel_).Allows(target)) return;
    try {
      ReadPage(next, uri);
      failures_in_a_row_ = 0;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      if (error.code() == ErrorCode::kNotFound) return;  // gone, or a broken link
      const bool host_fails = error.code() == ErrorCode::kIo;
      failures_in_a_row_ = host_fails ? failures_in_a_row_ + 1 : 0;
      if (failures_in_a_row_ >= kFailuresInARow) throw;
      sink_.OnFailed(uri, FailureText(error));
    }
  }

  WebAnswer Fetch(const QueuedPage& next, const PageStamp& known) {
    if (first_answer_ && next.url == scope_) {
      WebAnswer answer = std::move(*first_answer_);
      first_answer_.reset();
      return answer;
    }
    WebRequest request = {
        .url = next.url, .etag = known.etag, .last_modified = known.last_modified};
    request.on_redirect = [&](const Url& to) { StayOnHost(to); };
    return fetcher_.Get(request, cancel_);
  }

  void ReadPage(const QueuedPage& next, const std::string& uri) {
    const PageStamp known = ParseStamp(sink_.KnownStamp(uri).value_or(""));
    const WebAnswer answer = Fetch(next, known);
    bytes_ += static_cast<int64_t>(answer.body.size());
    WebPage page = MakeWebPage(answer, known, converter_, cancel_);
    for (const Url& link : page.links) Enqueue(link, next.depth + 1);
    if (page.unchanged) return Report(uri, std::move(page), /*known_here=*/true);
    // Another address of a page is that page: by redirect, or by its own word.
    const auto own = ParseUrl(page.document.uri);
    if (!own || !InScope(*own)) return;
    if (page.document.uri != uri) {
      const PageStamp other = ParseStamp(sink_.KnownStamp(page.document.uri).value_or(""));
      page.unchanged = !other.hash.empty() && other.hash == page.stamp.hash;
    }
    const std::string reported = page.document.uri;
    Report(reported, std::move(page), false);
  }

  void Report(const std::string& uri, WebPage page, bool known_here) {
    const auto url = ParseUrl(uri);
    const bool wanted =
        url && IsWanted(std::string_view(url->path).substr(1), settings_.include, {});
    if (!wanted || (page.no_index && !known_here) || !reported_.insert(uri).second) return;
    ++documents_;
    if (page.unchanged) {
      sink_.OnUnchanged(uri);
    } else {
      sink_.OnDocument(std::move(page.document), FormatStamp(page.stamp));
    }
  }

  const SourceSettings& settings_;
  SourceSink& sink_;
  const CancelToken& cancel_;
  const WebFetcher fetcher_;
  HostRules rules_;
  Converter converter_;
  Url scope_;
  std::string folder_;  // without '/' at the end
  std::optional<WebAnswer> first_answer_;
  std::deque<QueuedPage> queue_;
  std::unordered_set<std::string> seen_, reported_;
  std::map<std::string, int> queries_;
  int64_t done_ = 0, bytes_ = 0;
  int documents_ = 0, failures_in_a_row_ = 0;
};

}  // namespace

void ReadSiteSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel) {
  const auto url = ParseUrl(settings.location);
  if (!url) Fail(ErrorCode::kInvalidArgument, "{} is no web address", settings.location);
  SiteReading(settings, sink, cancel).Read(*url);
}

}  // namespace pioneer::search
