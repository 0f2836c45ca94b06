// Why: plain text has paragraphs and headings too, only nobody marked them.
#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/text_lines.h"

namespace pioneer::search {
namespace {

// Of RST and its like: a line of one such sign, at least as long as the title above it.
constexpr std::string_view kUnderlines = "=-~^\"'`#*+:.";

bool IsUnderline(std::string_view line, std::string_view title) {
  line = TrimLine(line);
  return line.size() >= 3 && line.size() * 2 >= title.size() &&
         kUnderlines.find(line[0]) != std::string_view::npos &&
         line.find_first_not_of(line[0]) == std::string_view::npos;
}

bool IsTextListItem(std::string_view line) {
  line = TrimLine(line);
  return line.size() > 2 && (line.starts_with("- ") || line.starts_with("* ") ||
                             line.starts_with("• ") || line.starts_with("+ "));
}

}  // namespace

void ConvertText(std::string_view text, Converted& out) {
  BlockWriter writer;
  std::string order;  // underlines seen, the first is the highest
  LineReader lines(text);
  for (std::string_view line, before; lines.Next(line) && !writer.full();) {
    const std::string_view trimmed = TrimLine(line);
    const std::string_view next = lines.Peek();
    if (trimmed.empty()) {
      writer.End();
    } else if (TrimLine(before).empty() && trimmed.size() < 200 && IsUnderline(next, trimmed)) {
      const char sign = TrimLine(next)[0];
      if (order.find(sign) == std::string::npos) order += sign;
      writer.Add(BlockKind::kHeading, trimmed, static_cast<int>(order.find(sign)) + 1);
      lines.Next(line);
      line = {};
    } else if (IsTextListItem(line)) {
      writer.Begin(BlockKind::kListItem);
      writer.Text(trimmed.substr(trimmed.find(' ') + 1));
    } else {
      AppendLine(trimmed, TrimLine(before), writer);
    }
    before = line;
  }
  writer.MoveInto(out.document);
}

void ConvertCode(std::string_view text, Converted& out) {
  constexpr size_t kWanted = 1200, kMost = 4000;  // bytes of a block
  BlockWriter writer;
  std::string block;
  const auto flush = [&] {
    writer.Add(BlockKind::kCode, block);
    block.clear();
  };
  LineReader lines(text);
  for (std::string_view line; lines.Next(line) && !writer.full();) {
    // Best between functions: a blank line before one that is not indented.
    const std::string_view next = lines.Peek();
    const bool outermost = !next.empty() && next[0] != ' ' && next[0] != '\t' && next[0] != '}';
    block.append(line.substr(0, kMost)).append("\n");
    const bool blank = TrimLine(line).empty();
    if (block.size() >= kMost || (block.size() >= kWanted && blank && outermost)) flush();
  }
  flush();
  writer.MoveInto(out.document);
  out.document.language = "code";
}

namespace {

// One field of RFC 4180; moves `text` behind it and its separator. True: another one follows in
// this row.
bool TakeField(std::string_view& text, char separator, std::string& field) {
  field.clear();
  bool quoted = !text.empty() && text[0] == '"';
  size_t i = quoted ? 1 : 0;
  for (; i < text.size(); ++i) {
    if (quoted && text[i] == '"') {
      if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (!quoted && (text[i] == separator || text[i] == '\n')) {
      break;
    } else {
      field += text[i];
    }
  }
  const bool more = i < text.size() && text[i] == separator;
  text.remove_prefix(std::min(i + 1, text.size()));
  return more;
}

}  // namespace

void ConvertCsv(std::string_view text, char separator, Converted& out) {
  BlockWriter writer;
  std::string field;
  while (!text.empty() && !writer.full()) {
    writer.BeginRow();
    for (bool more = true; more;) {
      more = TakeField(text, separator, field);
      writer.BeginCell();
      writer.Text(field);
    }
    writer.EndRow();
  }
  writer.MoveInto(out.document);
}

}  // namespace pioneer::search
