// Why: one function a format. All of them run in the converter's process only (worker.h), and take
// whatever bytes there are: what is broken throws Error{kCorruptFile}, what is valid and cannot be
// read kUnsupported; both say what the user can do, without the file's name.
#pragma once

#include <string_view>

#include "search/convert/converted.h"
#include "search/convert/format.h"

namespace pioneer::search {

class BlockWriter;

struct ConvertHints {
  std::string_view name;     // of the file: the title where there is no better one
  std::string_view charset;  // as the server declared it
};

// Chooses by the format; gives title and language, and repaired, limited text whatever the
// converters made.
Converted ConvertBytes(Format format, std::string_view bytes, const ConvertHints& hints);

// UTF-8 text.
void ConvertText(std::string_view text, Converted& out);
void ConvertMarkdown(std::string_view text, Converted& out);
void ConvertCode(std::string_view text, Converted& out);
void ConvertCsv(std::string_view text, char separator, Converted& out);
void ConvertHtml(std::string_view html, Converted& out);
// What pdftotext -htmlmeta prints.
void ConvertPdfText(std::string_view text, Converted& out);

// Bytes.
void ConvertDocx(std::string_view bytes, Converted& out);
void ConvertPptx(std::string_view bytes, Converted& out);
void ConvertXlsx(std::string_view bytes, Converted& out);
void ConvertOpenDocument(std::string_view bytes, Converted& out);
void ConvertHwpx(std::string_view bytes, Converted& out);
void ConvertEpub(std::string_view bytes, Converted& out);
void ConvertEmail(std::string_view bytes, Converted& out);

// Links only.
void ConvertFeed(std::string_view bytes, Converted& out);
void ConvertSitemap(std::string_view bytes, Converted& out);
void ConvertOpenSearch(std::string_view bytes, Converted& out);

// Of HTML: the main text goes on with `writer`, under headings from `top_level` on.
void WriteHtmlBlocks(std::string_view html, int top_level, BlockWriter& writer);

}  // namespace pioneer::search
