// Why: Markdown's own marks say what is a heading, a list, a table and code.
#include <algorithm>
#include <string>

#include "search/convert/block_writer.h"
#include "search/convert/converters.h"
#include "search/convert/date.h"
#include "search/convert/text_lines.h"
#include "train/source_markdown.h"

namespace pioneer::search {
namespace {

constexpr size_t kMaxFrontMatterBytes = 16384;

std::string_view Unquoted(std::string_view value) {
  value = TrimLine(value);
  if (value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  return value;
}

// "title: ...", "date: ..." between "---" lines at the top.
void ReadFrontMatter(std::string_view text, Document& document) {
  if (!text.starts_with("---\n") && !text.starts_with("---\r\n")) return;
  LineReader lines(text.substr(0, kMaxFrontMatterBytes));
  std::string_view line;
  lines.Next(line);
  while (lines.Next(line) && TrimLine(line) != "---") {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = TrimLine(line.substr(0, colon));
    const std::string_view value = Unquoted(line.substr(colon + 1));
    if (key == "title") document.title = std::string(value);
    if (key == "date") document.published_at_ms = ParseDate(value);
  }
}

// Emphasis and backquotes; "snake_case" stays.
std::string WithoutMarks(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && i + 1 < line.size() &&
        std::string_view("*_`#[]\\").find(line[i + 1]) != std::string_view::npos) {
      out += line[++i];
      continue;
    }
    if (c == '`') continue;
    if (c == '*' && !(i + 1 < line.size() && line[i + 1] == ' ')) continue;
    out += c;
  }
  return out;
}

// 0: no heading.
int AtxLevel(std::string_view line) {
  const size_t marks = std::min(line.find_first_not_of('#'), line.size());
  return marks >= 1 && marks <= 6 && (marks == line.size() || line[marks] == ' ')
             ? static_cast<int>(marks)
             : 0;
}

// Bytes of "- ", "* ", "12. "; 0: no item.
size_t ItemMark(std::string_view line) {
  size_t n = 0;
  while (n < line.size() && n < 9 && line[n] >= '0' && line[n] <= '9') ++n;
  const bool numbered = n > 0 && n < line.size() && (line[n] == '.' || line[n] == ')');
  const bool bullet =
      n == 0 && !line.empty() && (line[0] == '-' || line[0] == '*' || line[0] == '+');
  if (!numbered && !bullet) return 0;
  ++n;
  return n < line.size() && line[n] == ' ' ? n + 1 : 0;
}

bool IsFence(std::string_view line) { return line.starts_with("```") || line.starts_with("~~~"); }

bool IsRule(std::string_view line, std::string_view signs) {
  return line.size() >= 3 && signs.find(line[0]) != std::string_view::npos &&
         line.find_first_not_of(std::string(1, line[0]) + " ") == std::string_view::npos;
}

class MarkdownReader {
 public:
  explicit MarkdownReader(std::string_view text) : lines_(text) {}

  void Read(Document& document) {
    for (std::string_view line; lines_.Next(line) && !writer_.full();) ReadLine(line);
    writer_.MoveInto(document);
  }

 private:
  void ReadLine(std::string_view line) {
    std::string_view text = TrimLine(line);
    while (text.starts_with('>')) text = TrimLine(text.substr(1));
    const std::string_view next = TrimLine(lines_.Peek());
    const int level = AtxLevel(text);
    if (text.empty()) {
      writer_.End();
    } else if (IsFence(text)) {
      ReadFence(text.substr(0, 3));
      text = {};
    } else if (level > 0) {
      const size_t last = text.find_last_not_of("# ");
      text = last == std::string_view::npos ? "" : text.substr(0, last + 1);
      writer_.Add(BlockKind::kHeading,
                  WithoutMarks(text.substr(std::min<size_t>(text.size(), size_t(level)))), level);
      text = {};
    } else if (before_.empty() && (IsRule(next, "=") || IsRule(next, "-")) && text[0] != '|' &&
               ItemMark(text) == 0 && !IsRule(text, "-=*_")) {
      writer_.Add(BlockKind::kHeading, WithoutMarks(text), next[0] == '=' ? 1 : 2);
      lines_.Next(line);
      text = {};
    } else if (IsRule(text, "-*_=")) {
      writer_.End();
    } else if (text[0] == '|') {
      ReadRow(text);
    } else {
      ReadWords(line, text);
    }
    before_ = text;
  }

  void ReadWords(std::string_view line, std::string_view text) {
    if (before_.empty() && (line.starts_with("    ") || line.starts_with('\t')) && !in_list_) {
      writer_.Add(BlockKind::kCode, line);
      return;
    }
    const size_t mark = ItemMark(text);
    if (mark > 0) writer_.Begin(BlockKind::kListItem);
    in_list_ = mark > 0 || (in_list_ && line.starts_with(' '));
    const std::string words = WithoutMarks(text.substr(mark));
    AppendLine(words, mark > 0 ? "" : before_, writer_);
  }

  void ReadFence(std::string_view fence) {
    writer_.Begin(BlockKind::kCode);
    for (std::string_view line; lines_.Next(line) && !TrimLine(line).starts_with(fence);) {
      writer_.Text(line);
      writer_.Text("\n");
    }
    writer_.End();
  }

  void ReadRow(std::string_view row) {
    if (row.find_first_not_of("|-: ") == std::string_view::npos) return;  // under the head
    writer_.BeginRow();
    row.remove_prefix(1);
    while (!row.empty()) {
      const size_t end = std::min(row.find('|'), row.size());
      writer_.BeginCell();
      writer_.Text(WithoutMarks(TrimLine(row.substr(0, end))));
      row.remove_prefix(std::min(end + 1, row.size()));
    }
    writer_.EndRow();
  }

  LineReader lines_;
  BlockWriter writer_;
  std::string_view before_;
  bool in_list_ = false;
};

}  // namespace

void ConvertMarkdown(std::string_view text, Converted& out) {
  ReadFrontMatter(text, out.document);
  const std::string clean = CleanMarkdown(text);
  MarkdownReader(clean).Read(out.document);
}

}  // namespace pioneer::search
