// Why: answers quote. Code that is edited, a passage that is cited, a form that is filled in say
// again what the text already holds; so what followed the same words before is a good guess of what
// follows now, and costs nothing (prompt lookup decoding, A. Saxena 2023,
// https://github.com/apoorvumang/prompt-lookup-decoding). The index is that of a compressor: chains
// of places that end in the same pair of tokens, of which the longest match counts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pioneer {

// The places of one text that grows. One thread at a time.
class PromptLookup {
 public:
  static constexpr int kLeastMatch = 2;     // tokens; fewer say nothing
  static constexpr int kLongestMatch = 32;  // more are not compared

  struct Guess {
    std::vector<int32_t> tokens;  // what may follow; may be empty
    int n_matched = 0;            // so many tokens at the end of the text stand before that place
  };
  // At most `most` tokens that may follow `text`, which begins with the text of the call before.
  // O(tokens that are new + places looked at).
  Guess Find(std::span<const int32_t> text, int most);

 private:
  void Index(std::span<const int32_t> text);
  void Link(std::span<const int32_t> text, size_t last);

  std::vector<int32_t> latest_;    // of each bucket of pairs: where the latest pair ends, or -1
  std::vector<int32_t> previous_;  // of each token: where the pair before in its bucket ends, or -1
};

}  // namespace pioneer
