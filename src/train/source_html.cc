#include "train/source_html.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

// ---- what names mean ----

template <size_t N>
bool IsOneOf(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

constexpr std::string_view kSkippedElements[] = {
    "script", "style",  "nav",      "footer", "aside",  "form",   "button", "select", "noscript",
    "svg",    "iframe", "template", "head",   "dialog", "object", "canvas", "audio",  "video"};
constexpr std::string_view kBlockElements[] = {
    "p",  "div", "section", "article", "main", "body",       "header",     "h1",    "h2",
    "h3", "h4",  "h5",      "h6",      "ul",   "ol",         "li",         "dl",    "dt",
    "dd", "pre", "table",   "tr",      "hr",   "blockquote", "figcaption", "figure", "details",
    "summary", "address", "caption", "thead", "tbody"};
constexpr std::string_view kSkippedRoles[] = {"navigation", "banner",  "contentinfo", "search",
                                              "complementary", "menu", "menubar",     "dialog"};
// Words of a class or id, cut at what is no letter.
constexpr std::string_view kSkippedWords[] = {
    "nav",     "navbar",     "navigation", "menu",   "sidebar",    "breadcrumb", "breadcrumbs",
    "footer",  "cookie",     "cookies",    "share",  "social",     "advert",     "ads",
    "related", "pagination", "toc",        "navheader", "navfooter", "headerlink", "sphinxsidebar",
    "toctree", "permalink"};

bool SaysNavigation(std::string_view attribute) {
  size_t begin = 0;
  while (begin < attribute.size()) {
    const auto is_letter = [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; };
    size_t end = begin;
    while (end < attribute.size() && is_letter(attribute[end])) ++end;
    std::string word(attribute.substr(begin, end - begin));
    for (char& c : word) c = static_cast<char>(c | 32);
    if (IsOneOf(word, kSkippedWords)) return true;
    begin = end + 1;
  }
  return false;
}

// ---- collecting blocks ----

struct HtmlBlock {
  std::string text;
  size_t link_bytes = 0;
  bool in_main = false, preformatted = false, heading = false, item = false;
};

class BlockCollector {
 public:
  void Start(std::string_view name, const xmlChar** attributes) {
    Element element;
    element.name = name;
    element.block = IsOneOf(name, kBlockElements);
    element.skipped = skipped_ > 0 || IsSkipped(name, attributes);
    element.main = name == "main" || name == "article" || has_main_role_;
    if (element.block) EndBlock();
    skipped_ += element.skipped;
    main_ += element.main;
    link_ += name == "a";
    pre_ += name == "pre";
    if (element.block && skipped_ == 0) Prefix(name);
    if (skipped_ == 0) Inline(name);
    open_.push_back(std::move(element));
  }

  // Ends the last element of this name and whatever is open in it.
  void End(std::string_view name) {
    const auto found = std::find_if(open_.rbegin(), open_.rend(),
                                    [&](const Element& e) { return e.name == name; });
    if (found == open_.rend()) return;
    const size_t keep = static_cast<size_t>(open_.rend() - found) - 1;
    while (open_.size() > keep) EndLast();
  }

  void Text(std::string_view text) {
    if (skipped_ > 0 || open_.empty()) return;
    if (link_ > 0) block_.link_bytes += text.size();
    if (pre_ > 0) {
      block_.preformatted = true;
      block_.text += text;
      return;
    }
    for (const char c : text) {
      const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
      if (!space) {
        block_.text += c;
      } else if (!block_.text.empty() && block_.text.back() != ' ' && block_.text.back() != '\n') {
        block_.text += ' ';
      }
    }
  }

  std::vector<HtmlBlock> Take() {
    EndBlock();
    return std::move(blocks_);
  }

 private:
  struct Element {
    std::string name;
    bool block = false, skipped = false, main = false;
  };

  bool IsSkipped(std::string_view name, const xmlChar** attributes) {
    bool skipped = IsOneOf(name, kSkippedElements);
    has_main_role_ = false;
    // A header is the page's own banner unless it opens the main text.
    if (name == "header" && main_ == 0) skipped = true;
    const bool may_be_content = name == "body" || name == "html" || name == "main" ||
                                name == "article" || name == "pre" || name == "code";
    for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2) {
      const std::string_view key = reinterpret_cast<const char*>(attributes[0]);
      const std::string_view value =
          attributes[1] == nullptr ? "" : reinterpret_cast<const char*>(attributes[1]);
      if (key == "hidden" || (key == "aria-hidden" && value == "true")) skipped = true;
      if (key == "role") {
        skipped |= IsOneOf(value, kSkippedRoles);
        has_main_role_ = value == "main";
      }
      if ((key == "class" || key == "id") && !may_be_content) skipped |= SaysNavigation(value);
    }
    return skipped && !has_main_role_;
  }

  void Prefix(std::string_view name) {
    if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
      block_.text.assign(static_cast<size_t>(name[1] - '0'), '#');
      block_.text += ' ';
      block_.heading = true;
    }
    if (name == "li") {
      block_.text = "- ";
      block_.item = true;
    }
  }

  void Inline(std::string_view name) {
    if (name == "br") block_.text += '\n';
    if (name == "code" && pre_ == 0) block_.text += '`';
    if ((name == "td" || name == "th") && !block_.text.empty()) block_.text += " | ";
  }

  void EndLast() {
    const Element element = std::move(open_.back());
    open_.pop_back();
    if (element.name == "code" && pre_ == 0 && skipped_ == 0) block_.text += '`';
    if (element.block) EndBlock();
    skipped_ -= element.skipped;
    main_ -= element.main;
    link_ -= element.name == "a";
    pre_ -= element.name == "pre";
  }

  void EndBlock() {
    block_.in_main = main_ > 0;
    const std::string_view marks = block_.heading ? "# \n" : block_.item ? "- \n" : " \n";
    if (block_.text.find_first_not_of(marks) != std::string::npos) {
      blocks_.push_back(std::move(block_));
    }
    // "<li><p>": the mark of an item waits for its first words.
    const bool waits = block_.item && block_.text == "- ";
    block_ = {};
    if (waits) Prefix("li");
  }

  std::vector<Element> open_;
  int skipped_ = 0, main_ = 0, link_ = 0, pre_ = 0;
  bool has_main_role_ = false;
  HtmlBlock block_;
  std::vector<HtmlBlock> blocks_;
};

// ---- libxml2's events ----

void OnStart(void* collector, const xmlChar* name, const xmlChar** attributes) {
  static_cast<BlockCollector*>(collector)->Start(reinterpret_cast<const char*>(name), attributes);
}
void OnEnd(void* collector, const xmlChar* name) {
  static_cast<BlockCollector*>(collector)->End(reinterpret_cast<const char*>(name));
}
void OnText(void* collector, const xmlChar* text, int length) {
  static_cast<BlockCollector*>(collector)->Text(
      {reinterpret_cast<const char*>(text), static_cast<size_t>(length)});
}

std::vector<HtmlBlock> ParseBlocks(std::string_view html) {
  BlockCollector collector;
  htmlSAXHandler events = {};
  events.startElement = OnStart;
  events.endElement = OnEnd;
  events.characters = events.ignorableWhitespace = OnText;
  const std::unique_ptr<htmlParserCtxt, decltype(&htmlFreeParserCtxt)> parser(
      htmlCreatePushParserCtxt(&events, &collector, nullptr, 0, nullptr, XML_CHAR_ENCODING_NONE),
      &htmlFreeParserCtxt);
  if (parser == nullptr) Fail(ErrorCode::kOutOfMemory, "cannot start to read HTML");
  htmlCtxtUseOptions(parser.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                       HTML_PARSE_NONET | HTML_PARSE_COMPACT);
  if (IsValidUtf8(html)) xmlSwitchEncoding(parser.get(), XML_CHAR_ENCODING_UTF8);
  constexpr size_t kPiece = size_t{1} << 16;
  for (size_t at = 0; at < html.size(); at += kPiece) {
    const std::string_view piece = html.substr(at, kPiece);
    htmlParseChunk(parser.get(), piece.data(), static_cast<int>(piece.size()), 0);
  }
  htmlParseChunk(parser.get(), "", 0, 1);
  return collector.Take();
}

// ---- choosing ----

// Short blocks that are mostly links are menus, wherever they stand; a long list of links within
// the text (see also: ...) goes too.
bool IsMostlyLinks(const HtmlBlock& block) {
  const double share =
      static_cast<double>(block.link_bytes) / static_cast<double>(std::max<size_t>(1, block.text.size()));
  return !block.heading && !block.preformatted && share > 0.6;
}

void AppendBlock(const HtmlBlock& block, std::string& out) {
  std::string_view text = block.text;
  const size_t last = text.find_last_not_of(" \n\t");
  text = text.substr(0, last + 1);
  const bool close = block.item && out.ends_with("\n\n");
  if (close && out.size() >= 2) {
    // Items of a list stand together.
    const size_t line = out.rfind('\n', out.size() - 3);
    const std::string_view before = std::string_view(out).substr(line == std::string::npos ? 0 : line + 1);
    if (before.starts_with("- ")) out.pop_back();
  }
  if (block.preformatted) {
    while (text.starts_with('\n')) text.remove_prefix(1);
    out.append("```\n").append(text).append("\n```\n\n");
  } else {
    out.append(text).append("\n\n");
  }
}

}  // namespace

std::string HtmlToText(std::string_view html) {
  if (html.size() > kMaxHtmlBytes) {
    Fail(ErrorCode::kInvalidArgument, "a page of {} MiB is no page for readers", html.size() >> 20);
  }
  const std::vector<HtmlBlock> blocks = ParseBlocks(html);
  size_t bytes = 0, main_bytes = 0;
  for (const HtmlBlock& block : blocks) {
    bytes += block.text.size();
    if (block.in_main) main_bytes += block.text.size();
  }
  // A page that keeps a small box in <article> and its text elsewhere is read whole.
  const bool main_only = main_bytes * 4 >= bytes;
  std::string out;
  for (const HtmlBlock& block : blocks) {
    if ((block.in_main || !main_only) && !IsMostlyLinks(block)) AppendBlock(block, out);
  }
  return RepairUtf8(out);
}

}  // namespace pioneer
