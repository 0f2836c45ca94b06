#include "train/html_page.h"

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

// Real pages nest some dozens deep. Beyond this a page is not read on: an end tag may cost the
// parser a look at every open element.
constexpr size_t kMaxHtmlDepth = 1000;

// ---- what names mean ----

template <size_t N>
bool IsOneOf(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

constexpr std::string_view kSkippedElements[] = {
    "script", "style",    "nav",  "footer", "aside",  "button", "select", "noscript", "svg",
    "iframe", "template", "head", "dialog", "object", "canvas", "audio",  "video"};
constexpr std::string_view kBlockElements[] = {
    "p",       "div",     "section",    "article",    "main",   "body",    "header",
    "h1",      "h2",      "h3",         "h4",         "h5",     "h6",      "ul",
    "ol",      "li",      "dl",         "dt",         "dd",     "pre",     "table",
    "tr",      "hr",      "blockquote", "figcaption", "figure", "details", "summary",
    "address", "caption", "thead",      "tbody",      "form"};
constexpr std::string_view kSkippedRoles[] = {"navigation",    "banner", "contentinfo", "search",
                                              "complementary", "menu",   "menubar",     "dialog"};
constexpr std::string_view kSkippedWords[] = {
    "nav",         "navbar",     "navigation",    "menu",       "sidebar",  "breadcrumb",
    "breadcrumbs", "footer",     "cookie",        "cookies",    "share",    "social",
    "advert",      "ads",        "related",       "pagination", "toc",      "navheader",
    "navfooter",   "headerlink", "sphinxsidebar", "toctree",    "permalink"};
constexpr std::string_view kNegations[] = {"no", "has", "with", "without"};
// A class on these tells how the page looks around its text; ids of sections are made of titles.
constexpr std::string_view kNeverByClass[] = {"html",    "body", "main", "article",
                                              "section", "pre",  "code"};

bool IsAsciiLetter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

// One of the words of a class, cut at what is no letter, but not "no-sidebar".
bool SaysNavigation(std::string_view classes) {
  std::string before;
  while (!classes.empty()) {
    const auto end = std::find_if_not(classes.begin(), classes.end(), IsAsciiLetter);
    std::string word(classes.begin(), end);
    for (char& c : word) c = static_cast<char>(c | 32);
    if (IsOneOf(word, kSkippedWords) && !IsOneOf(before, kNegations)) return true;
    before = end != classes.end() && *end == '-' ? word : "";
    classes.remove_prefix(std::min(word.size() + 1, classes.size()));
  }
  return false;
}

// ---- collecting blocks ----

class BlockCollector {
 public:
  BlockCollector(bool by_class, HtmlMarks marks)
      : by_class_(by_class), marks_(marks == HtmlMarks::kMarkdown) {}

  void Start(std::string_view name, const xmlChar** attributes) {
    Element element = Describe(name, attributes);
    if (element.block) EndBlock(true);
    skipped_ += element.skipped;
    skipped_by_class_ += element.skipped_by_class;
    main_ += element.main;
    link_ += name == "a";
    pre_ += name == "pre";
    lists_ += name == "dl";
    if (skipped_ == 0) Begin(name);
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
    if (skipped_ > 0) {
      if (skipped_ == skipped_by_class_) bytes_skipped_by_class_ += text.size();
      return;
    }
    if (link_ > 0) block_.link_bytes += text.size();
    if (pre_ > 0) {
      block_.kind = HtmlBlockKind::kCode;
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

  size_t depth() const { return open_.size(); }
  size_t bytes_skipped_by_class() const { return bytes_skipped_by_class_; }
  std::vector<HtmlBlock> Take() {
    EndBlock(false);
    return std::move(blocks_);
  }

 private:
  struct Element {
    std::string name;
    bool block = false, skipped = false, skipped_by_class = false, main = false;
  };

  Element Describe(std::string_view name, const xmlChar** attributes) const {
    Element element;
    element.name = name;
    element.block = IsOneOf(name, kBlockElements);
    element.main = name == "main" || name == "article";
    // A header is the page's own banner unless it opens the main text.
    bool skipped = IsOneOf(name, kSkippedElements) || (name == "header" && main_ == 0);
    bool by_class = false;
    for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2) {
      const std::string_view key = reinterpret_cast<const char*>(attributes[0]);
      const std::string_view value =
          attributes[1] == nullptr ? "" : reinterpret_cast<const char*>(attributes[1]);
      if (key == "hidden" || (key == "aria-hidden" && value == "true")) skipped = true;
      if (key == "role" && IsOneOf(value, kSkippedRoles)) skipped = true;
      if (key == "role" && value == "main") element.main = true;
      by_class |= key == "class" && SaysNavigation(value);
      by_class |= key == "id" && IsOneOf(value, kSkippedWords);
    }
    by_class &= by_class_ && !element.main && !IsOneOf(name, kNeverByClass);
    element.skipped = skipped || by_class;
    element.skipped_by_class = by_class && !skipped;
    return element;
  }

  // What an element that is not skipped puts in front of its text.
  void Begin(std::string_view name) {
    if (name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
      const auto level = static_cast<size_t>(name[1] - '0');
      Mark(HtmlBlockKind::kHeading, std::string(level, '#') + " ");
      block_.level = static_cast<int>(level);
    } else if (name == "li") {
      Mark(HtmlBlockKind::kItem, "- ");
    } else if (name == "dt") {
      block_.kind = HtmlBlockKind::kTerm;
    } else if (name == "tr") {
      block_.kind = HtmlBlockKind::kRow;
    } else if (name == "br") {
      block_.text += '\n';
    } else if (name == "code" && pre_ == 0 && marks_) {
      block_.text += '`';
    } else if ((name == "td" || name == "th") && !block_.text.empty()) {
      block_.text += " | ";
    }
  }

  void Mark(HtmlBlockKind kind, const std::string& mark) {
    block_.kind = kind;
    block_.text = marks_ ? mark : "";
    block_.mark_bytes = block_.text.size();
  }

  void EndLast() {
    const Element element = std::move(open_.back());
    open_.pop_back();
    if (element.name == "code" && pre_ == 0 && skipped_ == 0 && marks_) block_.text += '`';
    if (element.block) EndBlock(false);
    skipped_ -= element.skipped;
    skipped_by_class_ -= element.skipped_by_class;
    main_ -= element.main;
    link_ -= element.name == "a";
    pre_ -= element.name == "pre";
    lists_ -= element.name == "dl";
  }

  // `opening`: an element begins, so what an item or a term is waits for its words: "<li><p>".
  void EndBlock(bool opening) {
    block_.in_main = main_ > 0;
    if (block_.kind != HtmlBlockKind::kHeading) block_.level = lists_;
    const bool empty =
        block_.text.find_first_not_of(" \n|", block_.mark_bytes) == std::string::npos;
    const HtmlBlockKind kind = block_.kind;
    if (!empty) blocks_.push_back(std::move(block_));
    block_ = {};
    if (!empty || !opening) return;
    if (kind == HtmlBlockKind::kItem) Mark(HtmlBlockKind::kItem, "- ");
    if (kind == HtmlBlockKind::kTerm) block_.kind = kind;
  }

  bool by_class_, marks_;
  std::vector<Element> open_;
  int skipped_ = 0, skipped_by_class_ = 0, main_ = 0, link_ = 0, pre_ = 0, lists_ = 0;
  size_t bytes_skipped_by_class_ = 0;
  HtmlBlock block_;
  std::vector<HtmlBlock> blocks_;
};

// ---- what a page says of itself ----

constexpr size_t kMaxHtmlLinks = 20'000;
constexpr size_t kMaxAttributeBytes = 4096;
constexpr size_t kMaxNamedValues = 500;
constexpr size_t kMaxScriptBytes = size_t{1} << 20;

std::string LowerName(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
  }
  return lower;
}

// The attribute's value, "" when there is none or it is no sane one.
std::string ValueOf(const xmlChar** attributes, std::string_view key) {
  for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2) {
    if (reinterpret_cast<const char*>(attributes[0]) != key || attributes[1] == nullptr) continue;
    const std::string_view value = reinterpret_cast<const char*>(attributes[1]);
    return value.size() > kMaxAttributeBytes ? "" : std::string(value);
  }
  return {};
}

class HeadCollector {
 public:
  explicit HeadCollector(HtmlHead& head) : head_(head) {}

  void Start(std::string_view name, const xmlChar** attributes) {
    if (name == "a" || name == "area") {
      AddLink(ValueOf(attributes, "href"));
    } else if (name == "meta") {
      for (const char* key : {"name", "property", "itemprop", "http-equiv"}) {
        AddNamed(ValueOf(attributes, key), ValueOf(attributes, "content"));
      }
    } else if (name == "link") {
      AddRelation(attributes);
    } else if (name == "html") {
      head_.language = ValueOf(attributes, "lang");
    } else if (name == "base" && head_.base.empty()) {
      head_.base = ValueOf(attributes, "href");
    } else if (name == "time") {
      AddNamed("time", ValueOf(attributes, "datetime"));
    }
    if (name == "title" && head_.title.empty()) text_of_ = "title";
    if (name == "script" && ValueOf(attributes, "type") == "application/ld+json") {
      text_of_ = "script";
    }
  }
  void End(std::string_view name) {
    if (name == text_of_) text_of_.clear();
  }
  void Text(std::string_view text) {
    if (text_of_ == "title" && head_.title.size() < kMaxAttributeBytes) head_.title += text;
    if (text_of_ == "script" && head_.linked_data.size() < kMaxScriptBytes) {
      head_.linked_data += text;
    }
  }

 private:
  void AddLink(std::string url) {
    if (!url.empty() && head_.links.size() < kMaxHtmlLinks) head_.links.push_back(std::move(url));
  }
  void AddNamed(std::string_view name, std::string value) {
    if (name.empty() || value.empty() || head_.named.size() >= kMaxNamedValues) return;
    head_.named.emplace_back(LowerName(name), std::move(value));
  }
  void AddRelation(const xmlChar** attributes) {
    const std::string relation = LowerName(ValueOf(attributes, "rel"));
    if (relation == "canonical") head_.canonical = ValueOf(attributes, "href");
    if (relation == "next" || relation == "prev") AddLink(ValueOf(attributes, "href"));
  }

  HtmlHead& head_;
  std::string text_of_;
};

// ---- libxml2's events ----

struct PageReading {
  BlockCollector collector;
  HeadCollector* head = nullptr;
  htmlParserCtxtPtr parser = nullptr;
};

void OnStart(void* reading, const xmlChar* name, const xmlChar** attributes) {
  auto& [collector, head, parser] = *static_cast<PageReading*>(reading);
  collector.Start(reinterpret_cast<const char*>(name), attributes);
  if (head) head->Start(reinterpret_cast<const char*>(name), attributes);
  if (collector.depth() > kMaxHtmlDepth) xmlStopParser(parser);
}
void OnEnd(void* reading, const xmlChar* name) {
  auto& page = *static_cast<PageReading*>(reading);
  page.collector.End(reinterpret_cast<const char*>(name));
  if (page.head) page.head->End(reinterpret_cast<const char*>(name));
}
void OnText(void* reading, const xmlChar* text, int length) {
  auto& page = *static_cast<PageReading*>(reading);
  const std::string_view words(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
  page.collector.Text(words);
  if (page.head) page.head->Text(words);
}

void ReadPage(std::string_view html, PageReading& reading) {
  htmlSAXHandler events = {};
  events.startElement = OnStart;
  events.endElement = OnEnd;
  events.characters = events.ignorableWhitespace = OnText;
  const std::unique_ptr<htmlParserCtxt, decltype(&htmlFreeParserCtxt)> parser(
      htmlCreatePushParserCtxt(&events, &reading, nullptr, 0, nullptr, XML_CHAR_ENCODING_NONE),
      &htmlFreeParserCtxt);
  if (parser == nullptr) Fail(ErrorCode::kOutOfMemory, "cannot start to read HTML");
  reading.parser = parser.get();
  const bool utf8 = IsValidUtf8(html);  // whatever it says of itself
  htmlCtxtUseOptions(parser.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                       HTML_PARSE_NONET | (utf8 ? HTML_PARSE_IGNORE_ENC : 0));
  if (utf8) xmlSwitchEncoding(parser.get(), XML_CHAR_ENCODING_UTF8);
  htmlParseChunk(parser.get(), html.data(), static_cast<int>(html.size()), 0);
  htmlParseChunk(parser.get(), "", 0, 1);
}

// ---- choosing ----

// Blocks that are mostly links are menus, wherever they stand.
bool IsMostlyLinks(const HtmlBlock& block) {
  if (block.kind == HtmlBlockKind::kHeading || block.kind == HtmlBlockKind::kCode) return false;
  const size_t bytes = block.text.size() - block.mark_bytes;
  return static_cast<double>(block.link_bytes) > 0.6 * static_cast<double>(bytes);
}

std::vector<HtmlBlock> ChooseMain(std::vector<HtmlBlock> blocks) {
  size_t bytes = 0, main_bytes = 0;
  for (const HtmlBlock& block : blocks) {
    bytes += block.text.size();
    if (block.in_main) main_bytes += block.text.size();
  }
  // A page that keeps a small box in <article> and its text elsewhere is read whole.
  const bool main_only = main_bytes > 0 && main_bytes * 4 >= bytes;
  std::erase_if(blocks, [&](const HtmlBlock& block) {
    return (main_only && !block.in_main) || IsMostlyLinks(block);
  });
  return blocks;
}

size_t TextBytes(const std::vector<HtmlBlock>& blocks) {
  size_t bytes = 0;
  for (const HtmlBlock& block : blocks) bytes += block.text.size() + 2;
  return bytes;
}

}  // namespace

HtmlPage ReadHtmlPage(std::string_view html, HtmlMarks marks) {
  if (html.size() > kMaxHtmlBytes) {
    Fail(ErrorCode::kInvalidArgument, "a page of {} MiB is no page for readers", html.size() >> 20);
  }
  HtmlPage page;
  HeadCollector head(page.head);
  PageReading reading{BlockCollector(true, marks), &head};
  ReadPage(html, reading);
  page.blocks = ChooseMain(reading.collector.Take());
  // Classes are a guess: where they would take most of the page, they meant something else.
  if (reading.collector.bytes_skipped_by_class() > 3 * TextBytes(page.blocks)) {
    PageReading whole{BlockCollector(false, marks)};
    ReadPage(html, whole);
    page.blocks = ChooseMain(whole.collector.Take());
  }
  return page;
}

}  // namespace pioneer
