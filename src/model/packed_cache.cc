#include "model/packed_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "model/gguf_format.h"

namespace pioneer {
namespace {

constexpr std::string_view kMark = "Pioneer packed weights 1\n";
constexpr std::string_view kExtension = ".packed", kPartExtension = ".packed.part";
constexpr size_t kBootBytes = 40;
// Large pages can be mapped where the file's parts begin at their multiples.
constexpr uint64_t kDataAlignment = uint64_t{2} << 20;
constexpr size_t kMaxHeadBytes = size_t{64} << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// The line of a file that counts whatever happens to the machine.
const std::string& SealedLine() {
  static const std::string line(kBootBytes, ' ');
  return line;
}

// That of one which counts until the machine starts again; sealed where boots have no name.
const std::string& BootLine() {
  static const std::string line = [] {
    std::string boot;
    try {
      boot = ReadFile("/proc/sys/kernel/random/boot_id", 4096);
    } catch (const Error&) {
    }
    std::erase(boot, '\n');
    boot.resize(kBootBytes, ' ');
    return boot;
  }();
  return line;
}

std::string HeadOf(const PackedKey& key) {
  return fmt::format("{}{}\n{} bytes\n{}", kMark, BootLine(), key.bytes, key.directory);
}

uint64_t DataOffset(const std::string& head) { return AlignUp(head.size(), kDataAlignment); }

bool ReadAt(int fd, char* out, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(fd, out + done, bytes - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool WriteAt(int fd, const void* data, size_t bytes, uint64_t offset) {
  const auto* next = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    const ssize_t put = ::pwrite(fd, next, bytes, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    next += put;
    offset += static_cast<uint64_t>(put);
    bytes -= static_cast<size_t>(put);
  }
  return true;
}

// Whether the file has the head, and is sealed; nullopt when it is not the one wanted.
std::optional<bool> CheckHead(int fd, const std::string& head, size_t bytes) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return {};
  if (static_cast<uint64_t>(info.st_size) != DataOffset(head) + bytes) return {};
  std::string found(head.size(), '\0');
  if (!ReadAt(fd, found.data(), found.size())) return {};
  const bool sealed = std::string_view(found).substr(kMark.size(), kBootBytes) == SealedLine();
  if (sealed) found.replace(kMark.size(), kBootBytes, BootLine());
  if (found != head) return {};
  return sealed;
}

bool IsSameFile(int fd, const fs::path& path) {
  struct stat open = {}, named = {};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

// Opens the file and locks it; it is removed or renamed only by who holds the lock.
int OpenLocked(const fs::path& path, const CancelToken& cancel) {
  constexpr auto kPoll = std::chrono::milliseconds(20);
  constexpr auto kPatience = std::chrono::minutes(10);
  const auto begin = std::chrono::steady_clock::now();
  for (bool waited = false;;) {
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (fd.get() < 0) FailErrno(fmt::format("cannot write {}", path.string()));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      if (IsSameFile(fd.get(), path)) return fd.Release();
      continue;  // it got its final name, or was removed, before it was locked
    }
    if (errno != EWOULDBLOCK) FailErrno(fmt::format("cannot lock {}", path.string()));
    if (std::chrono::steady_clock::now() - begin > kPatience) {
      Fail(ErrorCode::kIo, "another process holds {} for too long", path.string());
    }
    if (!std::exchange(waited, true)) {
      spdlog::info("another process is packing this model's weights: waiting for it");
    }
    cancel.Check();
    std::this_thread::sleep_for(kPoll);
  }
}

// What a process left that ended while it wrote.
void RemoveIfAbandoned(const fs::path& part) {
  const Descriptor fd(::open(part.c_str(), O_RDWR | O_CLOEXEC));
  if (fd.get() < 0 || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (IsSameFile(fd.get(), part)) ::unlink(part.c_str());
}

int64_t NanosecondsOf(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Oldest first, until `bytes` more are within the limit.
void MakeRoom(const PackedCache& cache, const fs::path& path, int64_t bytes) {
  const int64_t limit = PackedCacheLimit(cache);
  if (bytes > limit) {
    Fail(ErrorCode::kOutOfMemory, "they take {}, and {} may take {}",
         FormatBytes(static_cast<double>(bytes)), cache.folder.string(),
         FormatBytes(static_cast<double>(limit)));
  }
  std::vector<PackedCacheEntry> entries = ListPackedFiles(cache.folder);
  int64_t used = bytes;
  for (const PackedCacheEntry& entry : entries) used += entry.path == path ? 0 : entry.bytes;
  for (; used > limit && !entries.empty(); entries.pop_back()) {
    const PackedCacheEntry& oldest = entries.back();
    if (oldest.path == path) continue;
    std::error_code ignored;
    fs::remove(oldest.path, ignored);
    used -= oldest.bytes;
  }
}

}  // namespace

std::shared_ptr<const PackedFile> PackedFile::Find(const PackedCache& cache, const PackedKey& key) {
  const fs::path path = cache.folder / (key.name + std::string(kExtension));
  int fd_or_error = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd_or_error < 0) fd_or_error = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Descriptor fd(fd_or_error);
  if (fd.get() < 0) return nullptr;
  const std::string head = HeadOf(key);
  const std::optional<bool> sealed = CheckHead(fd.get(), head, key.bytes);
  if (!sealed) return nullptr;
  const timespec times[] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  ::futimens(fd.get(), times);
  try {
    return std::make_shared<const PackedFile>(fd.Release(), DataOffset(head), key.bytes, *sealed);
  } catch (const Error& error) {
    spdlog::warn("{}", error.what());
    return nullptr;
  }
}

PackedFile::PackedFile(int fd, uint64_t data_offset, size_t bytes, bool sealed)
    : fd_(fd), bytes_(bytes) {
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(data_offset));
  if (mapped == MAP_FAILED) {
    const int reason = errno;
    ::close(fd_);
    errno = reason;
    FailErrno("cannot map packed weights");
  }
  data_ = static_cast<const std::byte*>(mapped);
  ::madvise(mapped, bytes, MADV_HUGEPAGE);  // read, and mapped, in large pages where it can be
  if (sealed) return;
  sealing_ = true;
  sealer_ = std::thread([this, data_offset] { Seal(data_offset); });
}

PackedFile::~PackedFile() {
  stopping_ = true;
  if (sealer_.joinable()) sealer_.join();
  ::munmap(const_cast<std::byte*>(data_), bytes_);
  ::close(fd_);
}

// In pieces, so that a process that ends need not wait for all of it.
void PackedFile::Seal(uint64_t data_offset) {
  constexpr uint64_t kPiece = uint64_t{32} << 20;
  const uint64_t end = data_offset + bytes_;
  bool written = true;
  for (uint64_t at = 0; at < end && !stopping_ && written; at += kPiece) {
    const int result = ::sync_file_range(
        fd_, static_cast<off_t>(at), static_cast<off_t>(kPiece),
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    written = result == 0 || errno == ENOSYS || errno == EINVAL || errno == ESPIPE;
  }
  if (written && !stopping_ && ::fsync(fd_) == 0) {
    if (WriteAt(fd_, SealedLine().data(), kBootBytes, kMark.size())) ::fsync(fd_);
  }
  sealing_ = false;
  sealing_.notify_all();
}

void PackedFile::AwaitSeal() const { sealing_.wait(true); }

PackedFileWriter::PackedFileWriter(const PackedCache& cache, const PackedKey& key,
                                   const CancelToken& cancel)
    : path_(cache.folder / (key.name + std::string(kExtension))),
      part_path_(cache.folder / (key.name + std::string(kPartExtension))),
      head_(HeadOf(key)),
      bytes_(key.bytes) {
  if (head_.size() > kMaxHeadBytes) Fail(ErrorCode::kIo, "there are too many of them");
  std::error_code failure;
  fs::create_directories(cache.folder, failure);
  if (failure) {
    Fail(ErrorCode::kIo, "cannot make {}: {}", cache.folder.string(), failure.message());
  }
  fd_ = OpenLocked(part_path_, cancel);
  try {
    MakeRoom(cache, path_, static_cast<int64_t>(DataOffset(head_) + bytes_));
    if (::ftruncate(fd_, 0) != 0) FailErrno(fmt::format("cannot write {}", part_path_.string()));
  } catch (const Error&) {
    ::unlink(part_path_.c_str());
    ::close(fd_);
    throw;
  }
}

PackedFileWriter::~PackedFileWriter() {
  if (fd_ < 0) return;
  ::unlink(part_path_.c_str());
  ::close(fd_);
}

bool PackedFileWriter::Write(size_t offset, std::span<const std::byte> bytes) {
  if (failure_ != 0) return false;
  if (WriteAt(fd_, bytes.data(), bytes.size(), DataOffset(head_) + offset)) return true;
  failure_ = errno;
  return false;
}

std::shared_ptr<const PackedFile> PackedFileWriter::Commit() {
  const bool complete = failure_ == 0 && WriteAt(fd_, head_.data(), head_.size(), 0) &&
                        (BootLine() != SealedLine() || ::fsync(fd_) == 0) &&
                        ::rename(part_path_.c_str(), path_.c_str()) == 0;
  if (!complete) {
    if (failure_ != 0) errno = failure_;
    FailErrno(fmt::format("cannot write {}", part_path_.string()));
  }
  ::flock(fd_, LOCK_UN);
  const bool sealed = BootLine() == SealedLine();
  return std::make_shared<const PackedFile>(std::exchange(fd_, -1), DataOffset(head_), bytes_,
                                            sealed);
}

std::vector<PackedCacheEntry> ListPackedFiles(const fs::path& folder) {
  std::vector<PackedCacheEntry> entries;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(kPartExtension)) RemoveIfAbandoned(at->path());
    struct stat info = {};
    if (!name.ends_with(kExtension) || ::stat(at->path().c_str(), &info) != 0) continue;
    entries.push_back({at->path(), info.st_blocks * 512, NanosecondsOf(info.st_atim)});
  }
  std::ranges::sort(entries, std::greater{}, &PackedCacheEntry::used_ns);
  return entries;
}

int64_t PackedCacheLimit(const PackedCache& cache) {
  if (cache.max_bytes > 0) return cache.max_bytes;
  std::error_code failure;
  const fs::space_info space = fs::space(cache.folder, failure);
  if (failure) return 0;
  int64_t used = 0;
  for (const PackedCacheEntry& entry : ListPackedFiles(cache.folder)) used += entry.bytes;
  return (static_cast<int64_t>(space.available) + used) / 2;
}

int64_t ClearPackedFiles(const fs::path& folder) {
  int64_t freed = 0;
  for (const PackedCacheEntry& entry : ListPackedFiles(folder)) {
    std::error_code failure;
    if (fs::remove(entry.path, failure)) freed += entry.bytes;
  }
  return freed;
}

}  // namespace pioneer
