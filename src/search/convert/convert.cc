// Why: the one entry to all converters, and what holds for every document: it has a title, a
// language and clean text, whatever its converter found.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "search/convert/charset.h"
#include "search/convert/converters.h"
#include "search/convert/text_lines.h"
#include "train/language_tag.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxTitleBytes = 300;
constexpr size_t kTagBytes = size_t{16} << 10;

void Dispatch(Format format, std::string_view bytes, const ConvertHints& hints, Converted& out) {
  const auto text = [&] { return DecodeText(bytes, hints.charset); };
  switch (format) {
    case Format::kText:
      return ConvertText(text(), out);
    case Format::kMarkdown:
      return ConvertMarkdown(text(), out);
    case Format::kCode:
      return ConvertCode(text(), out);
    case Format::kCsv:
      return ConvertCsv(text(), hints.name.ends_with(".tsv") ? '\t' : ',', out);
    case Format::kHtml:
      return ConvertHtml(DecodeText(bytes, HtmlCharset(bytes, hints.charset)), out);
    case Format::kPdf:
      return ConvertPdfText(text(), out);
    case Format::kDocx:
      return ConvertDocx(bytes, out);
    case Format::kPptx:
      return ConvertPptx(bytes, out);
    case Format::kXlsx:
      return ConvertXlsx(bytes, out);
    case Format::kOpenDocument:
      return ConvertOpenDocument(bytes, out);
    case Format::kHwpx:
      return ConvertHwpx(bytes, out);
    case Format::kEpub:
      return ConvertEpub(bytes, out);
    case Format::kEmail:
      return ConvertEmail(bytes, out);
    case Format::kFeed:
      return ConvertFeed(bytes, out);
    case Format::kSitemap:
      return ConvertSitemap(bytes, out);
    case Format::kOpenSearch:
      return ConvertOpenSearch(bytes, out);
  }
}

bool HasText(Format format) { return format < Format::kFeed; }

// A file of text with zeros in it is something else.
void RefuseBinary(Format format, std::string_view bytes) {
  const bool plain = format == Format::kText || format == Format::kMarkdown ||
                     format == Format::kCode || format == Format::kCsv;
  const bool utf16 = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
  if (plain && !utf16 && bytes.substr(0, 8192).find('\0') != std::string_view::npos) {
    Fail(ErrorCode::kUnsupported, "this file is called text, but holds something else");
  }
}

// One line, valid and of a sane length.
std::string TidyTitle(std::string_view text) {
  std::string title;
  const std::string valid = RepairUtf8(text);
  for (const char c : valid) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
    if (!blank) {
      title += c;
    } else if (!title.empty() && title.back() != ' ') {
      title += ' ';
    }
    if (title.size() >= kMaxTitleBytes) break;
  }
  title.resize(CompleteUtf8Prefix(title));
  while (title.ends_with(' ')) title.pop_back();
  return title;
}

std::string TitleFor(const Document& document, std::string_view name) {
  std::string title = TidyTitle(document.title);
  for (const Block& block : document.blocks) {
    if (!title.empty() || block.kind == BlockKind::kCode) break;
    if (block.kind == BlockKind::kHeading && block.level <= 2) title = TidyTitle(block.text);
  }
  if (title.empty()) title = TidyTitle(name);
  return title.empty() ? "?" : title;
}

// "en", "ko", "ja", "code" or "": what the text shows, else what it says of itself.
std::string LanguageFor(const Document& document) {
  if (document.language == "code") return "code";
  std::string sample;
  // Of the middle, too: the beginning is often a table of contents.
  const size_t n = document.blocks.size();
  for (const size_t from : {size_t{0}, n / 2}) {
    for (size_t i = from; i < n && sample.size() < kTagBytes * (from == 0 ? 1 : 2); ++i) {
      if (document.blocks[i].kind == BlockKind::kCode) continue;
      sample.append(document.blocks[i].text).append("\n");
    }
  }
  const LanguageTag tag = TagLanguage(sample);
  if (tag == LanguageTag::kEnglish || tag == LanguageTag::kKorean ||
      tag == LanguageTag::kJapanese) {
    return LanguageTagName(tag);
  }
  const std::string_view said = std::string_view(document.language).substr(0, 2);
  return said == "en" || said == "ko" || said == "ja" ? std::string(said) : "";
}

void RepairLinks(Converted& out) {
  for (FoundLink& link : out.links) {
    link.url = RepairUtf8(link.url);
    link.title = TidyTitle(link.title);
    link.summary = RepairUtf8(link.summary);
  }
  if (out.links.size() > kMaxLinks) out.links.resize(kMaxLinks);
  for (std::string* url : {&out.base_url, &out.canonical}) {
    *url = url->size() > kMaxLinkBytes ? "" : RepairUtf8(*url);
  }
}

}  // namespace

Converted ConvertBytes(Format format, std::string_view bytes, const ConvertHints& hints) {
  RefuseBinary(format, bytes);
  Converted out;
  Dispatch(format, bytes, hints, out);
  out.document.title = TitleFor(out.document, hints.name);
  out.document.language = HasText(format) ? LanguageFor(out.document) : "";
  RepairLinks(out);
  return out;
}

}  // namespace pioneer::search
