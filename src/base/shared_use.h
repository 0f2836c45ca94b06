// Why: several processes may use the same data at once, but some work (tidying up what a crash
// left) is right only while nobody else does.
#pragma once

#include "base/file.h"

namespace pioneer {

// Says that this process uses what the lock file stands for, until it is destroyed or the process
// ends, however it ends. One thread.
class SharedUse {
 public:
  // Creates the file. Throws Error{kIo} when it cannot.
  explicit SharedUse(const fs::path& lock_file);
  ~SharedUse();
  SharedUse(const SharedUse&) = delete;
  SharedUse& operator=(const SharedUse&) = delete;

  // True until Share(), if nobody else used it when this began; others wait as long.
  bool alone() const { return alone_; }
  // Lets others in.
  void Share();

 private:
  int fd_ = -1;
  bool alone_ = false;
};

}  // namespace pioneer
