#include "engine/scheduler.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer {

Scheduler::Scheduler(const SchedulerLimits& limits) : limits_(limits) {
  limits_.max_running = std::max(limits_.max_running, 1);
  limits_.step_tokens = std::max(limits_.step_tokens, limits_.max_running);
}

void Scheduler::Enqueue(const Entry& entry) { waiting_.push_back(entry); }

Scheduler::Admission Scheduler::Admit(KvSpace& kv) {
  Admission admission;
  while (!waiting_.empty() && running() < limits_.max_running) {
    const Entry entry = waiting_.front();
    const int n_reserved = std::min(entry.n_tokens + limits_.growth_tokens, entry.max_total);
    if (kv.Reserve(entry.id, n_reserved)) {
      running_.push_back({entry, 0, 0});
      admission.admitted.push_back(entry.id);
    } else if (running_.empty()) {
      admission.impossible.push_back(entry.id);
    } else {
      break;
    }
    waiting_.pop_front();
  }
  return admission;
}

std::vector<Scheduler::Slice> Scheduler::Plan(KvSpace& kv) {
  ShareBudget();
  std::vector<Slice> slices;
  for (size_t i = 0; i < running_.size(); ++i) {
    while (i < running_.size() &&
           !kv.Reserve(running_[i].entry.id, running_[i].done + running_[i].rows)) {
      Preempt(kv);
    }
    if (i == running_.size()) break;  // it was the youngest itself
    const Running& one = running_[i];
    if (one.rows == 0) continue;
    slices.push_back({one.entry.id, one.done, one.rows, one.rows == one.left()});
  }
  return slices;
}

void Scheduler::ShareBudget() {
  int budget = limits_.step_tokens;
  for (Running& one : running_) {
    one.rows = one.left() == 1 ? 1 : 0;
    budget -= one.rows;
  }
  // max_running <= step_tokens, so each prompt gets at least one row.
  const auto n_prompts = static_cast<int>(std::count_if(
      running_.begin(), running_.end(), [](const Running& r) { return r.rows == 0; }));
  if (n_prompts == 0) return;
  const int small = std::min(limits_.small_chunk, budget / n_prompts);
  for (Running& one : running_) {
    if (one.rows == 1) continue;
    one.rows = std::min({one.left(), one.entry.max_chunk, small});
    budget -= one.rows;
  }
  for (Running& one : running_) {
    const int more = std::min({one.left(), one.entry.max_chunk, one.rows + budget}) - one.rows;
    one.rows += more;
    budget -= more;
  }
}

void Scheduler::Preempt(KvSpace& kv) {
  const Entry entry = running_.back().entry;
  kv.Release(entry.id);
  running_.pop_back();
  waiting_.push_front(entry);
  ++preemptions_;
}

void Scheduler::Advance(const std::vector<Slice>& slices) {
  for (const Slice& slice : slices) Find(slice.id).done += slice.n_rows;
}

void Scheduler::Append(int64_t id) { ++Find(id).entry.n_tokens; }

void Scheduler::Remove(int64_t id) {
  std::erase_if(waiting_, [id](const Entry& entry) { return entry.id == id; });
  std::erase_if(running_, [id](const Running& one) { return one.entry.id == id; });
}

Scheduler::Running& Scheduler::Find(int64_t id) {
  for (Running& one : running_) {
    if (one.entry.id == id) return one;
  }
  Fail(ErrorCode::kInternal, "sequence {} is not running", id);
}

}  // namespace pioneer
