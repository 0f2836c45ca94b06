#include "base/descriptor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/error.h"

namespace pioneer {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  Close();
  fd_ = other.Release();
  return *this;
}

int Descriptor::Release() { return std::exchange(fd_, -1); }

void Descriptor::Close() {
  if (fd_ >= 0) ::close(Release());
}

Descriptor MakeMemoryFile(std::string_view content) {
  Descriptor file(::memfd_create("pioneer", MFD_CLOEXEC));
  if (file.get() < 0) FailErrno("cannot make a file in memory");
  for (std::string_view rest = content; !rest.empty();) {
    const ssize_t n = ::write(file.get(), rest.data(), rest.size());
    if (n <= 0) FailErrno("cannot write a file in memory");
    rest.remove_prefix(static_cast<size_t>(n));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) FailErrno("cannot rewind a file in memory");
  return file;
}

Pipe::Pipe() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) FailErrno("cannot make a pipe");
  reading = Descriptor(ends[0]);
  writing = Descriptor(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

}  // namespace pioneer
