#include "text/grammar/regex_dfa.h"

#include <utility>

namespace pioneer::grammar {

RegexDfa::RegexDfa(std::unique_ptr<RegexStore> store, WorkBudget& budget)
    : store_(std::move(store)), budget_(budget) {
  class_of_ = store_->ByteClasses(&n_classes_);
  for (int byte = 255; byte >= 0; --byte) {
    byte_of_[class_of_[byte]] = static_cast<uint8_t>(byte);
    ++class_size_[class_of_[byte]];
  }
  RawState(store_->Nothing());
  life_[0] = Life::kDead;
}

int32_t RegexDfa::RawState(Regex term) {
  if (state_of_term_.size() <= static_cast<size_t>(term.id)) {
    state_of_term_.resize(static_cast<size_t>(store_->size()) + 64, -1);
  }
  int32_t& state = state_of_term_[term.id];
  if (state >= 0) return state;
  budget_.Spend(n_classes_ / 16 + 1);
  state = n_states();
  const ByteSet first = store_->FirstBytes(term);
  terms_.push_back(term);
  nullable_.push_back(store_->Nullable(term) ? 1 : 0);
  life_.push_back(store_->SurelyNonEmpty(term) ? Life::kLive : Life::kUnknown);
  for (int c = 0; c < n_classes_; ++c) rows_.push_back(first.Has(byte_of_[c]) ? -1 : 0);
  return state;
}

int32_t RegexDfa::State(Regex term) {
  const int32_t state = RawState(term);
  return IsLive(state) ? state : 0;
}

int32_t RegexDfa::ComputeNext(int32_t state, uint8_t byte_class) {
  const int n_before = store_->size();
  const Regex term = store_->Derive(terms_[state], byte_of_[byte_class]);
  budget_.Spend(2 + store_->size() - n_before);
  int32_t next = RawState(term);
  if (!IsLive(next)) next = 0;
  rows_[static_cast<size_t>(state) * n_classes_ + byte_class] = next;
  return next;
}

bool RegexDfa::IsLive(int32_t state) {
  if (life_[state] == Life::kUnknown) Explore(state);
  return life_[state] == Life::kLive;
}

// Depth first until a live state is met: then all on the way to it live. When nothing is left to
// see, all that was seen is dead.
void RegexDfa::Explore(int32_t start) {
  struct Visit {
    int32_t state;
    int next_class;
  };
  std::vector<Visit> path = {{start, 0}};
  std::vector<int32_t> seen = {start};
  life_[start] = Life::kDead;  // until shown otherwise; also marks it as seen
  while (!path.empty()) {
    Visit& visit = path.back();
    if (visit.next_class == n_classes_) {
      path.pop_back();
      continue;
    }
    const auto byte_class = static_cast<uint8_t>(visit.next_class++);
    if (rows_[static_cast<size_t>(visit.state) * n_classes_ + byte_class] == 0) continue;
    const int n_before = store_->size();
    const int32_t next = RawState(store_->Derive(terms_[visit.state], byte_of_[byte_class]));
    try {
      budget_.Spend(2 + store_->size() - n_before);
    } catch (...) {
      for (const int32_t state : seen) life_[state] = Life::kUnknown;
      throw;
    }
    if (life_[next] == Life::kUnknown) {
      life_[next] = Life::kDead;
      seen.push_back(next);
      path.push_back({next, 0});
    } else if (life_[next] == Life::kLive) {
      for (const int32_t state : seen) life_[state] = Life::kUnknown;
      for (const Visit& step : path) life_[step.state] = Life::kLive;
      return;
    }
  }
}

}  // namespace pioneer::grammar
