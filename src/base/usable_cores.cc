// Why: the kernel says in three places what a process may use: its affinity, the topology of the
// processors and the quotas of its cgroups.
#include "base/usable_cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace pioneer {
namespace {

namespace fs = std::filesystem;
constexpr double kNoQuota = std::numeric_limits<double>::infinity();

std::vector<int> CpusOfAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// "QUOTA PERIOD" in microseconds, or "max PERIOD".
double QuotaOf(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return kNoQuota;
  return std::strtod(quota.c_str(), nullptr) / period;
}

// The path of the version 2 group within the mount: "0::/a/b" is a/b. Empty where it is not below.
fs::path OwnGroup(const fs::path& own) {
  constexpr char kVersion2[] = "0::/";
  std::ifstream file(own);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kVersion2)) continue;
    const fs::path group = line.substr(sizeof kVersion2 - 1);
    const bool below = std::ranges::none_of(group, [](const auto& part) { return part == ".."; });
    return below && group.is_relative() ? group : fs::path();
  }
  return {};
}

}  // namespace

int PhysicalCores(std::span<const int> cpus, const fs::path& system_cpus) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const std::string name = "cpu" + std::to_string(cpu);
    std::string siblings;
    for (const char* file : {"core_cpus_list", "thread_siblings_list"}) {
      if (std::ifstream(system_cpus / name / "topology" / file) >> siblings) break;
    }
    cores.insert(siblings.empty() ? name : siblings);
  }
  return static_cast<int>(cores.size());
}

double QuotaCores(const fs::path& own, const fs::path& groups) {
  double least = QuotaOf(groups);
  fs::path group = groups;
  for (const fs::path& part : OwnGroup(own)) {
    group /= part;
    least = std::min(least, QuotaOf(group));
  }
  return least;
}

int UsableCores() {
  const int cores = PhysicalCores(CpusOfAffinity(), "/sys/devices/system/cpu");
  const double quota = QuotaCores("/proc/self/cgroup", "/sys/fs/cgroup");
  return std::max(1, static_cast<int>(std::min<double>(cores, std::ceil(quota))));
}

}  // namespace pioneer
