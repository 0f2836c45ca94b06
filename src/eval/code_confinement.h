// Why: the two walls around a model's program (see code_runner.h), each made before the process
// starts: between fork and exec only system calls are allowed.
#pragma once

#include <cstdint>
#include <vector>

namespace pioneer::eval {

// The seccomp filter as the kernel takes it. Throws Error{kUnsupported}.
std::vector<uint64_t> MakeSystemCallFilter();

// A Landlock rule set that lets a process read and run the system's programs and nothing else; -1
// where the kernel has none. The caller closes it.
int MakeLandlockRules();

// In the child, after fork: no more privileges, only these files, only these system calls. False
// when the kernel refuses. Only system calls are made.
bool ConfineThisProcess(const std::vector<uint64_t>& filter, int landlock_rules);

}  // namespace pioneer::eval
