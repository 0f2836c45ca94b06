// Why: of a web page only what it was made for is worth learning: the main text, without menus,
// navigation, banners and scripts.
//
// Pages are read by libxml2's HTML parser as a stream of events, so that neither size nor nesting
// costs more than the page itself. What counts as main text: inside <main>, <article> or
// role="main" where the page has one; no element that HTML or ARIA calls navigation, no element
// whose class says so (unless that took most of the page); no block that is mostly links (after
// Kohlschütter, Fankhauser, Nejdl 2010, "Boilerplate detection using shallow text features").
#pragma once

#include <string>
#include <string_view>

namespace pioneer {

inline constexpr size_t kMaxHtmlBytes = size_t{16} << 20;

// The page's main text as Markdown: headings "#", list items "- ", code fences, tables as rows of
// cells with " | "; no line break at the end. Any bytes are taken; what is valid UTF-8 is read as
// that, else the encoding is what the page says. Throws Error{kInvalidArgument} above
// kMaxHtmlBytes.
std::string HtmlToText(std::string_view html);

}  // namespace pioneer
