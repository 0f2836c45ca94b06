#include "base/usable_cores.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace pioneer {
namespace {

class UsableCoresTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void SetUp() override {
    root_ = testing::TempDir() + "/usable_cores_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
};

TEST_F(UsableCoresTest, ThreadsOfOneCoreCountOnce) {
  Write("cpu0/topology/core_cpus_list", "0,4\n");
  Write("cpu4/topology/core_cpus_list", "0,4\n");
  Write("cpu1/topology/thread_siblings_list", "1,5\n");  // older kernels
  Write("cpu5/topology/thread_siblings_list", "1,5\n");
  EXPECT_EQ(PhysicalCores(std::vector{0, 1, 4, 5}, root_), 2);
  EXPECT_EQ(PhysicalCores(std::vector{4}, root_), 1);
  EXPECT_EQ(PhysicalCores(std::vector{0, 4, 7, 8}, root_), 3);  // 7 and 8 are not described
}

TEST_F(UsableCoresTest, TheLeastQuotaAroundCounts) {
  Write("own", "3:cpuset:/\n0::/system.slice/pioneer.service\n");
  EXPECT_EQ(QuotaCores(root_ / "own", root_), INFINITY);
  Write("cpu.max", "max 100000\n");
  Write("system.slice/pioneer.service/cpu.max", "350000 100000\n");
  EXPECT_EQ(QuotaCores(root_ / "own", root_), 3.5);
  Write("system.slice/cpu.max", "200000 100000\n");
  EXPECT_EQ(QuotaCores(root_ / "own", root_), 2);
  Write("cpu.max", "50000 100000\n");
  EXPECT_EQ(QuotaCores(root_ / "own", root_), 0.5);
}

TEST_F(UsableCoresTest, AGroupOutsideTheMountHasItsQuotaAtTheMount) {
  Write("own", "0::/../../elsewhere\n");
  Write("cpu.max", "100000 100000\n");
  EXPECT_EQ(QuotaCores(root_ / "own", root_), 1);
  EXPECT_EQ(QuotaCores(root_ / "missing", root_), 1);
}

TEST_F(UsableCoresTest, AreAtLeastOne) { EXPECT_GE(UsableCores(), 1); }

}  // namespace
}  // namespace pioneer
