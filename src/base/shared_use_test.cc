#include "base/shared_use.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <optional>

#include "base/error.h"

namespace pioneer {
namespace {

class SharedUseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pioneer-use-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(SharedUseTest, TheFirstIsAloneAndTheLastLeavesItFree) {
  const fs::path file = folder_ / "lock";
  std::optional<SharedUse> first(file), second;
  EXPECT_TRUE(first->alone());
  first->Share();
  EXPECT_FALSE(first->alone());
  second.emplace(file);
  EXPECT_FALSE(second->alone());
  first.reset();
  EXPECT_FALSE(SharedUse(file).alone()) << "the second still uses it";
  second.reset();
  EXPECT_TRUE(SharedUse(file).alone());
}

TEST_F(SharedUseTest, OthersWaitForTheOneThatIsAlone) {
  const fs::path file = folder_ / "lock";
  SharedUse first(file);
  auto other = std::async(std::launch::async, [&] { return SharedUse(file).alone(); });
  EXPECT_EQ(other.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
  first.Share();
  EXPECT_FALSE(other.get());
}

TEST_F(SharedUseTest, AFileThatCannotBeIsAnError) {
  EXPECT_THROW(SharedUse(folder_ / "none" / "lock"), Error);
}

}  // namespace
}  // namespace pioneer
