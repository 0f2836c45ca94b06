// Why: to pack a model's weights takes longer than everything else about loading it. What was
// packed is kept in a file; later starts map it, and all processes that use the model share its
// pages.
//
// A file is a head of text and, from a multiple of 2 MiB on, the packed bytes. Nothing of it is
// parsed: the head must be, byte for byte, the one that this program would write for the model as
// it is now, and the size must fit; else the file is made anew. Files appear whole, by renaming. To
// wait until all is on the disk would hold up the first start, so a head names the boot of the
// machine that it was written in and counts for that boot only; the line is blanked ("sealed") once
// everything is on the disk, which whoever uses the file sees to meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"

namespace pioneer {

// Of the folder of the files in PioneerCache().
inline constexpr const char* kPackedFolder = "weights";

// Where the files are, and how much room they may take.
struct PackedCache {
  fs::path folder;        // empty: nothing is kept
  int64_t max_bytes = 0;  // of all files; 0: half of what the disk has free without them
  // Smaller models are packed at each start: that takes less than 0.1 s.
  size_t min_bytes = size_t{48} << 20;
};

// Which packed bytes are meant.
struct PackedKey {
  std::string name;       // of the file: the same for one model, whatever it was before
  std::string directory;  // what decides the bytes, as lines of text
  size_t bytes = 0;
};

// A mapped file. Any thread may read data(); it stays valid when the file is removed or replaced.
class PackedFile {
 public:
  // Null when there is none, or one of another model, version or boot, or one that is damaged.
  static std::shared_ptr<const PackedFile> Find(const PackedCache& cache, const PackedKey& key);
  // Of an open file, which it closes. Throws Error{kIo}.
  PackedFile(int fd, uint64_t data_offset, size_t bytes, bool sealed);
  ~PackedFile();
  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;

  const std::byte* data() const { return data_; }
  // Waits until the file is sealed or that has failed.
  void AwaitSeal() const;

 private:
  void Seal(uint64_t data_offset);

  int fd_;
  const std::byte* data_ = nullptr;
  size_t bytes_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> sealing_{false};
  std::thread sealer_;
};

// Makes a file. Without Commit() it leaves nothing behind.
class PackedFileWriter {
 public:
  // Removes the least recently used files where their room is needed, and waits while another
  // process writes the same file: look again with Find() then. Throws Error{kIo} when the file
  // cannot be made, kOutOfMemory when it would take more than its share of the disk, kCancelled.
  PackedFileWriter(const PackedCache& cache, const PackedKey& key, const CancelToken& cancel);
  ~PackedFileWriter();
  PackedFileWriter(const PackedFileWriter&) = delete;
  PackedFileWriter& operator=(const PackedFileWriter&) = delete;

  // Any thread. False when it failed; Commit() says why.
  bool Write(size_t offset, std::span<const std::byte> bytes);
  // Throws Error{kIo}.
  std::shared_ptr<const PackedFile> Commit();

 private:
  const fs::path path_, part_path_;
  const std::string head_;
  const size_t bytes_;
  int fd_ = -1;
  std::atomic<int> failure_{0};  // errno of the first Write() that failed
};

struct PackedCacheEntry {
  fs::path path;
  int64_t bytes = 0;
  int64_t used_ns = 0;  // the last time, since 1970
};
// The most recently used first. What cannot be read is passed over.
std::vector<PackedCacheEntry> ListPackedFiles(const fs::path& folder);
// What the files may take together.
int64_t PackedCacheLimit(const PackedCache& cache);
// Removes all files and returns how many bytes they had.
int64_t ClearPackedFiles(const fs::path& folder);

}  // namespace pioneer
