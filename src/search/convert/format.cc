#include "search/convert/format.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

namespace pioneer::search {
namespace {

struct KnownName {
  std::string_view name;  // lower case
  Format format;
  std::string_view media_type;
};

constexpr KnownName kEndings[] = {
    {"txt", Format::kText, "text/plain"},
    {"text", Format::kText, "text/plain"},
    {"rst", Format::kText, "text/x-rst"},
    {"adoc", Format::kText, "text/asciidoc"},
    {"org", Format::kText, "text/org"},
    {"log", Format::kText, "text/plain"},
    {"md", Format::kMarkdown, "text/markdown"},
    {"markdown", Format::kMarkdown, "text/markdown"},
    {"mdx", Format::kMarkdown, "text/markdown"},
    {"html", Format::kHtml, "text/html"},
    {"htm", Format::kHtml, "text/html"},
    {"xhtml", Format::kHtml, "application/xhtml+xml"},
    {"pdf", Format::kPdf, "application/pdf"},
    {"docx", Format::kDocx,
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"pptx", Format::kPptx,
     "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"xlsx", Format::kXlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"odt", Format::kOpenDocument, "application/vnd.oasis.opendocument.text"},
    {"ods", Format::kOpenDocument, "application/vnd.oasis.opendocument.spreadsheet"},
    {"odp", Format::kOpenDocument, "application/vnd.oasis.opendocument.presentation"},
    {"hwpx", Format::kHwpx, "application/hwp+zip"},
    {"epub", Format::kEpub, "application/epub+zip"},
    {"eml", Format::kEmail, "message/rfc822"},
    {"csv", Format::kCsv, "text/csv"},
    {"tsv", Format::kCsv, "text/tab-separated-values"},
};

constexpr std::string_view kCodeEndings[] = {
    "c",    "cc",  "cpp",  "cxx",   "h",      "hh",   "hpp",    "inl",    "cs",   "java", "kt",
    "go",   "rs",  "py",   "pyi",   "rb",     "pl",   "pm",     "php",    "js",   "mjs",  "cjs",
    "ts",   "tsx", "jsx",  "swift", "m",      "mm",   "scala",  "clj",    "hs",   "ml",   "mli",
    "lua",  "r",   "jl",   "dart",  "ex",     "exs",  "erl",    "zig",    "sh",   "bash", "zsh",
    "fish", "ps1", "sql",  "proto", "cmake",  "toml", "yaml",   "yml",    "json", "ini",  "cfg",
    "conf", "css", "scss", "vue",   "svelte", "tf",   "gradle", "groovy", "cu",   "asm",  "s",
    "f90",  "vhd", "v",    "xml",   "tex"};

constexpr KnownName kWholeNames[] = {
    {"readme", Format::kText, "text/plain"},      {"license", Format::kText, "text/plain"},
    {"copying", Format::kText, "text/plain"},     {"authors", Format::kText, "text/plain"},
    {"changelog", Format::kText, "text/plain"},   {"news", Format::kText, "text/plain"},
    {"todo", Format::kText, "text/plain"},        {"makefile", Format::kCode, "text/x-code"},
    {"dockerfile", Format::kCode, "text/x-code"},
};

// What servers say; the endings' own types are asked, too.
constexpr KnownName kMediaTypes[] = {
    {"application/rss+xml", Format::kFeed, ""},
    {"application/atom+xml", Format::kFeed, ""},
    {"application/rdf+xml", Format::kFeed, ""},
    {"application/opensearchdescription+xml", Format::kOpenSearch, ""},
    {"text/x-markdown", Format::kMarkdown, ""},
    {"application/haansofthwpx", Format::kHwpx, ""},
    {"application/x-hwpx", Format::kHwpx, ""},
    {"application/x-pdf", Format::kPdf, ""},
};

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
  }
  return lower;
}

const KnownName* FindEnding(std::string_view ending) {
  const auto found = std::find_if(std::begin(kEndings), std::end(kEndings),
                                  [&](const KnownName& known) { return known.name == ending; });
  return found == std::end(kEndings) ? nullptr : found;
}

std::string EndingOf(std::string_view file_name) {
  const size_t dot = file_name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? "" : LowerAscii(file_name.substr(dot + 1));
}

}  // namespace

std::optional<Format> FormatOfName(std::string_view file_name) {
  const std::string ending = EndingOf(file_name);
  if (const KnownName* known = FindEnding(ending)) return known->format;
  if (std::find(std::begin(kCodeEndings), std::end(kCodeEndings), ending) !=
      std::end(kCodeEndings)) {
    return Format::kCode;
  }
  const std::string name = LowerAscii(file_name);
  for (const KnownName& known : kWholeNames) {
    if (known.name == name) return known.format;
  }
  return std::nullopt;
}

std::optional<Format> FormatOfMediaType(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ')) media_type.remove_suffix(1);
  const std::string type = LowerAscii(media_type);
  for (const KnownName& known : kEndings) {
    if (known.media_type == type) return known.format;
  }
  for (const KnownName& known : kMediaTypes) {
    if (known.name == type) return known.format;
  }
  if (type.starts_with("text/x-") || type == "application/json") return Format::kCode;
  return std::nullopt;
}

std::string_view MediaTypeOf(Format format, std::string_view file_name) {
  const KnownName* named = FindEnding(EndingOf(file_name));
  if (named && named->format == format) return named->media_type;
  for (const KnownName& known : kEndings) {
    if (known.format == format) return known.media_type;
  }
  return format == Format::kCode ? "text/x-code" : "application/xml";
}

}  // namespace pioneer::search
