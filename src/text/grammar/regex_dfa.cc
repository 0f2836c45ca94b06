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

// Breadth first until a live state is met, the nearest one: those on the way to it live. When
// nothing is left to see, all that was seen is dead.
void RegexDfa::Explore(int32_t start) {
  struct Visit {
    int32_t state;
    size_t from;  // the visit that led here
  };
  std::vector<Visit> visits = {{start, 0}};
  const auto forget = [&] {
    for (const Visit& visit : visits) life_[visit.state] = Life::kUnknown;
  };
  life_[start] = Life::kDead;  // until shown otherwise; also marks it as seen
  for (size_t i = 0; i < visits.size(); ++i) {
    const int32_t state = visits[i].state;
    for (int k = 0; k < n_classes_; ++k) {
      const int c = (k + likely_end_) % n_classes_;
      if (rows_[static_cast<size_t>(state) * n_classes_ + c] == 0) continue;
      int32_t next = 0;
      try {
        const int n_before = store_->size();
        next = RawState(store_->Derive(terms_[state], byte_of_[c]));
        budget_.Spend(2 + store_->size() - n_before);
      } catch (...) {
        forget();
        throw;
      }
      if (life_[next] == Life::kUnknown) {
        life_[next] = Life::kDead;
        visits.push_back({next, i});
      } else if (life_[next] == Life::kLive) {
        likely_end_ = c;
        forget();
        for (size_t at = i;; at = visits[at].from) {
          life_[visits[at].state] = Life::kLive;
          if (at == 0) return;
        }
      }
    }
  }
}

}  // namespace pioneer::grammar
