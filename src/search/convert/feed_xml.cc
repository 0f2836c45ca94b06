// Why: what leads to documents: feeds (RSS 2.0, 1.0, Atom), sitemaps, and descriptions of search
// providers (OpenSearch 1.1). Feeds are broken more often than anything, so they are read as far as
// they can be.
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/text_lines.h"
#include "search/convert/xml_cursor.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxSummaryBytes = 8192;

void KeepLink(FoundLink link, Converted& out) {
  if (link.url.empty() || link.url.size() > kMaxLinkBytes || out.links.size() >= kMaxLinks) return;
  out.links.push_back(std::move(link));
}

// Summaries are HTML more often than not.
std::string PlainSummary(const std::string& text) {
  std::string plain = text;
  if (text.find_first_of("<&") != std::string::npos) {
    BlockWriter writer;
    WriteHtmlBlocks(text, 1, writer);
    Document document;
    writer.MoveInto(document);
    plain.clear();
    for (const Block& block : document.blocks) plain.append(block.text).append(" ");
  }
  if (plain.size() > kMaxSummaryBytes) plain.resize(kMaxSummaryBytes);
  plain.resize(CompleteUtf8Prefix(plain));
  return std::string(TrimLine(plain));
}

void ReadAtomLink(const XmlCursor& xml, FoundLink& item) {
  const std::string relation = xml.Attribute("rel"), url = xml.Attribute("href");
  if (url.empty()) return;
  if (item.url.empty() || relation == "alternate" || relation.empty()) item.url = url;
}

// An <item> or <entry>, up to its end.
FoundLink ReadItem(XmlCursor& xml) {
  FoundLink item;
  const std::string element(xml.name());
  const int outside = xml.depth();
  std::string guid;
  while (xml.Next() && !(xml.ends(element) && xml.depth() == outside)) {
    if (xml.kind() != XmlCursor::Kind::kStart || xml.depth() != outside + 1) continue;
    const std::string name(xml.name());
    if (name == "link") {
      ReadAtomLink(xml, item);
      const std::string inside(TrimLine(xml.TextInside()));
      if (!inside.empty()) item.url = inside;
    } else if (name == "title" && item.title.empty()) {
      item.title = PlainSummary(xml.TextInside());
    } else if (name == "guid") {
      guid = TrimLine(xml.TextInside());
    } else if (name == "pubDate" || name == "published" || (name == "date")) {
      item.dated_at_ms = ParseDate(xml.TextInside());
    } else if (name == "updated" && !item.dated_at_ms) {
      item.dated_at_ms = ParseDate(xml.TextInside());
    } else if (name == "description" || name == "summary" || name == "content" ||
               name == "encoded") {
      const std::string words = PlainSummary(xml.TextInside());
      if (words.size() > item.summary.size()) item.summary = words;
    }
  }
  if (item.url.empty() && guid.starts_with("http")) item.url = guid;
  return item;
}

}  // namespace

void ConvertFeed(std::string_view bytes, Converted& out) {
  XmlCursor xml(bytes);
  xml.set_tolerant(true);
  bool is_feed = false;
  while (xml.Next()) {
    is_feed = is_feed || xml.starts("rss") || xml.starts("RDF") || xml.starts("feed");
    if (xml.starts("item") || xml.starts("entry")) {
      KeepLink(ReadItem(xml), out);
    } else if (xml.starts("title") && out.document.title.empty() && xml.depth() <= 2) {
      out.document.title = std::string(TrimLine(xml.TextInside()));
    }
  }
  if (!is_feed) Fail(ErrorCode::kCorruptFile, "this is no RSS or Atom feed");
}

void ConvertSitemap(std::string_view bytes, Converted& out) {
  XmlCursor xml(bytes);
  xml.set_tolerant(true);
  FoundLink link;
  while (xml.Next()) {
    if (xml.starts("sitemapindex")) out.links_are_sitemaps = true;
    if (xml.starts("url") || xml.starts("sitemap")) link = {};
    // Pictures and videos have elements of these names in other namespaces.
    if (!xml.prefix().empty()) continue;
    if (xml.starts("loc")) link.url = TrimLine(xml.TextInside());
    if (xml.starts("lastmod")) link.dated_at_ms = ParseDate(xml.TextInside());
    if (xml.ends("url") || xml.ends("sitemap")) KeepLink(std::move(link), out);
  }
}

void ConvertOpenSearch(std::string_view bytes, Converted& out) {
  XmlCursor xml(bytes);
  bool is_description = false;
  while (xml.Next()) {
    is_description = is_description || xml.starts("OpenSearchDescription");
    if (xml.starts("ShortName")) out.document.title = xml.TextInside();
    if (xml.starts("Url") && xml.Attribute("rel") != "suggestions") {
      KeepLink({.url = xml.Attribute("template"), .title = xml.Attribute("type")}, out);
    }
  }
  if (!is_description) Fail(ErrorCode::kCorruptFile, "this is no OpenSearch description");
}

}  // namespace pioneer::search
