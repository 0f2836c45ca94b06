// Why: one page of the web as a document, and whether it changed since it was read last: what
// sites, feeds, single pages and search results share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "search/convert/converter.h"
#include "search/fetch/web_fetcher.h"

namespace pioneer::search {

// What is kept of a page as its stamp: enough to ask whether it changed, and where it leads,
// because a page that did not change is not sent again.
struct PageStamp {
  std::string etag, last_modified;
  std::string hash;                // of the body
  std::vector<std::string> links;  // whole addresses
};
std::string FormatStamp(const PageStamp& stamp);
PageStamp ParseStamp(std::string_view text);  // empty where it is none of ours

struct WebPage {
  bool unchanged = false;  // since `known`: there is no document
  Document document;       // with uri, media_type and dates
  PageStamp stamp;
  std::vector<Url> links;
  bool no_index = false;
};

// What an answer holds, by what it says and how it is called. Throws Error{kUnsupported}.
Format FormatOfAnswer(const WebAnswer& answer);

// Converts an answer. `known`: its stamp when it was read last. Throws as Converter::Convert().
WebPage MakeWebPage(const WebAnswer& answer, const PageStamp& known, Converter& converter,
                    const CancelToken& cancel);

// A gzip file (a sitemap's) unpacked; other bytes as they are. Throws Error{kCorruptFile},
// {kUnsupported} (larger than max_bytes).
std::string Gunzip(std::string_view bytes, size_t max_bytes);

}  // namespace pioneer::search
