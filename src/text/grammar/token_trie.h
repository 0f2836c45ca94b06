// Why: a vocabulary as one tree of bytes, laid flat in depth-first order: walking it is one pass
// over an array, and a byte that cannot come skips its whole subtree.
//
// Special tokens (control tokens, and every other token that has no text) are spelled
// SpecialTokenSpelling(id), so that only a grammar which names them can allow them.
// End-of-generation tokens are no part of the tree: they stand for the end of the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace pioneer::grammar {

class ResidualCache;

// Immutable but for its cache, which is thread-safe. One a model.
class TokenTrie {
 public:
  struct Node {
    uint32_t end;    // index behind the subtree
    int32_t token;   // that ends here; -1 = none
    uint16_t depth;  // bytes from the root
    uint8_t byte;
  };

  // tokens[i]: the bytes of token i, "" = it never fits a grammar. Tokens longer than
  // kMaxTokenBytes are left out.
  TokenTrie(const std::vector<std::string>& tokens, std::vector<int32_t> end_tokens);
  ~TokenTrie();

  int n_tokens() const { return n_tokens_; }
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }
  std::span<const Node> nodes() const { return nodes_; }  // node 0 is the root
  // Another token with the same bytes, or -1.
  int32_t twin(int32_t token) const { return twins_[token]; }
  std::string_view bytes(int32_t token) const;
  int max_depth() const { return max_depth_; }
  ResidualCache& residual_cache() const { return *residual_cache_; }

 private:
  void Build(std::vector<int32_t> order);

  int n_tokens_ = 0, max_depth_ = 0;
  std::vector<int32_t> end_tokens_;
  std::vector<Node> nodes_;
  std::vector<int32_t> twins_;
  std::string all_bytes_;
  std::vector<uint32_t> offsets_;
  std::unique_ptr<ResidualCache> residual_cache_;
};

inline constexpr int kMaxTokenBytes = 1024;

std::shared_ptr<const TokenTrie> MakeTokenTrie(const Tokenizer& tokenizer);

}  // namespace pioneer::grammar
