// Why: all file access goes through here, so that limits, atomic replacement and messages are the
// same everywhere. All functions throw Error{kIo} (kNotFound when the file does not exist).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace pioneer {

namespace fs = std::filesystem;

inline constexpr size_t kDefaultMaxFileBytes = size_t{1} << 30;

// Throws Error{kInvalidArgument} when the file is larger than max_bytes.
std::string ReadFile(const fs::path& path, size_t max_bytes = kDefaultMaxFileBytes);

// After a crash at any moment the path holds the old or the new content, whole: writes a temporary
// file beside it, fsyncs, renames, fsyncs the folder.
void WriteFileAtomically(const fs::path& path, std::string_view content);

// A file made in pieces with the same promise: nothing is at `path` until Commit().
class AtomicFile {
 public:
  explicit AtomicFile(const fs::path& path);
  ~AtomicFile();  // without Commit(): removes the temporary file
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(const void* data, size_t bytes);
  uint64_t offset() const { return offset_; }
  void Commit();

 private:
  fs::path path_;
  fs::path temporary_path_;
  int fd_ = -1;
  uint64_t offset_ = 0;
};

// A whole file mapped read-only. Immutable after construction; any thread may read it.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // What is not needed for a while: its memory is given back to the system where the range lies in
  // a mapped file, and read from there again when it is touched. Elsewhere nothing happens.
  static void GiveBack(const void* data, size_t bytes);

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// The program's data folder: $PIONEER_HOME, else $XDG_DATA_HOME/pioneer, else
// ~/.local/share/pioneer. Created when missing.
fs::path PioneerHome();
// The folder for what can be made again: $PIONEER_HOME/cache where that is set, else
// $XDG_CACHE_HOME/pioneer, else ~/.cache/pioneer. Not created.
fs::path PioneerCache();

}  // namespace pioneer
