// Why: one web page, asked for by its address.
#include "base/error.h"
#include "search/fetch/readers.h"
#include "search/fetch/web_page.h"

namespace pioneer::search {

void ReadPageSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel) {
  const auto url = ParseUrl(settings.location);
  if (!url) Fail(ErrorCode::kInvalidArgument, "{} is no web address", settings.location);
  const WebFetcher fetcher(
      {settings.allow_private_addresses ? AddressRule::kAny : AddressRule::kPublicOnly});
  const std::string uri = CanonicalUrl(*url).ToString();
  const PageStamp known = ParseStamp(sink.KnownStamp(uri).value_or(""));
  sink.OnProgress(0, 1, 0);
  const WebAnswer answer =
      fetcher.Get({.url = *url, .etag = known.etag, .last_modified = known.last_modified}, cancel);
  Converter converter;
  WebPage page = MakeWebPage(answer, known, converter, cancel);
  if (page.unchanged) {
    sink.OnUnchanged(uri);
  } else {
    // One page was asked for, and it stays under that address.
    page.document.uri = uri;
    page.stamp.links.clear();
    sink.OnDocument(std::move(page.document), FormatStamp(page.stamp));
  }
  sink.OnProgress(1, 1, static_cast<int64_t>(answer.body.size()));
}

}  // namespace pioneer::search
