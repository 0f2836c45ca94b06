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

// `state`: of the dfa, not dead.
std::shared_ptr<const ResidualTokens> FindResidualTokens(const TokenTrie& trie, RegexDfa& dfa,
                                                         int32_t state, WorkBudget& budget);

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
