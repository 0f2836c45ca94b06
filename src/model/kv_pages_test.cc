// Why: pages must never be shared but where their tokens are equal, never be lost, and never pass
// the limit.
#include "model/kv_pages.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <vector>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr int kLayers = 3, kHeads = 2, kHeadDim = 8;
constexpr int64_t kPageBytes = int64_t{kLayers} * 2 * kHeads * kKvPageTokens * kHeadDim * 2;

TEST(KvPagePoolTest, HoldsToItsLimit) {
  KvPagePool pool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), 5 * kPageBytes + kPageBytes / 2);
  EXPECT_EQ(pool.page_bytes(), kPageBytes);
  EXPECT_EQ(pool.total_pages(), 5);
  EXPECT_EQ(pool.free_pages(), 5);
  KvSequence a(pool);
  EXPECT_EQ(a.k_pages(0), nullptr);
  EXPECT_TRUE(a.Reserve(0));
  EXPECT_EQ(a.capacity(), 0);
  EXPECT_TRUE(a.Reserve(1));
  EXPECT_EQ(a.capacity(), kKvPageTokens);
  EXPECT_TRUE(a.Reserve(kKvPageTokens));
  EXPECT_EQ(pool.free_pages(), 4);
  EXPECT_TRUE(a.Reserve(kKvPageTokens + 1));
  EXPECT_EQ(pool.free_pages(), 3);
  KvSequence b(pool);
  EXPECT_FALSE(b.Reserve(3 * kKvPageTokens + 1));
  EXPECT_FALSE(b.Reserve(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(b.capacity(), 0);
  EXPECT_EQ(pool.free_pages(), 3);
  EXPECT_TRUE(b.Reserve(3 * kKvPageTokens));
  EXPECT_FALSE(a.Reserve(2 * kKvPageTokens + 1));
  EXPECT_EQ(a.capacity(), 2 * kKvPageTokens);
}

TEST(KvPagePoolTest, PagesComeBack) {
  KvPagePool pool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), 4 * kPageBytes);
  for (int round = 0; round < 10; ++round) {
    auto a = std::make_unique<KvSequence>(pool);
    KvSequence b(pool);
    EXPECT_TRUE(a->Reserve(kKvPageTokens));
    EXPECT_TRUE(b.Reserve(3 * kKvPageTokens));
    EXPECT_EQ(pool.free_pages(), 0);
    a.reset();
    EXPECT_EQ(pool.free_pages(), 1);
    EXPECT_TRUE(b.Reserve(4 * kKvPageTokens));
  }
  EXPECT_EQ(pool.free_pages(), 4);
}

TEST(KvPagePoolTest, PagesDoNotOverlap) {
  constexpr int64_t kBytes = int64_t{kHeads} * kKvPageTokens * kHeadDim * 2;
  KvPagePool pool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), 4 * kPageBytes);
  KvSequence a(pool), b(pool);
  ASSERT_TRUE(a.Reserve(2 * kKvPageTokens));
  ASSERT_TRUE(b.Reserve(2 * kKvPageTokens));
  std::set<std::byte*> starts;
  const auto fill = [&](const KvSequence& sequence) {
    for (int layer = 0; layer < kLayers; ++layer) {
      for (int page = 0; page < 2; ++page) {
        for (std::byte* at : {sequence.k_pages(layer)[page], sequence.v_pages(layer)[page]}) {
          starts.insert(at);
          std::fill(at, at + kBytes, std::byte{7});  // the whole of it is writable
        }
      }
    }
  };
  fill(a);
  fill(b);
  ASSERT_EQ(starts.size(), size_t{2 * 2 * 2 * kLayers});
  for (auto it = starts.begin(); std::next(it) != starts.end(); ++it) {
    EXPECT_GE(*std::next(it) - *it, kBytes);
  }
}

TEST(KvPagePoolTest, AGenerousLimitCostsNothing) {
  KvPagePool pool(MemoryPlan::Uniform(16, 8, 64), int64_t{64} << 30);
  KvSequence sequence(pool);
  ASSERT_TRUE(sequence.Reserve(100));
  sequence.k_pages(15)[3][0] = std::byte{1};
}

// Layers differ in size; some store nothing.
TEST(KvPagePoolTest, LayersMayDiffer) {
  const MemoryPlan plan{{{2, 8, 8}, {}, {1, 24, 16}, {4, 4, 12}}, 0};
  constexpr int64_t kTokenHalves = 2 * 16 + 40 + 4 * 16;
  EXPECT_EQ(plan.PageBytes(), kTokenHalves * kKvPageTokens * 2);
  KvPagePool pool(plan, plan.BytesFor(64));
  KvSequence sequence(pool);
  ASSERT_TRUE(sequence.Reserve(64));
  EXPECT_EQ(sequence.v_pages(0)[0] - sequence.k_pages(0)[0], 2 * 8 * kKvPageTokens * 2);
  EXPECT_EQ(sequence.k_pages(2)[0] - sequence.v_pages(0)[0], 2 * 8 * kKvPageTokens * 2);
  EXPECT_EQ(sequence.v_pages(2)[0] - sequence.k_pages(2)[0], 24 * kKvPageTokens * 2);
  EXPECT_EQ(sequence.k_pages(3)[1] - sequence.v_pages(2)[1], 16 * kKvPageTokens * 2);
  EXPECT_EQ(sequence.k_pages(1), nullptr);
}

// 32 numbers of 8 or 4 bits and a scale of 16.
TEST(KvPagePoolTest, TypesTakeWhatTheyNeed) {
  MemoryPlan plan{{{2, 64, 64}, {}, {1, 96, 32}}, 0};
  constexpr int64_t kNumbers = (2 * 128 + 128) * kKvPageTokens;
  plan.types = {KvType::kBf16, KvType::kF16};
  EXPECT_EQ(plan.PageBytes(), kNumbers * 2);
  plan.types = {KvType::kQ8_0, KvType::kQ8_0};
  EXPECT_EQ(plan.PageBytes(), kNumbers / 32 * 34);
  plan.types = {KvType::kQ4_0, KvType::kQ4_0};
  EXPECT_EQ(plan.PageBytes(), kNumbers / 32 * 18);
  plan.types = {KvType::kF16, KvType::kQ4_0};
  KvPagePool pool(plan, plan.BytesFor(64));
  KvSequence sequence(pool);
  EXPECT_EQ(sequence.types().v, KvType::kQ4_0);
  ASSERT_TRUE(sequence.Reserve(64));
  EXPECT_EQ(sequence.k_pages(2)[0] - sequence.v_pages(0)[0], 2 * 64 / 32 * 18 * kKvPageTokens);
}

TEST(KvPagePoolTest, StatesCountAsPages) {
  MemoryPlan plan = MemoryPlan::Uniform(kLayers, kHeads, kHeadDim);
  plan.state_floats = kPageBytes / 4 * 2 + 1;
  EXPECT_EQ(plan.StatePages(), 3);
  EXPECT_EQ(plan.BytesFor(1), 4 * kPageBytes);
  EXPECT_THROW(KvPagePool(plan, 3 * kPageBytes), Error);
  KvPagePool pool(plan, 9 * kPageBytes);
  EXPECT_EQ(pool.max_tokens(), 6 * kKvPageTokens);
  auto a = std::make_unique<KvSequence>(pool);
  EXPECT_EQ(a->state(), nullptr);
  ASSERT_TRUE(a->Reserve(1));
  EXPECT_EQ(pool.free_pages(), 5);
  a->state()[plan.state_floats - 1] = 5;
  const float* place = a->state();
  ASSERT_TRUE(a->Reserve(kKvPageTokens + 1));
  EXPECT_EQ(pool.free_pages(), 4);
  EXPECT_EQ(a->state(), place);
  EXPECT_EQ(a->state()[plan.state_floats - 1], 5);
  KvSequence b(pool);
  EXPECT_FALSE(b.Reserve(kKvPageTokens + 1));
  EXPECT_EQ(b.state(), nullptr);
  ASSERT_TRUE(b.Reserve(1));
  EXPECT_EQ(pool.free_pages(), 0);
  a.reset();
  EXPECT_EQ(pool.free_pages(), 5);
}

std::vector<int32_t> Tokens(int n, int32_t first = 0) {
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

TEST(KvPagePoolTest, PublishedPagesAreSharedAndStay) {
  KvPagePool pool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), 6 * kPageBytes);
  const std::vector<int32_t> tokens = Tokens(80);
  auto a = std::make_unique<KvSequence>(pool);
  EXPECT_EQ(a->Adopt(tokens).n_tokens, 0);
  ASSERT_TRUE(a->Reserve(80));
  a->Publish(tokens);
  std::byte* const second = a->v_pages(2)[1];
  a.reset();
  EXPECT_EQ(pool.free_pages(), 6);
  EXPECT_EQ(pool.cached_pages(), 2);  // the third was not full

  KvSequence b(pool), c(pool), other(pool, "adapter");
  EXPECT_EQ(other.Adopt(tokens).n_tokens, 0);
  EXPECT_EQ(b.Adopt(tokens).n_tokens, 64);
  EXPECT_EQ(c.Adopt(Tokens(63)).n_tokens, 32);
  EXPECT_EQ(pool.free_pages(), 4);
  EXPECT_EQ(pool.cached_pages(), 0);
  ASSERT_TRUE(b.Reserve(80));
  ASSERT_TRUE(c.Reserve(63));
  EXPECT_EQ(b.v_pages(2)[1], second);
  EXPECT_EQ(b.k_pages(0)[0], c.k_pages(0)[0]);
  EXPECT_NE(b.k_pages(0)[1], c.k_pages(0)[1]);
  EXPECT_EQ(pool.free_pages(), 2);
  EXPECT_FALSE(other.Reserve(65));  // what is held is not evicted
}

TEST(KvPagePoolTest, WhoPublishesSecondTakesTheFirstOnesPages) {
  KvPagePool pool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), 6 * kPageBytes);
  const std::vector<int32_t> tokens = Tokens(64);
  KvSequence a(pool), b(pool);
  ASSERT_TRUE(a.Reserve(64));
  ASSERT_TRUE(b.Reserve(64));
  a.Publish(tokens);
  b.Publish(std::span(tokens).first(40));
  EXPECT_EQ(b.k_pages(1)[0], a.k_pages(1)[0]);
  EXPECT_NE(b.k_pages(1)[1], a.k_pages(1)[1]);
  EXPECT_EQ(pool.free_pages(), 3);
  b.Publish(tokens);
  EXPECT_EQ(b.k_pages(1)[1], a.k_pages(1)[1]);
  EXPECT_EQ(pool.free_pages(), 4);
}

TEST(KvPagePoolTest, KeptPagesGiveWay) {
  KvPagePool pool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), 4 * kPageBytes);
  for (int32_t text = 0; text < 10; ++text) {
    KvSequence one(pool);
    const std::vector<int32_t> tokens = Tokens(3 * kKvPageTokens, 1000 * text);
    ASSERT_TRUE(one.Reserve(3 * kKvPageTokens));
    one.Publish(tokens);
    EXPECT_EQ(pool.free_pages(), 1);
  }
  EXPECT_EQ(pool.free_pages(), 4);
  // Of the last text but one only the first page is left: its end went first.
  EXPECT_EQ(KvSequence::FindKnown(pool, "", Tokens(96, 9000)).n_tokens, 96);
  EXPECT_EQ(KvSequence::FindKnown(pool, "", Tokens(96, 8000)).n_tokens, 32);
  KvSequence all(pool);
  EXPECT_TRUE(all.Reserve(4 * kKvPageTokens));
  EXPECT_EQ(pool.cached_pages(), 0);
}

TEST(KvPagePoolTest, ABeginningOfARecurrentModelEndsWhereAStateIsKept) {
  MemoryPlan plan = MemoryPlan::Uniform(kLayers, kHeads, kHeadDim);
  plan.state_floats = kPageBytes / 4 + 1;  // two pages
  KvPagePool pool(plan, 16 * kPageBytes);
  const std::vector<int32_t> tokens = Tokens(100);
  auto a = std::make_unique<KvSequence>(pool);
  ASSERT_TRUE(a->Reserve(100));
  for (const int n : {32, 64, 96}) {
    a->state()[3] = static_cast<float>(n);
    a->Publish(std::span(tokens).first(n));
    if (n == 64) a->KeepState(false);
  }
  a.reset();
  EXPECT_EQ(pool.free_pages(), 16);
  EXPECT_EQ(pool.cached_pages(), 3 + 2);
  KvSequence b(pool);
  const KvSequence::Known known = b.Adopt(tokens);
  EXPECT_EQ(known.n_tokens, 64);
  EXPECT_EQ(known.n_matched, 96);
  ASSERT_TRUE(b.Reserve(100));
  EXPECT_EQ(b.state()[3], 64.0f);
  EXPECT_EQ(pool.free_pages(), 16 - 4 - 2);
  b.Publish(tokens);
  EXPECT_EQ(pool.free_pages(), 16 - 4 - 2);  // its third page was there already
}

TEST(KvPagePoolTest, APassingStateMovesOn) {
  MemoryPlan plan = MemoryPlan::Uniform(kLayers, kHeads, kHeadDim);
  plan.state_floats = 4;
  KvPagePool pool(plan, 16 * kPageBytes);
  const std::vector<int32_t> tokens = Tokens(128);
  KvSequence a(pool);
  ASSERT_TRUE(a.Reserve(128));
  for (const int n : {32, 64, 96, 128}) {
    a.state()[0] = static_cast<float>(n);
    a.Publish(std::span(tokens).first(n));
    a.KeepState(n != 64);
  }
  const auto known = [&](int n) {
    return KvSequence::FindKnown(pool, "", std::span(tokens).first(n)).n_tokens;
  };
  EXPECT_EQ(known(32), 0);
  EXPECT_EQ(known(64), 64);
  EXPECT_EQ(known(96), 64);
  EXPECT_EQ(known(128), 128);
  EXPECT_EQ(pool.free_pages(), 16 - 4 - 1);
  EXPECT_EQ(pool.cached_pages(), 2);
}

TEST(KvPagePoolTest, RefusesTheImpossible) {
  EXPECT_THROW(KvPagePool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), kPageBytes - 1), Error);
  EXPECT_THROW(KvPagePool(MemoryPlan::Uniform(kLayers, kHeads, kHeadDim), -1), Error);
  EXPECT_THROW(KvPagePool(MemoryPlan::Uniform(kLayers, -1, kHeadDim), kPageBytes), Error);
  const int big = std::numeric_limits<int>::max();
  EXPECT_THROW(
      KvPagePool(MemoryPlan::Uniform(kLayers, big, big), std::numeric_limits<int64_t>::max()),
      Error);
}

}  // namespace
}  // namespace pioneer
