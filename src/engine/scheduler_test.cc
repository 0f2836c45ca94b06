// Why: fairness, budget, space and progress, without a model.
#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "base/random.h"

namespace pioneer {
namespace {

// Space in tokens, page by page of 4.
class FakeSpace : public KvSpace {
 public:
  explicit FakeSpace(int64_t n_tokens) : free_pages_(n_tokens / 4) {}
  bool MustWait(int64_t id) override { return waits.contains(id); }
  std::optional<Place> Enter(int64_t id, int64_t n_tokens) override {
    if (!Reserve(id, n_tokens)) return std::nullopt;
    return places[id];
  }
  bool Reserve(int64_t id, int64_t n_tokens) override {
    const int64_t more = (n_tokens + 3) / 4 - pages_[id];
    if (more > free_pages_) return false;
    if (more <= 0) return true;
    pages_[id] += more;
    free_pages_ -= more;
    return true;
  }
  void Release(int64_t id) override {
    free_pages_ += pages_[id];
    pages_.erase(id);
  }
  int64_t tokens(int64_t id) { return pages_[id] * 4; }
  int64_t free_pages() const { return free_pages_; }

  std::set<int64_t> waits;
  std::map<int64_t, Place> places;

 private:
  int64_t free_pages_;
  std::map<int64_t, int64_t> pages_;
};

using Slices = std::vector<Scheduler::Slice>;

int Rows(const Slices& slices, int64_t id) {
  for (const auto& slice : slices) {
    if (slice.id == id) return slice.n_rows;
  }
  return 0;
}

TEST(Scheduler, RunsAPromptInChunksThenTokenByToken) {
  FakeSpace kv(1000);
  Scheduler scheduler({.max_running = 4, .step_tokens = 10});
  scheduler.Enqueue({1, 25, 40});
  EXPECT_EQ(scheduler.Admit(kv).admitted, std::vector<int64_t>{1});
  std::vector<std::pair<int, bool>> steps;
  for (int i = 0; i < 4; ++i) {
    const Slices slices = scheduler.Plan(kv);
    ASSERT_EQ(slices.size(), 1u);
    steps.emplace_back(slices[0].position, slices[0].gives_next);
    scheduler.Advance(slices);
    if (slices[0].gives_next) scheduler.Append(1);
  }
  EXPECT_EQ(steps,
            (std::vector<std::pair<int, bool>>{{0, false}, {10, false}, {20, true}, {25, true}}));
}

TEST(Scheduler, ALongPromptStallsNobody) {
  FakeSpace kv(100000);
  Scheduler scheduler({.max_running = 4, .step_tokens = 32, .small_chunk = 8});
  scheduler.Enqueue({1, 1, 100});
  scheduler.Enqueue({2, 5000, 6000});
  scheduler.Enqueue({3, 6, 100});
  scheduler.Admit(kv);
  const Slices slices = scheduler.Plan(kv);
  EXPECT_EQ(Rows(slices, 1), 1);       // the answer goes on
  EXPECT_EQ(Rows(slices, 3), 6);       // the short prompt is through
  EXPECT_EQ(Rows(slices, 2), 32 - 7);  // the long one has the rest
}

TEST(Scheduler, RespectsAnEntrysOwnChunk) {
  FakeSpace kv(1000);
  Scheduler scheduler({.max_running = 2, .step_tokens = 100});
  scheduler.Enqueue({1, 90, 100, 16});
  scheduler.Admit(kv);
  EXPECT_EQ(Rows(scheduler.Plan(kv), 1), 16);
}

TEST(Scheduler, NobodyOvertakesTheHeadOfTheQueue) {
  FakeSpace kv(100);
  Scheduler scheduler({.max_running = 4, .step_tokens = 10, .growth_tokens = 0});
  scheduler.Enqueue({1, 60, 100});
  scheduler.Enqueue({2, 60, 100});
  scheduler.Enqueue({3, 4, 100});
  EXPECT_EQ(scheduler.Admit(kv).admitted, std::vector<int64_t>{1});
  EXPECT_EQ(scheduler.waiting(), 2);
  scheduler.Remove(1);
  kv.Release(1);
  EXPECT_EQ(scheduler.Admit(kv).admitted, (std::vector<int64_t>{2, 3}));
}

TEST(Scheduler, LimitsTheRunning) {
  FakeSpace kv(1000);
  Scheduler scheduler({.max_running = 2});
  for (int64_t id = 0; id < 5; ++id) scheduler.Enqueue({id, 1, 2});
  scheduler.Admit(kv);
  EXPECT_EQ(scheduler.running(), 2);
  EXPECT_EQ(scheduler.waiting(), 3);
}

TEST(Scheduler, SaysWhenASequenceCanNeverRun) {
  FakeSpace kv(16);
  Scheduler scheduler({});
  scheduler.Enqueue({1, 17, 20});
  scheduler.Enqueue({2, 3, 4});
  const Scheduler::Admission admission = scheduler.Admit(kv);
  EXPECT_EQ(admission.impossible, std::vector<int64_t>{1});
  EXPECT_EQ(admission.admitted, std::vector<int64_t>{2});
}

TEST(Scheduler, TheYoungestGivesWayAndComesBackFirst) {
  FakeSpace kv(16);
  Scheduler scheduler({.max_running = 4, .step_tokens = 16, .growth_tokens = 0});
  scheduler.Enqueue({1, 8, 16});
  scheduler.Enqueue({2, 8, 16});
  scheduler.Enqueue({3, 1, 16});
  EXPECT_EQ(scheduler.Admit(kv).admitted, (std::vector<int64_t>{1, 2}));
  scheduler.Advance(scheduler.Plan(kv));
  scheduler.Append(1);
  scheduler.Append(2);
  const Slices slices = scheduler.Plan(kv);  // neither can grow: 2 makes room for 1
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0].id, 1);
  EXPECT_EQ(scheduler.preemptions(), 1);
  scheduler.Advance(slices);
  EXPECT_TRUE(scheduler.Admit(kv).admitted.empty());
  scheduler.Remove(1);
  kv.Release(1);
  EXPECT_EQ(scheduler.Admit(kv).admitted, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(Rows(scheduler.Plan(kv), 2), 9);  // its prompt and its answer so far, again
}

TEST(Scheduler, BeginsWhereTheKnownPartEndsAndStopsAtCuts) {
  FakeSpace kv(1000);
  Scheduler scheduler({.max_running = 2, .step_tokens = 50});
  kv.places[1] = {32, {64, 96}};
  scheduler.Enqueue({1, 120, 200});
  scheduler.Admit(kv);
  std::vector<std::pair<int, int>> steps;
  for (int i = 0; i < 3; ++i) {
    const Slices slices = scheduler.Plan(kv);
    ASSERT_EQ(slices.size(), 1u);
    steps.emplace_back(slices[0].position, slices[0].n_rows);
    scheduler.Advance(slices);
  }
  EXPECT_EQ(steps, (std::vector<std::pair<int, int>>{{32, 32}, {64, 32}, {96, 24}}));
}

TEST(Scheduler, OthersPassWhoWaitsForWhatAnotherStores) {
  FakeSpace kv(1000);
  Scheduler scheduler({.max_running = 4});
  for (const int64_t id : {1, 2, 3}) scheduler.Enqueue({id, 10, 20});
  kv.waits = {2};
  EXPECT_EQ(scheduler.Admit(kv).admitted, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(scheduler.waiting(), 1);
  kv.waits = {};
  EXPECT_EQ(scheduler.Admit(kv).admitted, std::vector<int64_t>{2});
}

TEST(Scheduler, LowerRanksGoFirstAndTakeThePlacesOfHigherOnes) {
  FakeSpace kv(10000);
  Scheduler scheduler({.max_running = 2, .step_tokens = 40});
  for (const int64_t id : {1, 2, 3}) scheduler.Enqueue({id, 500, 600, 1 << 30, 1});
  EXPECT_EQ(scheduler.Admit(kv).admitted, (std::vector<int64_t>{1, 2}));
  scheduler.Enqueue({4, 500, 600});
  EXPECT_EQ(scheduler.Admit(kv).admitted, std::vector<int64_t>{4});
  EXPECT_EQ(scheduler.preemptions(), 1);
  const Slices slices = scheduler.Plan(kv);
  EXPECT_EQ(Rows(slices, 4), 40);  // all of the step
  EXPECT_EQ(Rows(slices, 1), 0);
  scheduler.Enqueue({5, 500, 600});
  EXPECT_EQ(scheduler.Admit(kv).admitted, std::vector<int64_t>{5});
  scheduler.Enqueue({6, 500, 600});
  EXPECT_TRUE(scheduler.Admit(kv).admitted.empty());
  scheduler.Remove(4);
  scheduler.Remove(5);
  EXPECT_EQ(scheduler.Admit(kv).admitted, (std::vector<int64_t>{6, 1}));
}

TEST(Scheduler, ALowerRankTakesTheRoomOfAHigherOne) {
  FakeSpace kv(64);
  Scheduler scheduler({.max_running = 4, .growth_tokens = 0});
  scheduler.Enqueue({1, 20, 40, 1 << 30, 1});
  scheduler.Enqueue({2, 20, 40, 1 << 30, 1});
  scheduler.Admit(kv);
  scheduler.Enqueue({3, 40, 50});
  EXPECT_EQ(scheduler.Admit(kv).admitted, std::vector<int64_t>{3});
  EXPECT_EQ(scheduler.running(), 2);
  scheduler.Enqueue({4, 40, 50});
  EXPECT_TRUE(scheduler.Admit(kv).admitted.empty());  // no room, even without the other one
  EXPECT_EQ(scheduler.running(), 1);
}

TEST(Scheduler, PromptsBesideAnswersGetWhatTheTargetAllows) {
  FakeSpace kv(100000);
  Scheduler scheduler({.max_running = 4, .step_tokens = 512, .inter_token_seconds = 0.030});
  scheduler.Enqueue({1, 1, 100});
  scheduler.Admit(kv);
  for (int i = 0; i < 3; ++i) {
    const Slices slices = scheduler.Plan(kv);
    scheduler.Advance(slices);
    scheduler.Append(1);
    scheduler.Observe(slices, 0.010);
  }
  scheduler.Enqueue({2, 5000, 6000});
  scheduler.Admit(kv);
  for (int i = 0; i < 20; ++i) {
    const Slices slices = scheduler.Plan(kv);
    EXPECT_EQ(Rows(slices, 1), 1);
    const int expected = i == 0 ? StepCosts::kLeastPromptRows : i == StepCosts::kMixedSteps ? 0 : 40;
    EXPECT_NEAR(Rows(slices, 2), expected, 1);
    scheduler.Advance(slices);
    scheduler.Append(1);
    scheduler.Observe(slices, 0.010 + 0.0005 * Rows(slices, 2));
  }
  scheduler.Remove(1);
  EXPECT_EQ(Rows(scheduler.Plan(kv), 2), 512);  // nobody reads now
}

// Random loads: every sequence ends, rows come in order without gaps, the budget holds, the space
// is never overdrawn and comes back whole.
TEST(Scheduler, EveryLoadEnds) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const int n_space = 40 + 4 * static_cast<int>(random.Below(30));
    FakeSpace kv(n_space);
    const int64_t all_pages = kv.free_pages();
    const int budget = 8 + static_cast<int>(random.Below(20));
    Scheduler scheduler(
        {.max_running = 8, .step_tokens = budget, .small_chunk = 3, .growth_tokens = 4});
    struct State {
      int n_tokens, target, next_position = 0;
    };
    std::map<int64_t, State> states;
    for (int64_t id = 0; id < 20; ++id) {
      const int n_prompt = 1 + static_cast<int>(random.Below(20));
      const int target = n_prompt + 1 + static_cast<int>(random.Below(20));
      states[id] = {n_prompt, target};
      scheduler.Enqueue({id, n_prompt, target, 1 << 30, static_cast<int>(random.Below(2))});
    }
    int n_steps = 0;
    while (!states.empty()) {
      ASSERT_LT(++n_steps, 20000) << "no progress, seed " << seed;
      for (const int64_t id : scheduler.Admit(kv).admitted) states.at(id).next_position = 0;
      const Slices slices = scheduler.Plan(kv);
      ASSERT_FALSE(slices.empty());
      int rows = 0;
      for (const auto& slice : slices) {
        State& state = states.at(slice.id);
        ASSERT_EQ(slice.position, state.next_position);
        state.next_position += slice.n_rows;
        ASSERT_LE(state.next_position, state.n_tokens);
        ASSERT_EQ(slice.gives_next, state.next_position == state.n_tokens);
        ASSERT_GE(kv.tokens(slice.id), state.next_position);
        rows += slice.n_rows;
      }
      ASSERT_LE(rows, budget);
      scheduler.Advance(slices);
      for (const auto& slice : slices) {
        if (!slice.gives_next) continue;
        State& state = states.at(slice.id);
        scheduler.Append(slice.id);
        if (++state.n_tokens < state.target) continue;
        scheduler.Remove(slice.id);
        kv.Release(slice.id);
        states.erase(slice.id);
      }
    }
    EXPECT_EQ(kv.free_pages(), all_pages);
    EXPECT_EQ(scheduler.running() + scheduler.waiting(), 0);
  }
}

}  // namespace
}  // namespace pioneer
