#include "engine/prompt_lookup.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pioneer {
namespace {

constexpr int kMostPlaces = 24;  // looked at for one guess, the latest first
constexpr size_t kFirstBuckets = 256;

// How many tokens before both ends are the same.
int MatchLength(std::span<const int32_t> text, size_t end_a, size_t end_b) {
  const auto most = static_cast<int>(std::min<size_t>({end_a, end_b, PromptLookup::kLongestMatch}));
  int n = 0;
  while (n < most && text[end_a - 1 - n] == text[end_b - 1 - n]) ++n;
  return n;
}

}  // namespace

PromptLookup::Guess PromptLookup::Find(std::span<const int32_t> text, int most) {
  Guess guess;
  Index(text);
  if (most <= 0 || text.size() < kLeastMatch) return guess;
  size_t best_end = 0;
  int32_t place = previous_.back();
  for (int i = 0; i < kMostPlaces && place >= 0; ++i, place = previous_[place]) {
    const size_t end = static_cast<size_t>(place) + 1;
    const int n = MatchLength(text, end, text.size());
    if (n <= guess.n_matched) continue;
    guess.n_matched = n;
    best_end = end;
    if (n == kLongestMatch) break;
  }
  if (guess.n_matched < kLeastMatch) return {};
  // A place so near the end that what follows it is the guess itself: a loop.
  for (size_t i = best_end; static_cast<int>(guess.tokens.size()) < most; ++i) {
    guess.tokens.push_back(i < text.size() ? text[i] : guess.tokens[i - text.size()]);
  }
  return guess;
}

void PromptLookup::Index(std::span<const int32_t> text) {
  if (text.size() > latest_.size()) {  // more buckets, and everything linked anew
    latest_.assign(std::bit_ceil(std::max(2 * text.size(), kFirstBuckets)), -1);
    previous_.clear();
  }
  while (previous_.size() < text.size()) Link(text, previous_.size());
}

void PromptLookup::Link(std::span<const int32_t> text, size_t last) {
  if (last == 0) {
    previous_.push_back(-1);
    return;
  }
  const uint64_t pair = static_cast<uint64_t>(static_cast<uint32_t>(text[last - 1])) << 32 |
                        static_cast<uint32_t>(text[last]);
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
  int32_t& latest = latest_[(pair * kGolden >> 32) & (latest_.size() - 1)];
  previous_.push_back(std::exchange(latest, static_cast<int32_t>(last)));
}

}  // namespace pioneer
