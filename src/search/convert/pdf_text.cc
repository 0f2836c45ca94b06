// Why: pdftotext gives lines and form feeds; documents have pages and paragraphs.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/text_lines.h"

namespace pioneer::search {
namespace {

std::string_view Between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  if (from == std::string_view::npos) return {};
  text.remove_prefix(from + begin.size());
  return text.substr(0, text.find(end));
}

std::string Unescaped(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
  std::string out;
  while (!text.empty()) {
    const auto found = std::find_if(std::begin(kEntities), std::end(kEntities),
                                    [&](const auto& e) { return text.starts_with(e.first); });
    out += found == std::end(kEntities) ? text[0] : found->second;
    text.remove_prefix(found == std::end(kEntities) ? 1 : found->first.size());
  }
  return out;
}

bool IsLowerAscii(char c) { return c >= 'a' && c <= 'z'; }

// A word that was cut at the end of its line: "exam-", "ple".
bool IsHyphenated(std::string_view line, std::string_view next) {
  return line.size() > 2 && line.ends_with('-') && IsLowerAscii(line[line.size() - 2]) &&
         !next.empty() && IsLowerAscii(next[0]);
}

bool IsPageNumber(std::string_view line) {
  return line.size() <= 8 && line.find_first_not_of("0123456789-– ") == std::string_view::npos;
}

bool EndsSentence(std::string_view line) {
  return line.empty() || std::string_view(".!?:").find(line.back()) != std::string_view::npos ||
         line.ends_with("。");
}

// A short line alone that does not end a sentence is a heading more often than not; only what is
// numbered like one is taken for it.
bool IsPdfHeading(std::string_view line, bool alone) {
  if (!alone || line.size() > 120 || EndsSentence(line)) return false;
  size_t n = 0;
  while (n < line.size() && ((line[n] >= '0' && line[n] <= '9') || line[n] == '.')) ++n;
  return n > 0 && n + 1 < line.size() && line[n] == ' ' && (line[n + 1] | 32) >= 'a' &&
         (line[n + 1] | 32) <= 'z' && line[n + 1] < 'a';
}

void ReadPdfPage(std::string_view page, BlockWriter& writer) {
  LineReader lines(page);
  std::string_view before;
  for (std::string_view line; lines.Next(line) && !writer.full();) {
    std::string_view text = TrimLine(line);
    const std::string_view next = TrimLine(lines.Peek());
    if (text.empty() || IsPageNumber(text)) {
      writer.End();
      before = {};
      continue;
    }
    if (IsPdfHeading(text, before.empty() && next.empty())) {
      writer.Add(BlockKind::kHeading, text, 2);
      before = {};
      continue;
    }
    const bool cut = IsHyphenated(text, next);
    if (cut) text.remove_suffix(1);
    if (before.ends_with('-') && IsLowerAscii(text[0])) {
      writer.Text(text);
    } else {
      AppendLine(text, before, writer);
    }
    before = cut ? text.substr(0, 0) : text;
    if (cut) before = "-";
  }
  writer.End();
}

}  // namespace

void ConvertPdfText(std::string_view text, Converted& out) {
  const size_t begin = text.find("<pre>\n");
  const size_t end = text.rfind("</pre>");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    Fail(ErrorCode::kCorruptFile, "this PDF cannot be read; it is broken or cut short");
  }
  const std::string_view head = text.substr(0, begin);
  out.document.title = Unescaped(TrimLine(Between(head, "<title>", "</title>")));
  const std::string_view created = Between(head, "name=\"CreationDate\" content=\"", "\"");
  out.document.published_at_ms = ParseDate(created);
  std::string_view pages = text.substr(begin + 6, end - begin - 6);
  BlockWriter writer;
  for (int page = 1; !pages.empty() && !writer.full(); ++page) {
    const size_t feed = std::min(pages.find('\f'), pages.size());
    writer.SetPage(page);
    ReadPdfPage(pages.substr(0, feed), writer);
    pages.remove_prefix(std::min(feed + 1, pages.size()));
  }
  if (writer.empty()) {
    Fail(ErrorCode::kUnsupported,
         "this PDF holds pictures of pages and no text (a scan); let a program recognize its text "
         "first, for example ocrmypdf");
  }
  writer.MoveInto(out.document);
}

}  // namespace pioneer::search
