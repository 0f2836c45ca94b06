// Why: what nobody has read (a model's program, a stranger's file) is worked on in a process of its
// own, which is limited, may be confined, and cannot outlive its owner.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace pioneer {

// Statuses of a child that never became the program.
inline constexpr int kChildNotConfined = 125;
inline constexpr int kChildNotStarted = 126;

struct ChildLimits {
  uint64_t memory_bytes = 0;  // of address space; 0 = unlimited
  uint64_t cpu_seconds = 0;   // 0 = unlimited
  uint64_t file_bytes = 0;    // of every file that it writes
  uint64_t open_files = 64;
};

struct ChildCommand {
  std::vector<std::string> arguments;    // [0]: the program's whole path
  std::vector<std::string> environment;  // "NAME=value", all of it
  // Become 0, 1, 2 and 3; -1: nothing is there (0..2: /dev/null). All others are closed.
  int input = -1, output = -1, error = -1, extra = -1;
  ChildLimits limits;
  // The walls of base/confinement.h; null and -1: none.
  const std::vector<uint64_t>* filter = nullptr;
  int landlock_rules = -1;
};

// Killed and forgotten when this goes out of scope, and when the thread that started it ends. One
// thread.
class ChildProcess {
 public:
  // Throws Error{kIo}. That the program could not be started is told by its status.
  explicit ChildProcess(const ChildCommand& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Can be read from, as poll() says it, once the child has ended.
  int pidfd() const { return pidfd_.get(); }
  // Waits for the end. The status as waitpid() gives it.
  int Reap(bool kill_first);

 private:
  pid_t pid_ = -1;
  Descriptor pidfd_;
};

// "was ended by signal 9", "ended with status 1"; "" for status 0.
std::string DescribeChildStatus(int status);

}  // namespace pioneer
