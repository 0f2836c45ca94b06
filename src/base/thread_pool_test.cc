#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace pioneer {
namespace {

TEST(ThreadPool, RunsOnEveryThreadOnce) {
  for (const int n : {1, 2, 5}) {
    ThreadPool pool(n);
    ASSERT_EQ(pool.size(), n);
    for (int round = 0; round < 20; ++round) {
      std::vector<std::atomic<int>> calls(n);
      pool.Run([&](int thread) { ++calls[thread]; });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, ParallelForCoversEveryIndexOnce) {
  ThreadPool pool(3);
  for (const int64_t n : {0, 1, 7, 64, 1000}) {
    for (const int64_t grain : {1, 3, 64, 2000}) {
      std::vector<std::atomic<int>> hits(n);
      pool.ParallelFor(n, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++hits[i];
      });
      for (const auto& count : hits) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(2);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        pool.ParallelFor(10, 1, [&](int64_t begin, int64_t) { sum += begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 20 * 45);
}

TEST(ThreadPool, DefaultSizeIsTheMachines) {
  EXPECT_GE(UsableCores(), 1);
  EXPECT_EQ(ThreadPool().size(), UsableCores());
}

}  // namespace
}  // namespace pioneer
