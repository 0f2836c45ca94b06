// Why: of a web page only what it was made for is worth reading: the main text, without menus,
// navigation, banners and scripts; and what the page says of itself.
//
// Pages are read by libxml2's HTML parser as a stream of events, so that neither size nor nesting
// costs more than the page itself. What counts as main text: inside <main>, <article> or
// role="main" where the page has one; no element that HTML or ARIA calls navigation, no element
// whose class says so (unless that took most of the page); no block that is mostly links (after
// Kohlschütter, Fankhauser, Nejdl 2010, "Boilerplate detection using shallow text features").
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pioneer {

inline constexpr size_t kMaxHtmlBytes = size_t{16} << 20;

enum class HtmlBlockKind { kPlain, kHeading, kTerm, kItem, kRow, kCode };  // kTerm: <dt>
enum class HtmlMarks { kNone, kMarkdown };  // "## " of headings, "- " of items, backquotes

struct HtmlBlock {
  std::string text;  // as in the page, perhaps with invalid bytes; cells of a row: " | "
  HtmlBlockKind kind = HtmlBlockKind::kPlain;
  int level = 0;          // kHeading: 1..6; else how many <dl> it stands in
  size_t mark_bytes = 0;  // of "## " or "- "
  size_t link_bytes = 0;  // of words that are links
  bool in_main = false;
};

// As written, unchecked.
struct HtmlHead {
  std::string title, language, base, canonical;
  // <meta> by name, property, itemprop or http-equiv (lower case), and "time": <time datetime>.
  std::vector<std::pair<std::string, std::string>> named;
  std::vector<std::string> links;  // href of <a>, in the whole page
  std::string linked_data;         // scripts of application/ld+json
};

struct HtmlPage {
  std::vector<HtmlBlock> blocks;
  HtmlHead head;
};

// Any bytes are taken; what is valid UTF-8 is read as that, else the encoding is what the page
// says. Throws Error{kInvalidArgument} above kMaxHtmlBytes.
HtmlPage ReadHtmlPage(std::string_view html, HtmlMarks marks);

}  // namespace pioneer
