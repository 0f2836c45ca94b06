// Why: a page found for the wrong text is a wrong answer, and one that is lost is memory lost.
#include "model/prefix_index.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <vector>

#include "base/random.h"

namespace pioneer {
namespace {

using Text = std::vector<int32_t>;

Text PageOf(int32_t first) {
  Text tokens(kKvPageTokens);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

TEST(PrefixIndexTest, FindsWhatFollowsTheSameTokensInTheSameDomain) {
  PrefixIndex index(1);
  const Text a = PageOf(10), b = PageOf(20);
  EXPECT_EQ(index.Find(PrefixIndex::kNone, "", a.data()), PrefixIndex::kNone);
  const int32_t first = index.Add(PrefixIndex::kNone, "", a.data(), 7);
  const int32_t second = index.Add(first, "", b.data(), 8);
  EXPECT_EQ(index.Find(PrefixIndex::kNone, "", a.data()), first);
  EXPECT_EQ(index.Find(first, "", b.data()), second);
  EXPECT_EQ(index.page(second), 8);
  EXPECT_EQ(index.Find(PrefixIndex::kNone, "", b.data()), PrefixIndex::kNone);
  EXPECT_EQ(index.Find(second, "", b.data()), PrefixIndex::kNone);
  EXPECT_EQ(index.Find(PrefixIndex::kNone, "poet@1", a.data()), PrefixIndex::kNone);
  Text other = a;
  other.back() += 1;
  EXPECT_EQ(index.Find(PrefixIndex::kNone, "", other.data()), PrefixIndex::kNone);
}

TEST(PrefixIndexTest, EvictsTheOldestLeafThatNobodyHolds) {
  PrefixIndex index(1);
  const Text a = PageOf(0), b = PageOf(1), c = PageOf(2);
  const int32_t root = index.Add(PrefixIndex::kNone, "", a.data(), 0);
  const int32_t old = index.Add(root, "", b.data(), 1);
  index.Hold(root);
  const int32_t young = index.Add(root, "", c.data(), 2);
  std::vector<int32_t> freed;
  EXPECT_FALSE(index.Evict(freed));
  index.Release(old);
  index.Release(root);
  EXPECT_EQ(index.n_idle(), 1);
  index.Release(young);
  index.Release(root);
  EXPECT_EQ(index.n_idle(), 3);
  EXPECT_TRUE(index.Evict(freed));
  EXPECT_EQ(freed, std::vector<int32_t>{1});
  EXPECT_EQ(index.Find(root, "", b.data()), PrefixIndex::kNone);
  EXPECT_TRUE(index.Evict(freed));
  EXPECT_TRUE(index.Evict(freed));
  EXPECT_EQ(freed, (std::vector<int32_t>{1, 2, 0}));
  EXPECT_FALSE(index.Evict(freed));
  EXPECT_EQ(index.n_idle(), 0);
}

TEST(PrefixIndexTest, StatesGoBeforePagesThatWereUsedLater) {
  PrefixIndex index(1);
  const Text a = PageOf(0), b = PageOf(1);
  const int32_t first = index.Add(PrefixIndex::kNone, "", a.data(), 0);
  index.SetState(first, {{1.5f}, {5, 6}, false});
  const int32_t second = index.Add(first, "", b.data(), 1);
  index.SetState(second, {{2.5f}, {7, 8}, false});
  EXPECT_EQ(index.n_idle(), 4);  // states, though their pages are held
  index.TouchState(first);
  std::vector<int32_t> freed;
  EXPECT_TRUE(index.Evict(freed));
  EXPECT_EQ(freed, (std::vector<int32_t>{7, 8}));
  EXPECT_EQ(index.state(second), nullptr);
  EXPECT_EQ(index.state(first)->values, std::vector<float>{1.5f});
  index.Release(second);
  index.Release(first);
  freed.clear();
  while (index.Evict(freed)) {
  }
  std::sort(freed.begin(), freed.end());
  EXPECT_EQ(freed, (std::vector<int32_t>{0, 1, 5, 6}));
  EXPECT_EQ(index.n_idle(), 0);
}

// Against a plain map of texts: few tokens, so that beginnings are shared; random holds and
// evictions.
TEST(PrefixIndexTest, EqualsAPlainMap) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    PrefixIndex index(seed);
    std::map<Text, int32_t> page_of;  // whole beginnings
    std::vector<std::vector<int32_t>> held;
    int32_t next_page = 0;
    for (int step = 0; step < 300; ++step) {
      if (random.Below(3) > 0) {
        Text text;
        std::vector<int32_t> nodes;
        for (uint64_t n = 1 + random.Below(5); n > 0; --n) {
          const Text page = PageOf(static_cast<int32_t>(random.Below(3)));
          const int32_t parent = nodes.empty() ? PrefixIndex::kNone : nodes.back();
          const int32_t found = index.Find(parent, "", page.data());
          text.insert(text.end(), page.begin(), page.end());
          const auto known = page_of.find(text);
          ASSERT_EQ(found != PrefixIndex::kNone, known != page_of.end());
          if (found != PrefixIndex::kNone) {
            ASSERT_EQ(index.page(found), known->second);
            index.Hold(found);
            nodes.push_back(found);
          } else {
            page_of[text] = next_page;
            nodes.push_back(index.Add(parent, "", page.data(), next_page++));
          }
        }
        held.push_back(nodes);
      } else if (!held.empty() && random.Below(2) == 0) {
        const size_t one = random.Below(held.size());
        for (auto it = held[one].rbegin(); it != held[one].rend(); ++it) index.Release(*it);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(one));
      } else {
        std::vector<int32_t> freed;
        const int64_t n_idle = index.n_idle();
        ASSERT_EQ(index.Evict(freed), n_idle > 0);
        ASSERT_EQ(index.n_idle(), n_idle - std::ssize(freed));
        for (const int32_t page : freed) {
          std::erase_if(page_of, [page](const auto& entry) { return entry.second == page; });
        }
      }
    }
    for (const auto& nodes : held) {
      for (auto it = nodes.rbegin(); it != nodes.rend(); ++it) index.Release(*it);
    }
    EXPECT_EQ(index.n_idle(), std::ssize(page_of));
    std::vector<int32_t> freed;
    while (index.Evict(freed)) {
    }
    EXPECT_EQ(freed.size(), page_of.size());
  }
}

}  // namespace
}  // namespace pioneer
