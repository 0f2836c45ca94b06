#include "search/index/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

namespace pioneer::search {

bool FolderLock::TryAcquire() {
  fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) FailErrno(fmt::format("cannot open {}", file_.string()));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
  Release();
  return false;
}

void FolderLock::Release() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace pioneer::search
