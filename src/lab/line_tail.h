// Why: a log grows while it is read, may be huge, and is begun anew when its run goes back to a
// checkpoint. Lines are taken as they come, each once, whole, and in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace pioneer::lab {

// A plain file, open for reading. What is no plain file (a pipe, a folder) counts as missing: to
// open it neither waits nor fails.
class LogFile {
 public:
  explicit LogFile(const fs::path& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  bool exists() const { return fd_ >= 0; }
  uint64_t id() const { return id_; }  // another one when the file was replaced; 0 when missing
  int64_t size() const { return size_; }
  // Up to `n` bytes; fewer at the end of the file, none when it cannot be read.
  std::string ReadAt(int64_t offset, size_t n) const;

 private:
  int fd_ = -1;
  uint64_t id_ = 0;
  int64_t size_ = 0;
};

// One thread. A copy goes on from where the original stands.
class LineTail {
 public:
  static constexpr size_t kMaxLineBytes = size_t{64} << 10;  // longer lines are passed over

  explicit LineTail(fs::path path) : path_(std::move(path)) {}

  // Calls `on_line` for every line that is whole by now, without its line break. Before that, calls
  // `on_restart` when the file was replaced or cut since the last call: everything comes again.
  void Read(const std::function<void()>& on_restart,
            const std::function<void(std::string_view)>& on_line);

 private:
  void Take(std::string_view bytes, const std::function<void(std::string_view)>& on_line);

  fs::path path_;
  uint64_t id_ = 0;
  int64_t offset_ = 0;
  std::string rest_;       // of a line that has not ended
  bool too_long_ = false;  // the line at hand is passed over
};

}  // namespace pioneer::lab
