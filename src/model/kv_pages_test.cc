// Why: pages must never be shared, never be lost, and never pass the limit.
#include "model/kv_pages.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <set>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr int kLayers = 3, kHeads = 2, kHeadDim = 8;
constexpr int64_t kPageBytes = int64_t{kLayers} * 2 * kHeads * kKvPageTokens * kHeadDim * 2;

TEST(KvPagePoolTest, HoldsToItsLimit) {
  KvPagePool pool(kLayers, kHeads, kHeadDim, 5 * kPageBytes + kPageBytes / 2);
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
  KvPagePool pool(kLayers, kHeads, kHeadDim, 4 * kPageBytes);
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
  constexpr int64_t kHalves = int64_t{kHeads} * kKvPageTokens * kHeadDim;
  KvPagePool pool(kLayers, kHeads, kHeadDim, 4 * kPageBytes);
  KvSequence a(pool), b(pool);
  ASSERT_TRUE(a.Reserve(2 * kKvPageTokens));
  ASSERT_TRUE(b.Reserve(2 * kKvPageTokens));
  std::set<uint16_t*> starts;
  const auto fill = [&](const KvSequence& sequence) {
    for (int layer = 0; layer < kLayers; ++layer) {
      for (int page = 0; page < 2; ++page) {
        for (uint16_t* half : {sequence.k_pages(layer)[page], sequence.v_pages(layer)[page]}) {
          starts.insert(half);
          std::fill(half, half + kHalves, uint16_t{7});  // the whole of it is writable
        }
      }
    }
  };
  fill(a);
  fill(b);
  ASSERT_EQ(starts.size(), size_t{2 * 2 * 2 * kLayers});
  for (auto it = starts.begin(); std::next(it) != starts.end(); ++it) {
    EXPECT_GE(*std::next(it) - *it, kHalves);
  }
}

TEST(KvPagePoolTest, AGenerousLimitCostsNothing) {
  KvPagePool pool(16, 8, 64, int64_t{64} << 30);
  KvSequence sequence(pool);
  ASSERT_TRUE(sequence.Reserve(100));
  sequence.k_pages(15)[3][0] = 1;
}

TEST(KvPagePoolTest, RefusesTheImpossible) {
  EXPECT_THROW(KvPagePool(kLayers, kHeads, kHeadDim, kPageBytes - 1), Error);
  EXPECT_THROW(KvPagePool(kLayers, kHeads, kHeadDim, -1), Error);
  EXPECT_THROW(KvPagePool(0, kHeads, kHeadDim, kPageBytes), Error);
  const int big = std::numeric_limits<int>::max();
  EXPECT_THROW(KvPagePool(big, big, big, std::numeric_limits<int64_t>::max()), Error);
}

}  // namespace
}  // namespace pioneer
