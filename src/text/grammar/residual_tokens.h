// Why: how a vocabulary meets what is left of one terminal: the tokens that stay inside it, and
// where a token may leave it for what comes next. That depends on the terminal alone, not on the
// grammar around it, so it is worked out once: "inside a JSON string" is ready for every schema.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "text/grammar/regex_dfa.h"
#include "text/grammar/token_mask.h"
#include "text/grammar/token_trie.h"

namespace pioneer::grammar {

struct ResidualTokens {
  // The nodes are of this level of the trie; its plain tokens all stay inside.
  int level = 0;
  std::vector<int32_t> tokens;  // that stay inside, besides; or, where they are many:
  TokenMask mask;               // (size 0 = none)
  // Nodes whose parent is reached when the terminal may end, by the byte that leads to them: there
  // a token may go on with what comes next. exits[first_exit[b], first_exit[b + 1]) for byte b;
  // first_exit is empty where there are none.
  std::vector<uint32_t> exits;
  std::vector<uint32_t> first_exit;

  int64_t n_bytes() const;
  void AddTo(const TokenTrie& trie, TokenMask& out) const;
};

// For one constraint. Not thread-safe; all must outlive it.
class ResidualFinder {
 public:
  ResidualFinder(const TokenTrie& trie, RegexDfa& dfa, WorkBudget& budget)
      : trie_(trie), dfa_(dfa), budget_(budget) {}
  // `state`: of the dfa, not dead.
  std::shared_ptr<const ResidualTokens> Find(int32_t state);

 private:
  int LevelOf(int32_t start);
  const std::vector<int32_t>& AfterPlainChar(int32_t state);

  const TokenTrie& trie_;
  RegexDfa& dfa_;
  WorkBudget& budget_;
  std::unordered_map<int32_t, std::vector<int32_t>> after_plain_;
};

// Those that took long to find, the most recently used ones; for all grammars of a vocabulary.
// Thread-safe.
class ResidualCache {
 public:
  using Key = RegexStore::Hash;
  std::shared_ptr<const ResidualTokens> Find(const Key& key);
  void Add(const Key& key, std::shared_ptr<const ResidualTokens> tokens);

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const ResidualTokens> tokens;
  };
  struct HashOf {
    size_t operator()(const Key& key) const { return key.low; }
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<Key, std::list<Entry>::iterator, HashOf> by_key_;
  int64_t n_bytes_ = 0;
};

}  // namespace pioneer::grammar
