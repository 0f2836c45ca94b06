#include "base/memory.h"

#include <gtest/gtest.h>

namespace pioneer {
namespace {

TEST(UsableMemory, IsWithinReason) {
  EXPECT_GT(UsableMemoryBytes(), int64_t{16} << 20);
  EXPECT_LT(UsableMemoryBytes(), int64_t{1} << 50);
}

}  // namespace
}  // namespace pioneer
