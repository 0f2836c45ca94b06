#include "search/convert/text_lines.h"

#include <algorithm>

#include "base/utf8.h"
#include "search/convert/block_writer.h"

namespace pioneer::search {
namespace {

bool IsSpacelessScript(char32_t c) {
  return (c >= 0x3001 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF01 && c <= 0xFF60);
}

char32_t LastCharacter(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0) == 0x80) {
  }
  return text.empty() ? U' ' : DecodeUtf8(text.substr(at)).code_point;
}

std::string_view TakeLine(std::string_view text, size_t& next) {
  const size_t end = std::min(text.find_first_of("\r\n"), text.size());
  next = end;
  if (next < text.size()) next += text.substr(next).starts_with("\r\n") ? 2 : 1;
  return text.substr(0, end);
}

}  // namespace

bool LineReader::Next(std::string_view& line) {
  if (rest_.empty()) return false;
  size_t next = 0;
  line = TakeLine(rest_, next);
  rest_.remove_prefix(next);
  return true;
}

std::string_view LineReader::Peek() const {
  size_t next = 0;
  return TakeLine(rest_, next);
}

std::string_view TrimLine(std::string_view line) {
  constexpr std::string_view kBlank = " \t\f\v\r\n";
  const size_t first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) - first + 1);
}

void AppendLine(std::string_view line, std::string_view line_before, BlockWriter& writer) {
  if (line.empty()) return;
  const bool spaceless = !line_before.empty() && IsSpacelessScript(LastCharacter(line_before)) &&
                         IsSpacelessScript(DecodeUtf8(line).code_point);
  if (!spaceless) writer.Text(" ");
  writer.Text(line);
}

}  // namespace pioneer::search
