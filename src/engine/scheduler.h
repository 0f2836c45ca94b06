// Why: decides what takes part in the next step. Pure logic: no model, no threads, no clock.
//
// Policy
// - First come, first served. Nobody overtakes the head of the queue, so a large request cannot
//   starve.
// - A sequence is admitted when KV space for all of its tokens and a little growth can be reserved.
//   Space for the answer is taken as the answer grows, so that a request which allows a long answer
//   and gives a short one costs what it uses.
// - When a running sequence cannot grow, the youngest running one gives its space back and waits at
//   the head of the queue; later its tokens are run again as one prompt, and it goes on where it
//   was. The oldest is never the victim, so each step makes progress: no deadlock. (Needs: the
//   whole space holds the longest sequence alone.)
// - A step has a budget of tokens. Every sequence that only needs its next token gets it; what is
//   left goes to prompts: a small chunk to each, then the rest in order of arrival. So answers
//   never stall behind a prompt, and short prompts pass a long one.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace pioneer {

// Where the KV pages are. Reserve() makes room for n_tokens of a sequence in all, or returns false
// and changes nothing.
class KvSpace {
 public:
  virtual ~KvSpace() = default;
  virtual bool Reserve(int64_t id, int64_t n_tokens) = 0;
  virtual void Release(int64_t id) = 0;
};

struct SchedulerLimits {
  int max_running = 16;
  int step_tokens = 512;   // raised to max_running if less
  int small_chunk = 64;    // of a prompt, before the rest goes by order of arrival
  int growth_tokens = 64;  // reserved beyond the known tokens on admission
};

// Not thread-safe.
class Scheduler {
 public:
  struct Entry {
    int64_t id = 0;
    int n_tokens = 0;         // known so far: the prompt, then each sampled token; at least 1
    int max_total = 0;        // the most it can come to
    int max_chunk = 1 << 30;  // most rows in one step
  };
  // Rows of one sequence in a step: its tokens [position, position + n_rows).
  struct Slice {
    int64_t id = 0;
    int position = 0, n_rows = 0;
    bool gives_next = false;  // the last row is the last known token: its logits give the next
  };
  struct Admission {
    std::vector<int64_t> admitted;
    // Not even alone in the whole space; removed.
    std::vector<int64_t> impossible;
  };

  explicit Scheduler(const SchedulerLimits& limits);

  void Enqueue(const Entry& entry);
  Admission Admit(KvSpace& kv);
  // The next step's slices, oldest sequence first; all have space reserved. Call Advance() with
  // them after the step.
  std::vector<Slice> Plan(KvSpace& kv);
  void Advance(const std::vector<Slice>& slices);
  // The sequence got one more token. It must be running.
  void Append(int64_t id);
  // Forgets a waiting or running sequence; the caller releases its space.
  void Remove(int64_t id);

  int running() const { return static_cast<int>(running_.size()); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int64_t preemptions() const { return preemptions_; }

 private:
  struct Running {
    Entry entry;
    int done = 0;  // tokens whose K and V are stored
    int rows = 0;  // in the step being planned
    int left() const { return entry.n_tokens - done; }
  };
  void ShareBudget();
  void Preempt(KvSpace& kv);
  Running& Find(int64_t id);

  SchedulerLimits limits_;
  std::deque<Entry> waiting_;
  std::vector<Running> running_;  // oldest first
  int64_t preemptions_ = 0;
};

}  // namespace pioneer
