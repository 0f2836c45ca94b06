// Why: the two walls around work on what strangers wrote: which system calls there are (seccomp)
// and which files (Landlock). Both are made before a process starts: between fork and exec only
// system calls are allowed.
#pragma once

#include <cstdint>
#include <vector>

namespace pioneer {

enum class CallList {
  kProgram,    // start a program, compute, read files; no writing to new files, sockets, processes
  kComputing,  // work on what is open already: nothing can be opened or started
};

// The seccomp filter as the kernel takes it. Throws Error{kUnsupported}.
std::vector<uint64_t> MakeSystemCallFilter(CallList calls);

enum class FileReach {
  kSystemPrograms,  // /usr, /lib and the like can be read and run, nothing else
  kNothing,
};

// A Landlock rule set; -1 where the kernel has none. The caller closes it.
int MakeLandlockRules(FileReach reach);

// In the process that is to be confined, from now on: no more privileges, only these files, only
// these system calls. `landlock_rules` -1: files are not confined. False when the kernel refuses.
// Only system calls are made.
bool ConfineThisProcess(const std::vector<uint64_t>& filter, int landlock_rules);

}  // namespace pioneer
