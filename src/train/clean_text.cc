#include "train/clean_text.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

bool IsControl(char32_t c) {
  const bool ascii = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F);
  const bool invisible = c == 0xAD || c == 0x200B || c == 0x200E || c == 0x200F ||
                         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) ||
                         (c >= 0x2066 && c <= 0x206F) || c == 0xFEFF;
  return ascii || invisible;
}

bool IsOtherLineBreak(char32_t c) {
  return c == '\r' || c == '\f' || c == '\v' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// One line break whatever the system's; controls and what is no UTF-8 are gone.
std::string KeepPrintable(std::string_view text, TextChanges& changes) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<uint8_t>(text[0]);
    if (byte >= 0x20 && byte < 0x7F) {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    const DecodedChar c = DecodeUtf8(text);
    const std::string_view bytes = text.substr(0, static_cast<size_t>(c.length));
    text.remove_prefix(bytes.size());
    if (IsOtherLineBreak(c.code_point)) {
      if (!text.starts_with('\n')) out += '\n';
    } else if (c.code_point == kReplacementChar) {
      ++changes.invalid_bytes;
    } else if (IsControl(c.code_point)) {
      ++changes.controls;
    } else {
      out += bytes;
    }
  }
  return out;
}

std::string WithoutBlanks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  int breaks = 2;  // none at the beginning
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t last = line.find_last_not_of(" \t");
    line = line.substr(0, last == std::string_view::npos ? 0 : last + 1);
    breaks = line.empty() ? breaks + 1 : 1;
    if (breaks <= 2) out.append(line).append("\n");
  }
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

TextChanges& TextChanges::operator+=(const TextChanges& other) {
  invalid_bytes += other.invalid_bytes;
  composed += other.composed;
  controls += other.controls;
  blanks += other.blanks;
  return *this;
}

std::string NormalizeText(std::string_view text, TextChanges& changes) {
  std::string printable = KeepPrintable(text, changes);
  if (!IsNfc(printable)) {
    printable = ToNfc(printable);
    ++changes.composed;
  }
  std::string out = WithoutBlanks(printable);
  changes.blanks += static_cast<int64_t>(printable.size() - out.size());
  return out;
}

}  // namespace pioneer
