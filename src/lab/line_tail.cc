#include "lab/line_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pioneer::lab {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

}  // namespace

LogFile::LogFile(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status = {};
  if (fd >= 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    fd_ = fd;
    id_ = static_cast<uint64_t>(status.st_ino);
    size_ = static_cast<int64_t>(status.st_size);
  } else if (fd >= 0) {
    ::close(fd);
  }
}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string LogFile::ReadAt(int64_t offset, size_t n) const {
  std::string bytes(n, '\0');
  const ssize_t got = fd_ < 0 ? 0 : ::pread(fd_, bytes.data(), n, static_cast<off_t>(offset));
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

void LineTail::Read(const std::function<void()>& on_restart,
                    const std::function<void(std::string_view)>& on_line) {
  const LogFile file(path_);
  if (file.id() != id_ || file.size() < offset_) {
    if (id_ != 0) on_restart();
    id_ = file.id();
    offset_ = 0;
    rest_.clear();
    too_long_ = false;
  }
  // Not further than the file reached at the beginning, so that one call ends.
  while (offset_ < file.size()) {
    const auto left = static_cast<size_t>(file.size() - offset_);
    const std::string bytes = file.ReadAt(offset_, std::min(kChunkBytes, left));
    if (bytes.empty()) return;
    offset_ += static_cast<int64_t>(bytes.size());
    Take(bytes, on_line);
  }
}

void LineTail::Take(std::string_view bytes, const std::function<void(std::string_view)>& on_line) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (rest_.size() + piece.size() > kMaxLineBytes) too_long_ = true;
    if (end == std::string_view::npos) {
      if (too_long_) {
        rest_.clear();
      } else {
        rest_ += piece;
      }
      return;
    }
    if (!too_long_ && rest_.empty()) {
      on_line(piece);
    } else if (!too_long_) {
      rest_ += piece;
      on_line(rest_);
    }
    rest_.clear();
    too_long_ = false;
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace pioneer::lab
