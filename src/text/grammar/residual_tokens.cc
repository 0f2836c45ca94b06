#include "text/grammar/residual_tokens.h"

#include <algorithm>
#include <utility>

namespace pioneer::grammar {
namespace {

constexpr int64_t kMaxCacheBytes = int64_t{64} << 20;
constexpr int kWorthCaching = 2000;  // visited nodes

// Whether every text of at most `length` plain characters, and every beginning of one, can go on to
// a match from `state`. Follows both side by side.
class PlainTextCheck {
 public:
  PlainTextCheck(RegexDfa& dfa, WorkBudget& budget) : dfa_(dfa), budget_(budget) {}

  // Positions in a plain text: how many characters are left, and what the current one still needs.
  bool Allows(int32_t state, int length) {
    for (const uint8_t probe : {'a', ' ', '0', '{', '\xC3', '\xE4', '\xF0'}) {
      if (Step(state, probe) == 0) return false;
    }
    const bool endless = length >= kMaxTokenBytes;
    std::vector<int32_t> now = {state}, next;
    std::vector<int32_t> all = {state};
    for (int i = 0; i < length && !now.empty(); ++i) {
      next.clear();
      for (const int32_t from : now) {
        if (!AfterOneChar(from, next)) return false;
      }
      std::sort(next.begin(), next.end());
      next.erase(std::unique(next.begin(), next.end()), next.end());
      if (endless) {  // only what was not seen yet
        std::erase_if(next,
                      [&](int32_t s) { return std::find(all.begin(), all.end(), s) != all.end(); });
        all.insert(all.end(), next.begin(), next.end());
        if (all.size() > kMaxStates) return false;
      }
      if (next.size() > kMaxStates) return false;
      std::swap(now, next);
    }
    return true;
  }

 private:
  static constexpr size_t kMaxStates = 64;

  int32_t Step(int32_t state, uint8_t byte) {
    budget_.Spend(1);
    return dfa_.Next(state, dfa_.class_of(byte));
  }

  // Adds the states behind any one plain character; false when one cannot come.
  bool AfterOneChar(int32_t state, std::vector<int32_t>& after) {
    return Bytes(state, 0x20, 0x7E, 0, after) && Bytes(state, 0xC2, 0xDF, 1, after) &&
           Lead(state, 0xE0, 0xA0, 0xBF, 1, after) && Bytes(state, 0xE1, 0xEC, 2, after) &&
           Lead(state, 0xED, 0x80, 0x9F, 1, after) && Bytes(state, 0xEE, 0xEF, 2, after) &&
           Lead(state, 0xF0, 0x90, 0xBF, 2, after) && Bytes(state, 0xF1, 0xF3, 3, after) &&
           Lead(state, 0xF4, 0x80, 0x8F, 2, after);
  }

  bool Lead(int32_t state, uint8_t lead, int first, int last, int n_tail,
            std::vector<int32_t>& after) {
    const int32_t next = Step(state, lead);
    return next != 0 && Bytes(next, first, last, n_tail, after);
  }

  // One byte of [first, last] and n_tail continuation bytes; equal successors are followed once.
  bool Bytes(int32_t state, int first, int last, int n_tail, std::vector<int32_t>& after) {
    int32_t previous = 0;
    for (int byte = first; byte <= last; ++byte) {
      if (byte == '"' || byte == '\\') continue;
      const int32_t next = Step(state, static_cast<uint8_t>(byte));
      if (next == 0) return false;
      if (next == previous) continue;
      previous = next;
      if (n_tail > 0) {
        if (!Bytes(next, 0x80, 0xBF, n_tail - 1, after)) return false;
      } else if (std::find(after.begin(), after.end(), next) == after.end()) {
        after.push_back(next);
      }
    }
    return true;
  }

  RegexDfa& dfa_;
  WorkBudget& budget_;
};

int BestLevel(RegexDfa& dfa, int32_t state, WorkBudget& budget) {
  PlainTextCheck check(dfa, budget);
  int level = 0;
  for (const int candidate : {1, 2, 3}) {
    if (!check.Allows(state, kPlainLengths[candidate])) break;
    level = candidate;
  }
  return level;
}

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

std::shared_ptr<const ResidualTokens> FindResidualTokens(const TokenTrie& trie, RegexDfa& dfa,
                                                         int32_t state, WorkBudget& budget) {
  const ResidualCache::Key key = dfa.StructureHash(state);
  if (auto known = trie.residual_cache().Find(key)) return known;
  Walk walk(trie, BestLevel(dfa, state, budget), dfa);
  auto found = std::make_shared<const ResidualTokens>(walk.Run(state));
  budget.Spend(walk.n_visited() / 8);
  if (walk.n_visited() > kWorthCaching) trie.residual_cache().Add(key, found);
  return found;
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
