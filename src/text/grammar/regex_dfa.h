// Why: the terms of a store as states of one automaton that is built as it is used: transitions are
// derivatives, remembered.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "text/grammar/regex.h"
#include "text/grammar/work_budget.h"

namespace pioneer::grammar {

// State 0 is dead: no string leads on from it. Every other state can reach a match. Not
// thread-safe.
class RegexDfa {
 public:
  // All terms that will be asked for must be in the store.
  RegexDfa(std::unique_ptr<RegexStore> store, WorkBudget& budget);

  int32_t State(Regex term);
  int n_classes() const { return n_classes_; }
  uint8_t class_of(uint8_t byte) const { return class_of_[byte]; }
  uint8_t byte_of(int byte_class) const { return byte_of_[byte_class]; }
  // The bytes of the class.
  int class_size(int byte_class) const { return class_size_[byte_class]; }

  int32_t Next(int32_t state, uint8_t byte_class) {
    const int32_t next = rows_[static_cast<size_t>(state) * n_classes_ + byte_class];
    return next >= 0 ? next : ComputeNext(state, byte_class);
  }
  bool nullable(int32_t state) const { return nullable_[state]; }
  // Matches the empty string alone.
  bool at_end(int32_t state) const { return terms_[state] == store_->Epsilon(); }
  // The bytes that may come, or more.
  ByteSet FirstBytes(int32_t state) { return store_->FirstBytes(terms_[state]); }
  RegexStore::Hash StructureHash(int32_t state) const {
    return store_->StructureHash(terms_[state]);
  }
  int n_states() const { return static_cast<int>(terms_.size()); }
  const RegexStore& store() const { return *store_; }

 private:
  enum class Life : uint8_t { kUnknown, kLive, kDead };

  int32_t RawState(Regex term);
  int32_t ComputeNext(int32_t state, uint8_t byte_class);
  bool IsLive(int32_t state);
  void Explore(int32_t state);

  std::unique_ptr<RegexStore> store_;
  WorkBudget& budget_;
  int n_classes_ = 0;
  int likely_end_ = 0;  // the byte class that led to a live state last, tried first
  std::vector<uint8_t> class_of_;
  std::array<uint8_t, 256> byte_of_{};
  std::array<int, 256> class_size_{};
  std::vector<int32_t> state_of_term_;  // by term id; -1 = none yet
  std::vector<Regex> terms_;
  std::vector<uint8_t> nullable_;
  std::vector<Life> life_;
  std::vector<int32_t> rows_;  // n_classes each; -1 = not computed
};

}  // namespace pioneer::grammar
