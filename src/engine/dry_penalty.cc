#include "engine/dry_penalty.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace pioneer {
namespace {

// Longer runs are punished no harder: base^(n) would leave the range of floats.
constexpr int kLongestRun = 50;

// runs[i]: how many tokens before position i, going back, equal those at the end of `tokens`, for
// every i: the Z function of the reversed window. No run is longer than `limit`.
void FindRuns(std::span<const int32_t> tokens, int limit, std::vector<int32_t>& runs) {
  const auto n = static_cast<int64_t>(tokens.size());
  const auto at = [&](int64_t i) { return tokens[n - 1 - i]; };
  std::vector<int32_t> z(n, 0);
  for (int64_t i = 1, left = 0, right = 0; i < n; ++i) {
    int64_t length = i < right ? std::min<int64_t>(right - i, z[i - left]) : 0;
    while (length < limit && i + length < n && at(length) == at(i + length)) ++length;
    if (i + length > right) {
      left = i;
      right = i + length;
    }
    z[i] = static_cast<int32_t>(length);
  }
  // z[i] compares the end with what ends at n - 1 - i, which stands before position n - i.
  runs.assign(n, 0);
  for (int64_t i = 1; i < n; ++i) runs[n - i] = z[i];
}

}  // namespace

DryPenalty::DryPenalty(const DryParams& params, TokenText token_text)
    : params_(params), token_text_(std::move(token_text)) {
  for (const std::string& breaker : params_.sequence_breakers) {
    longest_breaker_ = std::max(longest_breaker_, breaker.size());
  }
}

void DryPenalty::NoteBreaks(std::span<const int32_t> history) {
  while (breaks_.size() < history.size()) {
    const std::string text = token_text_(history[breaks_.size()]);
    const size_t old = tail_.size();
    tail_ += text;
    const bool ends_here = std::any_of(
        params_.sequence_breakers.begin(), params_.sequence_breakers.end(), [&](const auto& b) {
          // From the first place where an occurrence would end in this token's text.
          return tail_.find(b, old >= b.size() ? old - b.size() + 1 : 0) != std::string::npos;
        });
    breaks_.push_back(ends_here);
    if (tail_.size() > longest_breaker_) tail_.erase(0, tail_.size() - longest_breaker_);
  }
}

void DryPenalty::Apply(std::span<const int32_t> history, std::span<float> logits) {
  if (params_.multiplier == 0) return;
  NoteBreaks(history);
  const size_t window = params_.window < 0
                            ? history.size()
                            : std::min(history.size(), static_cast<size_t>(params_.window));
  const size_t begin = history.size() - window;
  const std::span<const int32_t> tokens = history.last(window);
  // Only what follows the last breaker can be repeated.
  int limit = 0;
  while (limit < kLongestRun + params_.allowed_length && limit < static_cast<int>(window) &&
         !breaks_[history.size() - 1 - limit]) {
    ++limit;
  }
  if (limit < params_.allowed_length || limit == 0) return;
  FindRuns(tokens, limit, runs_);
  std::map<int32_t, int32_t> longest;  // of each token that would go on repeating
  for (size_t i = 1; i < window; ++i) {
    if (runs_[i] < params_.allowed_length || runs_[i] == 0) continue;
    if (breaks_[begin + i]) continue;  // a breaker may always be repeated
    int32_t& known = longest[tokens[i]];
    known = std::max(known, runs_[i]);
  }
  for (const auto& [id, run] : longest) {
    const int over = std::min(run - params_.allowed_length, kLongestRun);
    logits[id] -= static_cast<float>(params_.multiplier * std::pow(params_.base, over));
  }
}

}  // namespace pioneer
