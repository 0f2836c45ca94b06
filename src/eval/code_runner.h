// Why: whether a model's program is right is found out by running it, and nobody has read it. Each
// program runs in a process of its own that the kernel confines:
//
//  - System calls: only those on a list (seccomp) that Python needs to compute and to read. None
//    opens a file for writing, changes a folder, makes a socket or a process, or sends a signal. So
//    there is no network, nothing can be written anywhere, and no child outlives the program.
//  - Files: read only from the system's program folders (/usr, /lib, ...), where the kernel has
//    Landlock; elsewhere it reads what this user may read, but can hand it to nobody except into
//    the output, which stands in the report.
//  - Memory, seconds, processor time and output are limited; no environment, no open files.
//
// What it does not protect from: holes in the kernel or the processor; and a program that uses its
// seconds and its memory to the full. Whoever judges models that may attack should do so in a
// virtual machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace pioneer::eval {

struct CodeLimits {
  double seconds = 10;
  int64_t memory_bytes = int64_t{1} << 30;
  size_t output_bytes = size_t{16} << 10;  // the rest is thrown away
};

struct CodeResult {
  bool passed = false;  // the program ran to its end without an error
  std::string problem;  // "" or why not: "took longer than 10 s", "ended with status 1", ...
  std::string output;   // stdout and stderr, valid UTF-8
};

// Thread-safe.
class CodeRunner {
 public:
  // Throws Error{kUnsupported} where there is no Python or the kernel cannot confine a program.
  explicit CodeRunner(const CodeLimits& limits = {});

  // Blocks. A program that ends itself early has not run to its end, whatever its status. Throws
  // Error{kCancelled}, kUnsupported (this system does not let the process confine itself).
  CodeResult RunPython(const std::string& program, const CancelToken& cancel = {}) const;

  bool confines_reading() const { return has_landlock_; }

 private:
  void CheckStarted(int status) const;

  const CodeLimits limits_;
  std::string python_;
  std::vector<uint64_t> filter_;  // of seccomp, one instruction each
  bool has_landlock_ = false;
};

}  // namespace pioneer::eval
