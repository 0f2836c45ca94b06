// Why: what a file or an answer is follows from its name and from what a server says of it; every
// part of reading uses the same list.
#pragma once

#include <optional>
#include <string_view>

namespace pioneer::search {

enum class Format {
  kText,
  kMarkdown,
  kHtml,
  kCode,
  kPdf,
  kDocx,
  kPptx,
  kXlsx,
  kOpenDocument,  // ODT, ODS, ODP
  kHwpx,
  kEpub,
  kEmail,
  kCsv,
  // What leads to documents; only links come of it.
  kFeed,     // RSS, Atom
  kSitemap,  // and an index of sitemaps
  kOpenSearch,
};
inline constexpr int kFormats = static_cast<int>(Format::kOpenSearch) + 1;

// By the name's ending, or the whole name ("Makefile"); nullopt: nothing to read (a picture).
std::optional<Format> FormatOfName(std::string_view file_name);

// By "text/html; charset=utf-8"; nullopt: unknown or nothing to read.
std::optional<Format> FormatOfMediaType(std::string_view media_type);

// "application/pdf". `file_name` tells apart what has one Format.
std::string_view MediaTypeOf(Format format, std::string_view file_name);

}  // namespace pioneer::search
