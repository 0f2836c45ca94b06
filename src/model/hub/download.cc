#include "model/hub/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/error.h"
#include "model/hub/blob_hash.h"

namespace pioneer {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

// The file that grows; no two processes write it at the same time.
class IncompleteFile {
 public:
  IncompleteFile(fs::path path, const HubFile& file)
      : path_(std::move(path)),
        file_(file),
        hash_(std::make_unique<BlobHash>(file.blob, file.bytes)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) FailErrno(fmt::format("cannot write {}", path_.string()));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd_);
      Fail(ErrorCode::kOverloaded, "another program is downloading {} now; wait until it is done",
           file_.path);
    }
    HashWhatIsThere();
  }
  ~IncompleteFile() { ::close(fd_); }
  IncompleteFile(const IncompleteFile&) = delete;
  IncompleteFile& operator=(const IncompleteFile&) = delete;

  int64_t bytes() const { return bytes_; }

  // What follows belongs at `offset`: the end, or the beginning.
  void Begin(int64_t offset) {
    if (offset == bytes_) return;
    if (offset != 0) {
      Fail(ErrorCode::kInternal, "a download goes on at {} of {} bytes", offset, bytes_);
    }
    Restart();
  }

  void Append(std::string_view bytes) {
    hash_->Add(bytes);
    bytes_ += static_cast<int64_t>(bytes.size());
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) FailErrno(fmt::format("cannot write {}", path_.string()));
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }

  // Gives it its name once its content is what it should be; else deletes it.
  void Finish(const fs::path& final_path) {
    const std::string found = hash_->Finish();
    if (bytes_ != file_.bytes || found != file_.blob) {
      ::unlink(path_.c_str());
      Fail(ErrorCode::kCorruptFile,
           "{}: what came ({} bytes, hash {}) is not what the server promised ({} bytes, hash {}); "
           "it was deleted, download it again",
           file_.path, bytes_, found, file_.bytes, file_.blob);
    }
    if (::fsync(fd_) != 0) FailErrno(fmt::format("cannot write {}", path_.string()));
    std::error_code failure;
    fs::rename(path_, final_path, failure);
    if (failure) {
      Fail(ErrorCode::kIo, "cannot rename {}: {}", path_.string(), failure.message());
    }
  }

 private:
  void HashWhatIsThere() {
    std::string buffer(kReadBytes, '\0');
    for (;;) {
      const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) FailErrno(fmt::format("cannot read {}", path_.string()));
      if (got == 0) break;
      hash_->Add({buffer.data(), static_cast<size_t>(got)});
      bytes_ += got;
    }
    if (bytes_ > file_.bytes) Restart();
  }

  void Restart() {
    if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0) {
      FailErrno(fmt::format("cannot write {}", path_.string()));
    }
    hash_ = std::make_unique<BlobHash>(file_.blob, file_.bytes);
    bytes_ = 0;
  }

  const fs::path path_;
  const HubFile& file_;
  std::unique_ptr<BlobHash> hash_;
  int fd_ = -1;
  int64_t bytes_ = 0;
};

fs::path IncompletePath(const CachedRepository& cache, const HubFile& file) {
  return cache.BlobPath(file.blob).string() + ".incomplete";
}

int64_t SizeOrNone(const fs::path& path) {
  std::error_code failure;
  const auto bytes = fs::file_size(path, failure);
  return failure ? -1 : static_cast<int64_t>(bytes);
}

}  // namespace

int64_t BytesInCache(const CachedRepository& cache, const HubFile& file) {
  if (SizeOrNone(cache.BlobPath(file.blob)) == file.bytes) return file.bytes;
  return std::min(file.bytes, std::max<int64_t>(0, SizeOrNone(IncompletePath(cache, file))));
}

void DownloadBlob(const HubClient& client, const HubRepository& repository, const HubFile& file,
                  const CachedRepository& cache, const std::function<void(int64_t)>& on_bytes) {
  const fs::path blob = cache.BlobPath(file.blob);
  if (SizeOrNone(blob) == file.bytes) return on_bytes(file.bytes);
  std::error_code failure;
  fs::create_directories(blob.parent_path(), failure);
  if (failure) {
    Fail(ErrorCode::kIo, "cannot create {}: {} (HF_HOME sets another place)",
         blob.parent_path().string(), failure.message());
  }
  IncompleteFile incomplete(IncompletePath(cache, file), file);
  on_bytes(incomplete.bytes());
  if (incomplete.bytes() < file.bytes) {
    client.Download(
        repository, file, incomplete.bytes(), [&](int64_t offset) { incomplete.Begin(offset); },
        [&](std::string_view bytes) {
          incomplete.Append(bytes);
          on_bytes(incomplete.bytes());
        });
  }
  incomplete.Finish(blob);
}

}  // namespace pioneer
