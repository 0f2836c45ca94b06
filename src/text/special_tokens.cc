#include "text/special_tokens.h"

namespace pioneer {

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

}  // namespace pioneer
