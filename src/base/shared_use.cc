#include "base/shared_use.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace pioneer {

SharedUse::SharedUse(const fs::path& lock_file) {
  fd_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) FailErrno(fmt::format("cannot open {}", lock_file.string()));
  alone_ = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
  if (!alone_) Share();
}

SharedUse::~SharedUse() { ::close(fd_); }

// Where a file system has no locks, nobody is ever alone and nobody waits.
void SharedUse::Share() {
  alone_ = false;
  while (::flock(fd_, LOCK_SH) != 0 && errno == EINTR) {
  }
}

}  // namespace pioneer
