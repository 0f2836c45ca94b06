#include "text/special_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

// Bytes of the spaces at the front.
size_t CountSpaces(std::string_view text) {
  size_t n = 0;
  for (TextChar c = CharAt(text, 0); c.Is(kSpace); c = CharAt(text, n)) n += c.length;
  return n;
}

// The last character, which may be no valid one; `text` is not empty.
DecodedChar LastChar(std::string_view text) {
  size_t begin = text.size() - 1;
  const size_t least = text.size() - std::min<size_t>(4, text.size());
  while (begin > least && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  const DecodedChar c = DecodeUtf8(text.substr(begin));
  return begin + c.length == text.size() ? c : DecodedChar{kReplacementChar, 1, false};
}

// Where the spaces at the back begin.
size_t EndOfText(std::string_view text) {
  while (!text.empty()) {
    const DecodedChar c = LastChar(text);
    if (!c.valid || (CharClassTable::Get()[c.code_point] & kSpace) == 0) break;
    text.remove_suffix(c.length);
  }
  return text.size();
}

bool BeginsWord(std::string_view text) {
  if (text.empty()) return false;
  const DecodedChar c = DecodeUtf8(text);
  return c.valid && IsWordCharacter(c.code_point);
}

bool EndsInWord(std::string_view text) {
  if (text.empty()) return false;
  const DecodedChar c = LastChar(text);
  return c.valid && IsWordCharacter(c.code_point);
}

}  // namespace

SpecialTokenMatcher::SpecialTokenMatcher() : nodes_(1), root_children_(256, -1) {}

int32_t SpecialTokenMatcher::Child(int32_t node, uint8_t byte) const {
  if (node == 0) return root_children_[byte];
  int32_t child = nodes_[node].first_child;
  while (child >= 0 && nodes_[child].byte != byte) child = nodes_[child].next_sibling;
  return child;
}

void SpecialTokenMatcher::Add(std::string_view token, int32_t id) {
  int32_t node = 0;
  for (const char c : token) {
    const auto byte = static_cast<uint8_t>(c);
    int32_t child = Child(node, byte);
    if (child < 0) {
      child = static_cast<int32_t>(nodes_.size());
      nodes_.push_back({-1, -1, nodes_[node].first_child, byte});
      nodes_[node].first_child = child;
      if (node == 0) root_children_[byte] = child;
    }
    node = child;
  }
  nodes_[node].id = id;
}

SpecialTokenMatcher::Match SpecialTokenMatcher::LongestAt(std::string_view text,
                                                          size_t begin) const {
  Match best;
  int32_t node = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    node = Child(node, static_cast<uint8_t>(text[i]));
    if (node < 0) break;
    if (nodes_[node].id >= 0) best = {begin, i + 1 - begin, nodes_[node].id};
  }
  return best;
}

SpecialTokenMatcher::Match SpecialTokenMatcher::Find(std::string_view text, size_t from) const {
  if (empty()) return {};
  for (size_t begin = from; begin < text.size(); ++begin) {
    if (root_children_[static_cast<uint8_t>(text[begin])] < 0) continue;
    const Match match = LongestAt(text, begin);
    if (match.id >= 0) return match;
  }
  return {};
}

SpecialTokenRules::SpecialTokenRules(const std::vector<SpecialTokenRule>& rules) {
  for (const SpecialTokenRule& rule : rules) rules_[rule.id] = rule;
}

std::optional<SpecialTokenMatcher::Match> SpecialTokenRules::Apply(
    const SpecialTokenMatcher::Match& match, std::string_view text, size_t from) const {
  const auto found = rules_.find(match.id);
  if (found == rules_.end()) return match;
  const SpecialTokenRule& rule = found->second;
  size_t begin = match.begin, end = match.begin + match.length;
  if (rule.single_word && (EndsInWord(text.substr(0, begin)) || BeginsWord(text.substr(end)))) {
    return std::nullopt;
  }
  if (rule.strip_left) begin = from + EndOfText(text.substr(from, begin - from));
  if (rule.strip_right) end += CountSpaces(text.substr(end));
  return SpecialTokenMatcher::Match{begin, end - begin, match.id};
}

SpecialTokenMatcher::Match SpecialTokenRules::Find(const SpecialTokenMatcher& matcher,
                                                   std::string_view text, size_t from) const {
  SpecialTokenMatcher::Match match = matcher.Find(text, from);
  while (match.id >= 0 && !rules_.empty()) {
    if (const auto token = Apply(match, text, from)) return *token;
    match = matcher.Find(text, match.begin + match.length);
  }
  return match;
}

}  // namespace pioneer
