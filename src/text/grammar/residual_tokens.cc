#include "text/grammar/residual_tokens.h"

#include <algorithm>
#include <utility>

namespace pioneer::grammar {
namespace {

constexpr int64_t kMaxCacheBytes = int64_t{64} << 20;
constexpr int kWorthCaching = 2000;  // visited nodes
constexpr size_t kMaxPlainStates = 64;

// Follows plain text and a terminal side by side, character by character.
class PlainText {
 public:
  PlainText(RegexDfa& dfa, WorkBudget& budget) : dfa_(dfa), budget_(budget) {}

  // The states behind any one plain character; none when not every one can come.
  std::vector<int32_t> After(int32_t state) {
    after_.clear();
    const bool all = Bytes(state, 0x20, 0x7E, 0) && Bytes(state, 0xC2, 0xDF, 1) &&
                     Lead(state, 0xE0, 0xA0, 0xBF, 1) && Bytes(state, 0xE1, 0xEC, 2) &&
                     Lead(state, 0xED, 0x80, 0x9F, 1) && Bytes(state, 0xEE, 0xEF, 2) &&
                     Lead(state, 0xF0, 0x90, 0xBF, 2) && Bytes(state, 0xF1, 0xF3, 3) &&
                     Lead(state, 0xF4, 0x80, 0x8F, 2);
    if (!all) after_.clear();
    return std::move(after_);
  }

 private:
  int32_t Step(int32_t state, uint8_t byte) {
    budget_.Spend(1);
    return dfa_.Next(state, dfa_.class_of(byte));
  }

  bool Lead(int32_t state, uint8_t lead, int first, int last, int n_tail) {
    const int32_t next = Step(state, lead);
    return next != 0 && Bytes(next, first, last, n_tail);
  }

  // One byte of [first, last] and n_tail continuation bytes; equal successors are followed once.
  bool Bytes(int32_t state, int first, int last, int n_tail) {
    int32_t previous = 0;
    for (int byte = first; byte <= last; ++byte) {
      if (byte == '"' || byte == '\\') continue;
      const int32_t next = Step(state, static_cast<uint8_t>(byte));
      if (next == 0) return false;
      if (next == previous) continue;
      previous = next;
      if (n_tail > 0) {
        if (!Bytes(next, 0x80, 0xBF, n_tail - 1)) return false;
      } else if (std::find(after_.begin(), after_.end(), next) == after_.end()) {
        after_.push_back(next);
      }
    }
    return true;
  }

  RegexDfa& dfa_;
  WorkBudget& budget_;
  std::vector<int32_t> after_;
};

// Walks the trie below the root with the terminal alone.
class Walk {
 public:
  Walk(const TokenTrie& trie, int level, RegexDfa& dfa)
      : trie_(trie),
        nodes_(trie.nodes(level)),
        dfa_(dfa),
        states_(static_cast<size_t>(trie.max_depth()) + 1) {
    result_.level = level;
  }

  int n_visited() const { return n_visited_; }

  ResidualTokens Run(int32_t state) {
    states_[0] = state;
    const ByteSet first = dfa_.FirstBytes(state);
    for (int byte = 0; byte < 256; ++byte) {
      if (!first.Has(static_cast<uint8_t>(byte))) continue;
      const uint32_t child = trie_.child_of_root(result_.level, static_cast<uint8_t>(byte));
      if (child != 0) Subtree(child);
    }
    Sort();
    return std::move(result_);
  }

 private:
  void Subtree(uint32_t root) {
    const uint32_t end = nodes_[root].end;
    for (uint32_t i = root; i < end;) {
      const TrieNode& node = nodes_[i];
      ++n_visited_;
      const int32_t next = dfa_.Next(states_[node.depth - 1], dfa_.class_of(node.byte));
      if (next == 0) {
        i = node.end;
        continue;
      }
      states_[node.depth] = next;
      for (int32_t token = node.token; token >= 0; token = trie_.twin(token)) {
        result_.tokens.push_back(token);
      }
      if (dfa_.nullable(next)) {
        for (uint32_t child = i + 1; child < node.end; child = nodes_[child].end) {
          result_.exits.push_back(child);
        }
      }
      ++i;
    }
  }

  void Sort() {
    const auto n_words = static_cast<size_t>(trie_.n_tokens()) / 64;
    if (result_.tokens.size() > 4 * n_words) {
      result_.mask.Resize(trie_.n_tokens());
      for (const int32_t token : result_.tokens) result_.mask.Set(token);
      result_.tokens.clear();
    }
    result_.tokens.shrink_to_fit();
    if (result_.exits.empty()) return;
    const auto byte = [this](uint32_t node) { return nodes_[node].byte; };
    std::stable_sort(result_.exits.begin(), result_.exits.end(),
                     [&](uint32_t a, uint32_t b) { return byte(a) < byte(b); });
    result_.first_exit.assign(257, 0);
    for (const uint32_t exit : result_.exits) ++result_.first_exit[byte(exit) + 1];
    for (int b = 0; b < 256; ++b) result_.first_exit[b + 1] += result_.first_exit[b];
  }

  const TokenTrie& trie_;
  const std::span<const TrieNode> nodes_;
  RegexDfa& dfa_;
  std::vector<int32_t> states_;  // by depth
  ResidualTokens result_;
  int n_visited_ = 0;
};

}  // namespace

int64_t ResidualTokens::n_bytes() const {
  return static_cast<int64_t>(sizeof(*this) + tokens.size() * 4 + mask.words().size() * 8 +
                              exits.size() * 4 + first_exit.size() * 4);
}

void ResidualTokens::AddTo(const TokenTrie& trie, TokenMask& out) const {
  if (level > 0) out.Add(trie.plain_tokens(level));
  if (mask.size() > 0) out.Add(mask);
  for (const int32_t token : tokens) out.Set(token);
}

std::shared_ptr<const ResidualTokens> ResidualFinder::Find(int32_t state) {
  const ResidualCache::Key key = dfa_.StructureHash(state);
  if (auto known = trie_.residual_cache().Find(key)) return known;
  Walk walk(trie_, LevelOf(state), dfa_);
  auto found = std::make_shared<const ResidualTokens>(walk.Run(state));
  budget_.Spend(walk.n_visited() / 8);
  if (walk.n_visited() > kWorthCaching) trie_.residual_cache().Add(key, found);
  return found;
}

// The highest level whose plain texts, and beginnings of them, can all go on to a match.
int ResidualFinder::LevelOf(int32_t start) {
  std::vector<int32_t> seen = {start};
  size_t begin = 0;  // of those that are so many characters away
  int level = 0;
  for (int length = 1; length <= kPlainLengths[2]; ++length) {
    const size_t end = seen.size();
    for (size_t i = begin; i < end; ++i) {
      const std::vector<int32_t>& after = AfterPlainChar(seen[i]);
      if (after.empty()) return level;
      for (const int32_t next : after) {
        if (std::find(seen.begin(), seen.end(), next) == seen.end()) seen.push_back(next);
      }
      if (seen.size() > kMaxPlainStates) return level;
    }
    if (seen.size() == end) return kTrieLevels - 1;  // nothing new will ever come
    begin = end;
    if (length == kPlainLengths[level + 1]) ++level;
  }
  return level;
}

const std::vector<int32_t>& ResidualFinder::AfterPlainChar(int32_t state) {
  const auto known = after_plain_.find(state);
  if (known != after_plain_.end()) return known->second;
  return after_plain_[state] = PlainText(dfa_, budget_).After(state);
}

std::shared_ptr<const ResidualTokens> ResidualCache::Find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->tokens;
}

void ResidualCache::Add(const Key& key, std::shared_ptr<const ResidualTokens> tokens) {
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return;
  n_bytes_ += tokens->n_bytes();
  entries_.push_front({key, std::move(tokens)});
  by_key_[key] = entries_.begin();
  while (n_bytes_ > kMaxCacheBytes && entries_.size() > 1) {
    n_bytes_ -= entries_.back().tokens->n_bytes();
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace pioneer::grammar
