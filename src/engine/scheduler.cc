#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace pioneer {

namespace {

// The place behind all of this rank, or before them.
template <typename Queue, typename RankOf>
auto PlaceOf(Queue& queue, int rank, bool behind, RankOf rank_of) {
  return std::find_if(queue.begin(), queue.end(), [&](const auto& one) {
    return behind ? rank_of(one) > rank : rank_of(one) >= rank;
  });
}

int RankOfEntry(const Scheduler::Entry& entry) { return entry.rank; }

}  // namespace

int Scheduler::Running::most_rows() const {
  const auto cut = std::upper_bound(cuts.begin(), cuts.end(), done);
  const int until = cut == cuts.end() ? entry.n_tokens : std::min(*cut, entry.n_tokens);
  return std::min(until - done, entry.max_chunk);
}

Scheduler::Scheduler(const SchedulerLimits& limits)
    : limits_(limits), costs_(limits.inter_token_seconds) {
  limits_.max_running = std::max(limits_.max_running, 1);
  limits_.step_tokens = std::max(limits_.step_tokens, limits_.max_running);
}

void Scheduler::Enqueue(const Entry& entry) {
  waiting_.insert(PlaceOf(waiting_, entry.rank, true, RankOfEntry), entry);
}

Scheduler::Admission Scheduler::Admit(KvSpace& kv) {
  Admission admission;
  for (size_t i = 0; i < waiting_.size();) {
    const Entry entry = waiting_[i];
    if (kv.MustWait(entry.id)) {
      ++i;
    } else if (AdmitOne(entry, kv)) {
      admission.admitted.push_back(entry.id);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    } else if (running_.empty()) {
      admission.impossible.push_back(entry.id);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      break;
    }
  }
  return admission;
}

// Those of higher ranks that give way come behind it in the queue.
bool Scheduler::AdmitOne(const Entry& entry, KvSpace& kv) {
  if (running() == limits_.max_running && !PreemptAbove(entry.rank, kv)) return false;
  const int n_reserved = std::min(entry.n_tokens + limits_.growth_tokens, entry.max_total);
  std::optional<KvSpace::Place> place = kv.Enter(entry.id, n_reserved);
  while (!place && PreemptAbove(entry.rank, kv)) place = kv.Enter(entry.id, n_reserved);
  if (!place) return false;
  const auto behind =
      PlaceOf(running_, entry.rank, true, [](const Running& one) { return one.entry.rank; });
  running_.insert(behind, {entry, place->n_done, 0, false, std::move(place->cuts)});
  return true;
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
    slices.push_back({.id = one.entry.id,
                      .position = one.done,
                      .n_rows = one.rows,
                      .gives_next = one.rows == one.left(),
                      .of_prompt = !one.answers()});
  }
  return slices;
}

void Scheduler::ShareBudget() {
  ShareAmongAnswers();
  int budget = PromptBudget();
  for (size_t begin = 0; begin < running_.size();) {
    size_t end = begin;
    while (end < running_.size() && running_[end].entry.rank == running_[begin].entry.rank) ++end;
    ShareAmong(begin, end, budget);
    begin = end;
  }
}

// An answer may have more than its last token to run: those that its grammar forced.
void Scheduler::ShareAmongAnswers() {
  int spare = limits_.step_tokens - running();  // beside one row for each
  for (Running& one : running_) {
    one.rows = one.answers() ? 1 : 0;
    const int more = std::min({one.most_rows(), limits_.small_chunk, spare + 1}) - 1;
    if (one.rows == 0 || more <= 0) continue;
    one.rows += more;
    spare -= more;
  }
}

// At least 1 where there is a prompt.
int Scheduler::PromptBudget() const {
  int n_answers = 0, n_rows = 0;
  bool somebody_reads = false;
  for (const Running& one : running_) {
    n_answers += one.answers();
    n_rows += one.rows;
    somebody_reads = somebody_reads || (one.answers() && one.entry.rank == 0);
  }
  const int room = limits_.step_tokens - n_rows;
  return somebody_reads ? std::min(room, costs_.PromptRows(n_answers)) : room;
}

void Scheduler::ShareAmong(size_t begin, size_t end, int& budget) {
  int n_prompts = 0;
  for (size_t i = begin; i < end; ++i) n_prompts += !running_[i].answers();
  if (n_prompts == 0) return;
  const int small = std::clamp(budget / 2 / n_prompts, 1, limits_.small_chunk);
  for (const int most : {small, budget}) {
    for (size_t i = begin; i < end; ++i) {
      Running& one = running_[i];
      if (one.answers()) continue;
      const int more = std::min({one.most_rows() - one.rows, most, budget});
      one.rows += more;
      budget -= more;
    }
  }
}

void Scheduler::Preempt(KvSpace& kv) {
  const Entry entry = running_.back().entry;
  kv.Release(entry.id);
  running_.pop_back();
  waiting_.insert(PlaceOf(waiting_, entry.rank, false, RankOfEntry), entry);
  ++preemptions_;
}

bool Scheduler::PreemptAbove(int rank, KvSpace& kv) {
  if (running_.empty() || running_.back().entry.rank <= rank) return false;
  Preempt(kv);
  return true;
}

void Scheduler::Advance(const std::vector<Slice>& slices) {
  for (const Slice& slice : slices) {
    Running& one = Find(slice.id);
    one.done += slice.n_rows + slice.n_right;
    one.answering = one.answering || slice.gives_next;
  }
}

void Scheduler::Observe(const std::vector<Slice>& slices, double seconds) {
  int n_answer_rows = 0, n_prompt_rows = 0;
  for (const Slice& slice : slices) {
    (slice.of_prompt ? n_prompt_rows : n_answer_rows) += slice.n_rows + slice.n_guesses;
  }
  costs_.Observe(n_answer_rows, n_prompt_rows, seconds);
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
