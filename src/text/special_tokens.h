// Why: control and user-defined tokens are cut out of a text before anything else looks at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/vocabulary.h"

namespace pioneer {

inline constexpr size_t kMaxSpecialTokenBytes = 512;

// A byte trie; the leftmost, then the longest token wins, as in Hugging Face's tokenizers.
// Immutable once filled.
class SpecialTokenMatcher {
 public:
  struct Match {
    size_t begin = std::string_view::npos;  // npos = none
    size_t length = 0;
    int32_t id = -1;
  };

  SpecialTokenMatcher();
  // 1 <= token.size() <= kMaxSpecialTokenBytes.
  void Add(std::string_view token, int32_t id);
  // The first match that begins at `from` or later.
  Match Find(std::string_view text, size_t from) const;
  bool empty() const { return nodes_.size() == 1; }

 private:
  struct Node {
    int32_t id = -1;
    int32_t first_child = -1, next_sibling = -1;
    uint8_t byte = 0;
  };
  int32_t Child(int32_t node, uint8_t byte) const;
  Match LongestAt(std::string_view text, size_t begin) const;

  std::vector<Node> nodes_;
  std::vector<int32_t> root_children_;  // by byte
};

// What Hugging Face's tokenizers call lstrip, rstrip and single_word of an added token. Immutable.
class SpecialTokenRules {
 public:
  SpecialTokenRules() = default;
  explicit SpecialTokenRules(const std::vector<SpecialTokenRule>& rules);

  // The token of `match` with the spaces that belong to it, none of them before `from`; nothing
  // where it is plain text.
  std::optional<SpecialTokenMatcher::Match> Apply(const SpecialTokenMatcher::Match& match,
                                                  std::string_view text, size_t from) const;
  // The first token that `matcher` finds at `from` or behind it and that is one.
  SpecialTokenMatcher::Match Find(const SpecialTokenMatcher& matcher, std::string_view text,
                                  size_t from) const;

 private:
  std::unordered_map<int32_t, SpecialTokenRule> rules_;  // by id
};

}  // namespace pioneer
