// Why: models come and go under load; nobody may wait for another's model, and memory has a limit.
#include "serve/model_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>

#include "engine/fake_generator.h"
#include "serve/api_error.h"

namespace pioneer::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ManualClock : public Clock {
 public:
  int64_t MonotonicNs() const override { return now_ns; }
  int64_t UnixMs() const override { return now_ns / 1'000'000; }
  std::atomic<int64_t> now_ns{1'000'000'000};
};

// Loads when the test opens it.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // False when cancelled first.
  bool Pass(const CancelToken& cancel) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    while (!open_ && !cancel.cancelled()) changed_.wait_for(lock, std::chrono::milliseconds(5));
    return open_;
  }
  void AwaitWaiting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false, waiting_ = false;
};

class ModelRegistryTest : public ::testing::Test {
 protected:
  ServedModel Model(const std::string& id, int64_t bytes = 10) {
    ServedModel model;
    model.info.id = id;
    model.bytes = bytes;
    model.load = [this, id](const CancelToken&) {
      const std::lock_guard lock(mutex);
      loaded.push_back(id);
      GeneratorInfo info;
      info.id = id;
      return std::make_shared<FakeGenerator>(info);
    };
    return model;
  }
  void Serve(std::vector<ServedModel> models, ModelLimits limits = {}) {
    registry.Serve(std::move(models), limits);
    EXPECT_TRUE(registry.WaitForDefault(10'000));
  }
  ModelState StateOf(const std::string& id) { return registry.Status(id).state; }
  void ExpectError(const std::string& id, int status, const std::string& words) {
    try {
      registry.Find(id);
      ADD_FAILURE() << "no error";
    } catch (const ApiError& error) {
      EXPECT_EQ(error.status, status) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  }
  void AwaitState(const std::string& id, ModelState state) {
    while (StateOf(id) != state) std::this_thread::yield();
  }

  std::mutex mutex;
  std::vector<std::string> loaded;
  ManualClock clock;
  ModelRegistry registry{{}, clock};
};

TEST_F(ModelRegistryTest, LoadsTheDefaultAtOnceAndOthersOnFirstUse) {
  ExpectError("", 503, "still being loaded");
  Serve({Model("a"), Model("b")});
  EXPECT_EQ(StateOf(""), ModelState::kLoaded);
  EXPECT_EQ(StateOf("b"), ModelState::kUnloaded);
  EXPECT_EQ(registry.Find("b")->info().id, "b");
  EXPECT_EQ(registry.Find("b")->info().id, "b");
  EXPECT_EQ(registry.Find("")->info().id, "a");
  EXPECT_THAT(loaded, ElementsAre("a", "b"));
  EXPECT_EQ(registry.All().size(), 2u);
  ExpectError("c", 404, "known models: a, b");
}

TEST_F(ModelRegistryTest, AnAdapterIsOfferedAsAModel) {
  ServedModel base = Model("b");
  base.info.adapters = {{"poet", 0.5}, {"lawyer", 1.0}};
  Serve({Model("a"), base});
  std::vector<std::string> ids;
  for (const ModelStatus& status : registry.Statuses()) ids.push_back(status.info.id);
  EXPECT_THAT(ids, ElementsAre("a", "b", "poet", "lawyer"));
  EXPECT_EQ(registry.Status("poet").info.base, "b");
  EXPECT_EQ(StateOf("poet"), ModelState::kUnloaded);
  const auto poet = registry.Find("poet");
  EXPECT_EQ(poet->info().id, "poet");
  EXPECT_EQ(poet->info().base, "b");
  EXPECT_EQ(StateOf("b"), ModelState::kLoaded);
  registry.Find("lawyer");
  EXPECT_THAT(loaded, ElementsAre("a", "b")) << "one model for all";
  ExpectError("c", 404, "known models: a, b, poet, lawyer");
}

TEST_F(ModelRegistryTest, LoadingDoesNotBlockOthers) {
  Gate gate;
  ServedModel slow = Model("slow");
  slow.load = [&, load = slow.load](const CancelToken& cancel) {
    gate.Pass(cancel);
    return load(cancel);
  };
  Serve({Model("a"), slow});
  auto waiting = std::async(std::launch::async, [&] { return registry.Find("slow"); });
  auto second = std::async(std::launch::async, [&] { return registry.Find("slow"); });
  gate.AwaitWaiting();
  EXPECT_EQ(StateOf("slow"), ModelState::kLoading);
  EXPECT_EQ(registry.Find("a")->info().id, "a");
  gate.Open();
  EXPECT_EQ(waiting.get()->info().id, "slow");
  EXPECT_EQ(second.get()->info().id, "slow");
  EXPECT_THAT(loaded, ElementsAre("a", "slow"));
}

TEST_F(ModelRegistryTest, TheLeastRecentlyUsedMakesRoom) {
  Serve({Model("a"), Model("b"), Model("c")}, {.memory_bytes = 20});
  clock.now_ns += 1000;
  registry.Find("b");
  clock.now_ns += 1000;
  registry.Find("a");
  registry.Find("c");
  EXPECT_EQ(StateOf("b"), ModelState::kUnloaded);
  EXPECT_EQ(StateOf("a"), ModelState::kLoaded);
  EXPECT_EQ(registry.unloads_total(), 1);
}

TEST_F(ModelRegistryTest, WhatIsUsedStays) {
  Serve({Model("a"), Model("b"), Model("huge", 100)}, {.memory_bytes = 15});
  auto held = registry.Find("a");
  ExpectError("b", 503, "try again in a moment");
  ExpectError("huge", 507, "--memory");
  EXPECT_EQ(StateOf("a"), ModelState::kLoaded);
  held.reset();
  EXPECT_EQ(registry.Find("b")->info().id, "b");
  EXPECT_EQ(StateOf("a"), ModelState::kUnloaded);
  EXPECT_EQ(registry.Find("a")->info().id, "a");
}

TEST_F(ModelRegistryTest, IdleModelsAreUnloadedButTheDefault) {
  Serve({Model("a"), Model("b"), Model("used")}, {.unload_after_ms = 60'000});
  registry.Find("b");
  const auto held = registry.Find("used");
  clock.now_ns += 61'000'000'000;
  AwaitState("b", ModelState::kUnloaded);
  EXPECT_EQ(StateOf("a"), ModelState::kLoaded);
  EXPECT_EQ(StateOf("used"), ModelState::kLoaded);
}

TEST_F(ModelRegistryTest, AFailureIsToldAndTriedAgainLater) {
  std::atomic<int> tries = 0;
  ServedModel broken = Model("broken");
  broken.load = [&, load = broken.load](const CancelToken& cancel) {
    if (++tries == 1) Fail(ErrorCode::kCorruptFile, "x.gguf: it is cut off");
    return load(cancel);
  };
  Serve({Model("a"), broken});
  ExpectError("broken", 500, "it is cut off");
  ExpectError("broken", 500, "it is cut off");
  EXPECT_EQ(tries, 1);
  const ModelStatus status = registry.Status("broken");
  EXPECT_EQ(status.state, ModelState::kFailed);
  EXPECT_THAT(status.problem, HasSubstr("x.gguf"));
  clock.now_ns += 20'000'000'000;
  EXPECT_EQ(registry.Find("broken")->info().id, "broken");
  EXPECT_EQ(StateOf("broken"), ModelState::kLoaded);
}

TEST_F(ModelRegistryTest, StoppingEndsLoadingAtOnce) {
  Gate gate;
  ServedModel endless = Model("endless");
  endless.load = [&](const CancelToken& cancel) -> std::shared_ptr<Generator> {
    gate.Pass(cancel);
    cancel.Check();
    return nullptr;
  };
  Serve({Model("a"), endless});
  auto waiting = std::async(std::launch::async, [&] { ExpectError("endless", 503, "stopping"); });
  gate.AwaitWaiting();
  registry.Stop();
  waiting.get();
  EXPECT_EQ(registry.Find("a")->info().id, "a");
}

TEST_F(ModelRegistryTest, FindsModelsThatCameLater) {
  std::vector<ServedModel> on_disk;
  registry.Serve({Model("a")}, {}, [&] { return on_disk; });
  ASSERT_TRUE(registry.WaitForDefault(10'000));
  ExpectError("late", 404, "late");
  on_disk = {Model("late"), Model("a")};
  ExpectError("late", 404, "late");  // not looked for again so soon
  clock.now_ns += 3'000'000'000;
  EXPECT_EQ(registry.Find("late")->info().id, "late");
  EXPECT_EQ(registry.Statuses().size(), 2u);
}

}  // namespace
}  // namespace pioneer::serve
