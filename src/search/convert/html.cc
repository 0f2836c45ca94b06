// Why: a web page as blocks, with the dates, the address and the links that it states.
#include <algorithm>
#include <array>
#include <string>

#include "base/utf8.h"
#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/text_lines.h"
#include "train/html_page.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxTermBytes = 160;  // a longer one is a paragraph

// Without the sign by which pages link to their own sections.
std::string_view HeadingText(std::string_view text) {
  text = TrimLine(text);
  for (const std::string_view sign : {"¶", "§", "#"}) {
    if (text.ends_with(sign)) text = TrimLine(text.substr(0, text.size() - sign.size()));
  }
  return text;
}

void WriteHtmlPage(const HtmlPage& page, int top_level, BlockWriter& writer) {
  for (const HtmlBlock& block : page.blocks) {
    if (writer.full()) return;
    switch (block.kind) {
      case HtmlBlockKind::kHeading:
        writer.Add(BlockKind::kHeading, HeadingText(block.text), block.level + top_level - 1);
        break;
      case HtmlBlockKind::kTerm: {
        const std::string_view text = HeadingText(block.text);
        const bool is_short = text.size() <= kMaxTermBytes;
        writer.Add(is_short ? BlockKind::kTerm : BlockKind::kParagraph, text, block.level);
        break;
      }
      case HtmlBlockKind::kItem:
        writer.Add(BlockKind::kListItem, block.text, block.level);
        break;
      case HtmlBlockKind::kRow:
        writer.Add(BlockKind::kTableRow, block.text, block.level);
        break;
      case HtmlBlockKind::kCode:
        writer.Add(BlockKind::kCode, block.text, block.level);
        break;
      case HtmlBlockKind::kPlain:
        writer.Add(BlockKind::kParagraph, block.text, block.level);
    }
  }
}

std::string_view Named(const HtmlHead& head, std::string_view name) {
  const auto found = std::find_if(head.named.begin(), head.named.end(),
                                  [&](const auto& named) { return named.first == name; });
  return found == head.named.end() ? std::string_view() : std::string_view(found->second);
}

// "datePublished": "2024-01-02" in JSON-LD; that one field needs no parser.
std::string_view LinkedValue(std::string_view json, std::string_view key) {
  size_t at = json.find(std::string("\"") + std::string(key) + "\"");
  if (at == std::string_view::npos) return {};
  at = json.find_first_not_of(" \t\r\n:", at + key.size() + 2);
  if (at == std::string_view::npos || json[at] != '"') return {};
  const std::string_view rest = json.substr(at + 1, 64);
  return rest.substr(0, rest.find('"'));
}

template <size_t N>
std::optional<int64_t> FirstDate(const HtmlHead& head, const std::array<std::string_view, N>& names,
                                 std::string_view linked_key) {
  for (const std::string_view name : names) {
    if (const auto date = ParseDate(Named(head, name))) return date;
  }
  return ParseDate(LinkedValue(head.linked_data, linked_key));
}

void TakeDates(const HtmlHead& head, Document& document) {
  static constexpr std::array<std::string_view, 9> kPublished = {
      "article:published_time",    "datepublished", "dc.date", "dc.date.issued",  "dcterms.created",
      "citation_publication_date", "pubdate",       "date",    "parsely-pub-date"};
  static constexpr std::array<std::string_view, 5> kModified = {
      "article:modified_time", "datemodified", "og:updated_time", "dcterms.modified",
      "last-modified"};
  document.published_at_ms = FirstDate(head, kPublished, "datePublished");
  document.modified_at_ms = FirstDate(head, kModified, "dateModified");
  if (!document.published_at_ms) document.published_at_ms = ParseDate(Named(head, "time"));
}

void TakeRobots(const HtmlHead& head, Converted& out) {
  std::string rules =
      std::string(Named(head, "robots")) + "," + std::string(Named(head, "pioneer"));
  for (char& c : rules) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 32 : c);
  const bool none = rules.find("none") != std::string::npos;
  out.no_index = none || rules.find("noindex") != std::string::npos;
  out.no_follow = none || rules.find("nofollow") != std::string::npos;
}

// "Sorting - Manual" with a heading "Sorting" is called "Sorting".
std::string TitleOf(const HtmlPage& page, const std::vector<Block>& blocks) {
  std::string title(TrimLine(page.head.title));
  if (title.empty()) title = Named(page.head, "og:title");
  for (const Block& block : blocks) {
    if (block.kind != BlockKind::kHeading || block.level != 1) continue;
    if (title.empty() || title.find(block.text) != std::string::npos) return block.text;
    break;
  }
  return title;
}

void TakeLinks(HtmlHead& head, Converted& out) {
  const std::string refresh(Named(head, "refresh"));
  const size_t at = refresh.find("url=");
  if (at != std::string::npos) head.links.push_back(refresh.substr(at + 4));
  for (std::string& url : head.links) {
    if (url.size() > kMaxLinkBytes || url.starts_with('#') || !IsValidUtf8(url)) continue;
    out.links.push_back({.url = std::move(url)});
  }
  out.base_url = head.base;
  out.canonical = head.canonical;
}

}  // namespace

void WriteHtmlBlocks(std::string_view html, int top_level, BlockWriter& writer) {
  WriteHtmlPage(ReadHtmlPage(html, HtmlMarks::kNone), top_level, writer);
}

void ConvertHtml(std::string_view html, Converted& out) {
  HtmlPage page = ReadHtmlPage(html, HtmlMarks::kNone);
  BlockWriter writer;
  WriteHtmlPage(page, 1, writer);
  writer.MoveInto(out.document);
  out.document.title = TitleOf(page, out.document.blocks);
  out.document.language = page.head.language;
  TakeDates(page.head, out.document);
  TakeRobots(page.head, out);
  TakeLinks(page.head, out);
}

}  // namespace pioneer::search
