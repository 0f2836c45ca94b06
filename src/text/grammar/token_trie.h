// Why: a vocabulary as one tree of bytes, laid flat in depth-first order: walking it is one pass
// over an array, and a byte that cannot come skips its whole subtree.
//
// Special tokens (control tokens, and every other token that has no text) are spelled
// SpecialTokenSpelling(id), so that only a grammar which names them can allow them.
// End-of-generation tokens are no part of the tree: they stand for the end of the answer.
//
// Most tokens of a vocabulary are plain text, and where a grammar allows any text it allows them
// all. So there are levels: level 0 is the whole tree; level i > 0 is a mask of the tokens that are
// plain text of at most kPlainLengths[i] characters, and the tree of all the others. Plain
// characters are those that stand for themselves in a JSON string.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/token_mask.h"
#include "text/tokenizer.h"

namespace pioneer::grammar {

class ResidualCache;

inline constexpr int kMaxTokenBytes = 1024;
inline constexpr int kTrieLevels = 4;
inline constexpr std::array<int, kTrieLevels> kPlainLengths = {0, 10, 30, kMaxTokenBytes};

struct TrieNode {
  uint32_t end = 0;    // index behind the subtree
  int32_t token = -1;  // that ends here; -1 = none
  uint16_t depth = 0;  // bytes from the root
  uint8_t byte = 0;
};

// Immutable but for its cache, which is thread-safe. One a model.
class TokenTrie {
 public:
  // tokens[i]: the bytes of token i; "" = it never fits a grammar. Tokens longer than
  // kMaxTokenBytes are left out.
  TokenTrie(std::vector<std::string> tokens, std::vector<int32_t> end_tokens);
  ~TokenTrie();

  int n_tokens() const { return static_cast<int>(tokens_.size()); }
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }
  bool is_end_token(int32_t token) const;
  // Node 0 is the root.
  std::span<const TrieNode> nodes(int level) const { return levels_[level].nodes; }
  // The node below the root, 0 = none.
  uint32_t child_of_root(int level, uint8_t byte) const { return levels_[level].first[byte]; }
  const TokenMask& plain_tokens(int level) const { return levels_[level].plain; }  // level > 0
  // Another token with the same bytes, or -1.
  int32_t twin(int32_t token) const { return twins_[token]; }
  std::string_view bytes(int32_t token) const { return tokens_[token]; }
  int max_depth() const { return max_depth_; }
  ResidualCache& residual_cache() const { return *residual_cache_; }

 private:
  struct Level {
    TokenMask plain;
    std::vector<TrieNode> nodes;
    std::array<uint32_t, 256> first{};
  };
  void BuildLevel(const std::vector<int32_t>& sorted, Level& level) const;

  std::vector<std::string> tokens_;
  std::vector<int32_t> end_tokens_, twins_;
  int max_depth_ = 0;
  std::array<Level, kTrieLevels> levels_;
  std::unique_ptr<ResidualCache> residual_cache_;
};

std::shared_ptr<const TokenTrie> MakeTokenTrie(const Tokenizer& tokenizer);

}  // namespace pioneer::grammar
