#include "text/marked_words.h"

#include <algorithm>
#include <cstdint>

namespace pioneer {
namespace {

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  size_t begin = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, begin)) {
    out.append(text, begin, at - begin).append(to);
    begin = at + from.size();
  }
  return out.append(text, begin);
}

// The next space mark behind something else than a space mark; text.size() when there is none.
size_t FindWordStart(std::string_view text, size_t begin) {
  size_t mark = text.find(kSpaceMark, begin + 1);
  while (mark != std::string_view::npos && text.substr(0, mark).ends_with(kSpaceMark)) {
    mark = text.find(kSpaceMark, mark + kSpaceMark.size());
  }
  return std::min(mark, text.size());
}

}  // namespace

std::string MarkSpaces(std::string_view text) { return ReplaceAll(text, " ", kSpaceMark); }
std::string UnmarkSpaces(std::string_view text) { return ReplaceAll(text, kSpaceMark, " "); }

void MarkedWords::Learn(std::string_view token) {
  for (size_t at = FindWordStart(token, 0); at < token.size(); at = FindWordStart(token, at)) {
    joins_[static_cast<uint8_t>(token[at - 1])] = true;
  }
}

size_t MarkedWords::End(std::string_view text, size_t begin) const {
  size_t end = FindWordStart(text, begin);
  while (end < text.size() && joins_[static_cast<uint8_t>(text[end - 1])]) {
    end = FindWordStart(text, end);
  }
  return end;
}

}  // namespace pioneer
