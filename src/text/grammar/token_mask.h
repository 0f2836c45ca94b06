// Why: which tokens of a vocabulary may come next, as bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace pioneer::grammar {

class TokenMask {
 public:
  TokenMask() = default;
  explicit TokenMask(int n_tokens) { Resize(n_tokens); }

  void Resize(int n_tokens) {
    n_tokens_ = n_tokens;
    words_.assign((static_cast<size_t>(n_tokens) + 63) / 64, 0);
  }
  int size() const { return n_tokens_; }
  void Clear() { std::fill(words_.begin(), words_.end(), 0); }
  void Set(int32_t token) { words_[token >> 6] |= uint64_t{1} << (token & 63); }
  bool Has(int32_t token) const { return words_[token >> 6] >> (token & 63) & 1; }
  void Add(const TokenMask& other) {  // of the same size
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  int Count() const {
    int n = 0;
    for (const uint64_t word : words_) n += std::popcount(word);
    return n;
  }
  const std::vector<uint64_t>& words() const { return words_; }
  bool operator==(const TokenMask&) const = default;

 private:
  int n_tokens_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace pioneer::grammar
