// Why: several processes may have the index open, and one of them does the work of all.
#pragma once

#include <memory>
#include <string>

namespace pioneer::search {

// Goes with the process that has it, however it ends. One thread at a time.
class WorkLock {
 public:
  virtual ~WorkLock() = default;
  virtual bool TryAcquire() = 0;  // not to be called while it is held
  virtual void Release() = 0;
  // A lock that a server keeps is lost with the connection to it.
  virtual bool IsHeld() = 0;
};

// Of the index in that place. Throws what OpenSearchStore() throws.
std::unique_ptr<WorkLock> MakeWorkLock(const std::string& place);

}  // namespace pioneer::search
