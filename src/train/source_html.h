// Why: web pages are taught as Markdown: models answer in it.
#pragma once

#include <string>
#include <string_view>

namespace pioneer {

// The page's main text (train/html_page.h) as Markdown: headings "#", list items "- ", code fences,
// tables as rows of cells with " | "; no line break at the end. Throws Error{kInvalidArgument}
// above kMaxHtmlBytes.
std::string HtmlToText(std::string_view html);

}  // namespace pioneer
