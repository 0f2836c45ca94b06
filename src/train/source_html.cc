#include "train/source_html.h"

#include <vector>

#include "base/utf8.h"
#include "train/html_page.h"

namespace pioneer {
namespace {

std::string_view WithoutBlankEnds(std::string_view text, std::string_view at_begin) {
  const size_t first = text.find_first_not_of(at_begin);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \n\t") - first + 1);
}

// Rows of a table and items of a list stand together, all else is apart.
void AppendBlock(const HtmlBlock& block, HtmlBlockKind before, std::string& out) {
  const bool together = block.kind == before &&
                        (block.kind == HtmlBlockKind::kItem || block.kind == HtmlBlockKind::kRow);
  if (!out.empty()) out += together ? "\n" : "\n\n";
  if (block.kind == HtmlBlockKind::kCode) {
    out.append("```\n").append(WithoutBlankEnds(block.text, "\n")).append("\n```");
  } else {
    out.append(WithoutBlankEnds(block.text, " \n\t"));
  }
}

}  // namespace

std::string HtmlToText(std::string_view html) {
  std::string out;
  HtmlBlockKind before = HtmlBlockKind::kPlain;
  for (const HtmlBlock& block : ReadHtmlPage(html, HtmlMarks::kMarkdown).blocks) {
    AppendBlock(block, before, out);
    before = block.kind;
  }
  return RepairUtf8(out);
}

}  // namespace pioneer
