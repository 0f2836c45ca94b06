// Why: see chat_prompt.h; the part that knows control tokens, but not templates.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "engine/chat_prompt.h"

namespace pioneer {
namespace {

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

void InsertMarks(std::string& text, std::vector<size_t> cuts, std::string_view marker) {
  if (cuts.empty()) return;
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::string marked;
  size_t begin = 0;
  for (const size_t cut : cuts) {
    marked += std::string_view(text).substr(begin, cut - begin);
    marked += marker;
    begin = cut;
  }
  marked += std::string_view(text).substr(begin);
  text = std::move(marked);
}

}  // namespace

ControlTokenGuard::ControlTokenGuard(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer), rules_(tokenizer.vocabulary().special_rules) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  for (size_t id = 0; id < vocabulary.types.size(); ++id) {
    const std::string_view text = vocabulary.tokens[id];
    const bool special =
        vocabulary.types[id] == TokenType::kControl || vocabulary.types[id] == TokenType::kUnknown;
    if (!special || text.empty() || text.size() > kMaxSpecialTokenBytes) continue;
    controls_.Add(text, static_cast<int32_t>(id));
    texts_.push_back(text);
    longest_ = std::max(longest_, text.size());
    for (size_t n = 1; n < text.size(); ++n) {
      beginnings_.insert(text.substr(0, n));
      endings_.insert(text.substr(n));
    }
  }
}

std::string ControlTokenGuard::Mark(std::string_view raw, std::string_view marker) const {
  std::string text = RepairUtf8(raw);
  InsertMarks(text, FindCuts(text), marker);
  return text;
}

std::string ControlTokenGuard::MarkWhole(std::string_view raw, std::string_view marker) const {
  std::string text = RepairUtf8(raw);
  std::vector<size_t> cuts = FindCuts(text);
  // A template may trim the string before it puts something beside it.
  const std::string_view trimmed = TrimSpace(text);
  if (IsInsideControlToken(trimmed)) cuts.push_back(trimmed.data() - text.data());
  InsertMarks(text, std::move(cuts), marker);
  return text;
}

std::vector<size_t> ControlTokenGuard::FindCuts(std::string_view text) const {
  std::vector<size_t> cuts;
  for (auto match = controls_.Find(text, 0); match.begin != std::string_view::npos;
       match = controls_.Find(text, match.begin + 1)) {
    const size_t first = DecodeUtf8(text.substr(match.begin)).length;
    cuts.push_back(first < match.length ? match.begin + first : match.begin);
  }
  AddEdges(text, 0, cuts);
  const std::string_view trimmed = TrimSpace(text);
  if (!trimmed.empty()) AddEdges(trimmed, trimmed.data() - text.data(), cuts);
  return cuts;
}

void ControlTokenGuard::AddEdges(std::string_view text, size_t offset,
                                 std::vector<size_t>& cuts) const {
  bool begins = false, ends = false;
  for (size_t n = 1; n <= std::min(text.size(), longest_) && !(begins && ends); ++n) {
    begins = begins || endings_.contains(text.substr(0, n));
    ends = ends || beginnings_.contains(text.substr(text.size() - n));
  }
  if (begins) cuts.push_back(offset);
  if (ends) cuts.push_back(offset + text.size());
}

bool ControlTokenGuard::IsInsideControlToken(std::string_view text) const {
  if (text.empty() || text.size() >= longest_) return false;
  return std::any_of(texts_.begin(), texts_.end(), [text](std::string_view control) {
    return control.find(text) != std::string_view::npos;
  });
}

bool ControlTokenGuard::IsMarked(const SpecialTokenMatcher::Match& match, std::string_view text,
                                 const std::vector<size_t>& marks) const {
  const size_t first = DecodeUtf8(text.substr(match.begin)).length;
  // A token of one character has no inside; its mark stands before it.
  const size_t from = first < match.length ? match.begin + 1 : match.begin;
  const auto mark = std::lower_bound(marks.begin(), marks.end(), from);
  return mark != marks.end() && *mark < match.begin + match.length;
}

std::vector<int32_t> ControlTokenGuard::Encode(std::string_view rendered,
                                               std::string_view marker) const {
  std::string text;
  std::vector<size_t> marks;
  for (size_t begin = 0;;) {
    const size_t mark = rendered.find(marker, begin);
    text += rendered.substr(begin, mark - begin);
    if (mark == std::string_view::npos) break;
    marks.push_back(text.size());
    begin = mark + marker.size();
  }
  std::vector<int32_t> ids;
  size_t plain_begin = 0;
  const auto encode_plain_until = [&](size_t end) {
    if (end == plain_begin) return;
    const std::string_view plain = std::string_view(text).substr(plain_begin, end - plain_begin);
    const std::vector<int32_t> more = tokenizer_.Encode(plain, {});
    ids.insert(ids.end(), more.begin(), more.end());
  };
  auto match = controls_.Find(text, 0);
  while (match.begin != std::string_view::npos) {
    const auto token =
        IsMarked(match, text, marks) ? std::nullopt : rules_.Apply(match, text, plain_begin);
    if (!token) {
      match = controls_.Find(text, match.begin + 1);
      continue;
    }
    encode_plain_until(token->begin);
    ids.push_back(token->id);
    plain_begin = token->begin + token->length;
    match = controls_.Find(text, plain_begin);
  }
  encode_plain_until(text.size());
  return ids;
}

}  // namespace pioneer
