#include "train/source_markdown.h"

#include <algorithm>
#include <vector>

namespace pioneer {
namespace {

constexpr size_t kMaxFrontMatterBytes = 16384;
constexpr size_t kMaxLinkBytes =
    2048;  // an address is shorter; so a line costs little whatever it is

std::string_view WithoutFrontMatter(std::string_view text) {
  if (!text.starts_with("---\n") && !text.starts_with("---\r\n")) return text;
  const size_t end = text.substr(0, kMaxFrontMatterBytes).find("\n---", 3);
  if (end == std::string_view::npos) return text;
  return text.substr(std::min(text.find('\n', end + 1), text.size()));
}

bool IsReferenceDefinition(std::string_view line) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos || begin > 3 || line[begin] != '[') return false;
  const size_t close = line.find("]:", begin);
  return close != std::string_view::npos && line.find_first_of("[]", begin + 1) == close &&
         (line.find("://", close) != std::string_view::npos ||
          line.find_first_not_of(' ', close + 2) != std::string_view::npos);
}

// Behind "](" at `begin`: where the link's ")" ends, or `begin` when there is none.
size_t LinkEnd(std::string_view line, size_t begin) {
  int depth = 1;
  for (size_t i = begin; i < std::min(line.size(), begin + kMaxLinkBytes); ++i) {
    if (line[i] == '(') ++depth;
    if (line[i] == ')' && --depth == 0) return i + 1;
  }
  return begin;
}

// One line, outside of fences: what stands in backquotes is copied, links become their words.
class LineCleaner {
 public:
  explicit LineCleaner(std::string_view line) : line_(line) {}

  std::string Clean() {
    while (at_ < line_.size()) {
      if (line_[at_] == '`') {
        CopyCode();
      } else if (line_[at_] == '[') {
        open_.push_back(out_.size());
        out_ += line_[at_++];
      } else if (line_[at_] == ']' && !open_.empty()) {
        CloseBracket();
      } else {
        out_ += line_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  void CopyCode() {
    const size_t text = std::min(line_.find_first_not_of('`', at_), line_.size());
    const std::string_view quotes = line_.substr(at_, text - at_);
    const size_t close = line_.substr(0, text + kMaxLinkBytes).find(quotes, text);
    const size_t end = close == std::string_view::npos ? text : close + quotes.size();
    out_ += line_.substr(at_, end - at_);
    at_ = end;
  }

  void CloseBracket() {
    const size_t open = open_.back();
    open_.pop_back();
    const bool direct = line_.substr(at_).starts_with("](");
    const size_t end = direct ? LinkEnd(line_, at_ + 2) : at_ + 2;
    if (!direct || end == at_ + 2) {
      out_ += line_[at_++];
      return;
    }
    const bool picture = open > 0 && out_[open - 1] == '!';
    out_.erase(open - (picture ? 1 : 0), picture ? 2 : 1);
    at_ = end;
  }

  std::string_view line_;
  size_t at_ = 0;
  std::string out_;
  std::vector<size_t> open_;  // places of "[" in out_
};

bool IsFence(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t>");
  return begin != std::string_view::npos &&
         (line.substr(begin).starts_with("```") || line.substr(begin).starts_with("~~~"));
}

// Takes comments out of the line; `inside` goes on over lines.
std::string WithoutComments(std::string_view line, bool& inside) {
  std::string out;
  while (!line.empty()) {
    const std::string_view mark = inside ? "-->" : "<!--";
    const size_t found = line.find(mark);
    if (!inside) out += line.substr(0, found);
    if (found == std::string_view::npos) break;
    inside = !inside;
    line.remove_prefix(found + mark.size());
  }
  return out;
}

}  // namespace

std::string CleanMarkdown(std::string_view text) {
  text = WithoutFrontMatter(text);
  std::string out;
  bool in_fence = false, in_comment = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!in_comment && IsFence(line)) {
      in_fence = !in_fence;
      out.append(line).append("\n");
    } else if (in_fence) {
      out.append(line).append("\n");
    } else {
      const bool had_comment = in_comment || line.find("<!--") != std::string_view::npos;
      const std::string visible = WithoutComments(line, in_comment);
      if (IsReferenceDefinition(visible) || (had_comment && visible.empty())) continue;
      out.append(LineCleaner(visible).Clean()).append("\n");
    }
  }
  return out;
}

}  // namespace pioneer
