#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>

#include "base/error.h"

namespace pioneer {
namespace {

class FileDescriptor {
 public:
  FileDescriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ >= 0) return;
    if (errno == ENOENT) Fail(ErrorCode::kNotFound, "there is no file {}", path.string());
    FailErrno(fmt::format("cannot open {}", path.string()));
  }
  ~FileDescriptor() { ::close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

size_t RegularFileSize(int fd, const fs::path& path) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0) FailErrno(fmt::format("cannot read {}", path.string()));
  if (S_ISDIR(info.st_mode)) {
    Fail(ErrorCode::kInvalidArgument, "{} is a folder, not a file", path.string());
  }
  return static_cast<size_t>(info.st_size);
}

void SyncFolder(const fs::path& folder) {
  const FileDescriptor fd(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(fd.get()) != 0) FailErrno(fmt::format("cannot sync {}", folder.string()));
}

// Where files are mapped, by their first byte.
struct Mappings {
  std::mutex mutex;
  std::map<uintptr_t, size_t> sizes;
};

Mappings& AllMappings() {
  static Mappings mappings;
  return mappings;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string ReadFile(const fs::path& path, size_t max_bytes) {
  const FileDescriptor fd(path, O_RDONLY);
  std::string content;
  content.reserve(std::min(RegularFileSize(fd.get(), path), max_bytes));
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailErrno(fmt::format("cannot read {}", path.string()));
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > max_bytes) {
      Fail(ErrorCode::kInvalidArgument, "{} is larger than the limit of {} bytes", path.string(),
           max_bytes);
    }
  }
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.Write(content.data(), content.size());
  file.Commit();
}

AtomicFile::AtomicFile(const fs::path& path)
    : path_(path), temporary_path_(path.string() + fmt::format(".{}.tmp", ::getpid())) {
  fd_ = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) FailErrno(fmt::format("cannot write {}", path_.string()));
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_path_.c_str());
}

void AtomicFile::Write(const void* data, size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = ::write(fd_, next, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) FailErrno(fmt::format("cannot write {}", path_.string()));
    next += put;
    bytes -= static_cast<size_t>(put);
    offset_ += static_cast<uint64_t>(put);
  }
}

void AtomicFile::Commit() {
  if (::fsync(fd_) != 0) FailErrno(fmt::format("cannot write {}", path_.string()));
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    FailErrno(fmt::format("cannot replace {}", path_.string()));
  }
  ::close(fd_);
  fd_ = -1;
  SyncFolder(path_.parent_path());
}

MappedFile::MappedFile(const fs::path& path) {
  const FileDescriptor fd(path, O_RDONLY);
  size_ = RegularFileSize(fd.get(), path);
  if (size_ == 0) return;
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) FailErrno(fmt::format("cannot map {}", path.string()));
  data_ = static_cast<const std::byte*>(mapped);
  Mappings& all = AllMappings();
  const std::lock_guard lock(all.mutex);
  all.sizes.emplace(reinterpret_cast<uintptr_t>(data_), size_);
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  Mappings& all = AllMappings();
  const std::lock_guard lock(all.mutex);
  all.sizes.erase(reinterpret_cast<uintptr_t>(data_));
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::GiveBack(const void* data, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  Mappings& all = AllMappings();
  const std::lock_guard lock(all.mutex);
  auto mapping = all.sizes.upper_bound(begin);
  if (mapping == all.sizes.begin()) return;
  --mapping;
  if (begin - mapping->first >= mapping->second) return;
  // Outwards to whole pages: neighbours are read again, too. Shared pages of a file lose nothing.
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGE_SIZE));
  const uintptr_t first = begin / page * page;
  const uintptr_t end = std::min(begin + bytes, mapping->first + mapping->second);
  ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

fs::path PioneerHome() {
  fs::path home = Variable("PIONEER_HOME");
  if (home.empty() && !Variable("XDG_DATA_HOME").empty()) {
    home = fs::path(Variable("XDG_DATA_HOME")) / "pioneer";
  }
  if (home.empty()) home = fs::path(Variable("HOME")) / ".local/share/pioneer";
  std::error_code failure;
  fs::create_directories(home, failure);
  if (failure) {
    Fail(ErrorCode::kIo, "cannot create the data folder {}: {} (set PIONEER_HOME to another)",
         home.string(), failure.message());
  }
  return home;
}

fs::path PioneerCache() {
  if (const fs::path home = Variable("PIONEER_HOME"); !home.empty()) return home / "cache";
  if (const fs::path caches = Variable("XDG_CACHE_HOME"); !caches.empty())
    return caches / "pioneer";
  return fs::path(Variable("HOME")) / ".cache/pioneer";
}

}  // namespace pioneer
