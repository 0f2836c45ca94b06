// Why: how many threads compute by default (UsableCores() of thread_pool.h). Two threads of one core
// share its multipliers, and all threads wait for the slowest wherever they meet, so physical cores
// count; and threads beyond the quota (rounded up) would have all stopped for tens of milliseconds.
#pragma once

#include <filesystem>
#include <span>

namespace pioneer {

// Physical cores that have any of these logical CPUs. `system_cpus` is /sys/devices/system/cpu; a
// CPU that it does not describe counts as a core.
int PhysicalCores(std::span<const int> cpus, const std::filesystem::path& system_cpus);

// The least CPU quota of this process's cgroup (version 2) and of those around it, in cores;
// infinity where there is none. `own` is /proc/self/cgroup, `groups` where cgroups are mounted.
double QuotaCores(const std::filesystem::path& own, const std::filesystem::path& groups);

}  // namespace pioneer
