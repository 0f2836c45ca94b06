// Why: decides what takes part in the next step. Pure logic: no model, no threads, no clock.
//
// Policy
// - Lower ranks first; within a rank first come, first served. Nobody overtakes the head of the
//   queue, so a large request cannot starve, but for this:
// - A sequence that begins as one that is being run does not run the same tokens beside it: it lets
//   others pass until they are stored, then shares them.
// - A sequence is admitted when KV space for all of its tokens and a little growth can be reserved.
//   Space for the answer is taken as the answer grows, so that a request which allows a long answer
//   and gives a short one costs what it uses.
// - When a running sequence cannot grow, the youngest running one gives its space back and waits at
//   the head of the queue; later its tokens are run again as one prompt, and it goes on where it
//   was. The oldest is never the victim, so each step makes progress: no deadlock. (Needs: the
//   whole space holds the longest sequence alone.)
// - A step has a budget of tokens. Every sequence that only needs its next token gets it; what is
//   left goes to prompts, rank by rank: a small chunk to each, then the rest in order of arrival.
//   So answers never stall behind a prompt, and short prompts pass a long one.
// - Beside answers of rank 0 prompts get as many rows as the target for a step's time allows, by
//   what rows have cost so far.
// - A sequence of a higher rank gives way to one of a lower that would have to wait.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "engine/step_costs.h"

namespace pioneer {

// Where the KV pages are.
class KvSpace {
 public:
  struct Place {
    int n_done = 0;         // tokens whose K and V are there already: less than all
    std::vector<int> cuts;  // positions where a slice must end, if it comes to them; ascending
  };
  virtual ~KvSpace() = default;
  // Whether a running sequence is about to store what this one begins with.
  virtual bool MustWait(int64_t id) = 0;
  // Takes a sequence in, with room for n_tokens in all; nullopt (and nothing changed) when there is
  // none.
  virtual std::optional<Place> Enter(int64_t id, int64_t n_tokens) = 0;
  // Makes room for n_tokens of a sequence in all, or returns false and changes nothing.
  virtual bool Reserve(int64_t id, int64_t n_tokens) = 0;
  virtual void Release(int64_t id) = 0;
};

struct SchedulerLimits {
  int max_running = 16;
  int step_tokens = 512;           // raised to max_running if less
  int small_chunk = 64;            // of a prompt, before the rest goes by order of arrival
  int growth_tokens = 64;          // reserved beyond the known tokens on admission
  double inter_token_seconds = 0;  // see StepCosts
};

// Not thread-safe.
class Scheduler {
 public:
  struct Entry {
    int64_t id = 0;
    int n_tokens = 0;         // known so far: the prompt, then each sampled token; at least 1
    int max_total = 0;        // the most it can come to
    int max_chunk = 1 << 30;  // most rows in one step
    int rank = 0;             // lower goes first
  };
  // Rows of one sequence in a step: its tokens [position, position + n_rows), and what the caller
  // guesses to follow them.
  struct Slice {
    int64_t id = 0;
    int position = 0, n_rows = 0;
    int n_guesses = 0, n_right = 0;  // the caller's; the first n_right need not be run again
    bool gives_next = false;  // the last row is the last known token: its logits give the next
    bool of_prompt = false;   // more than the next token, and the tokens that a grammar forced
  };
  struct Admission {
    std::vector<int64_t> admitted;
    // Not even alone in the whole space; removed.
    std::vector<int64_t> impossible;
  };

  explicit Scheduler(const SchedulerLimits& limits);

  void Enqueue(const Entry& entry);
  Admission Admit(KvSpace& kv);
  // The next step's slices, in the order of rank and age; all have space reserved. Call Advance()
  // with them after the step.
  std::vector<Slice> Plan(KvSpace& kv);
  void Advance(const std::vector<Slice>& slices);
  // How long that step took.
  void Observe(const std::vector<Slice>& slices, double seconds);
  // The sequence got one more token. It must be running.
  void Append(int64_t id);
  // Forgets a waiting or running sequence; the caller releases its space.
  void Remove(int64_t id);

  int running() const { return static_cast<int>(running_.size()); }
  const SchedulerLimits& limits() const { return limits_; }
  const StepCosts& costs() const { return costs_; }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int64_t preemptions() const { return preemptions_; }

 private:
  struct Running {
    Entry entry;
    int done = 0;            // tokens whose K and V are stored
    int rows = 0;            // in the step being planned
    bool answering = false;  // its prompt is through
    std::vector<int> cuts;
    int left() const { return entry.n_tokens - done; }
    bool answers() const { return answering || left() == 1; }
    int most_rows() const;
  };
  bool AdmitOne(const Entry& entry, KvSpace& kv);
  void ShareBudget();
  void ShareAmongAnswers();
  int PromptBudget() const;
  void ShareAmong(size_t begin, size_t end, int& budget);
  void Preempt(KvSpace& kv);
  bool PreemptAbove(int rank, KvSpace& kv);
  Running& Find(int64_t id);

  SchedulerLimits limits_;
  StepCosts costs_;
  std::deque<Entry> waiting_;     // by rank, then first come first
  std::vector<Running> running_;  // by rank, then oldest first
  int64_t preemptions_ = 0;
};

}  // namespace pioneer
