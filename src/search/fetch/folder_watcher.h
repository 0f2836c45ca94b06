// Why: what a user saves is found minutes later without reading every folder again and again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace pioneer::search {

// Watches a folder and all below it (or one file) through inotify. It says that something changed,
// not what: ReadSource() finds that out by sizes and times, which is cheap. One thread.
class FolderWatcher {
 public:
  // Throws Error{kNotFound} (no such path), {kIo} (the system's limit of watches is used up; the
  // message says how to raise it).
  explicit FolderWatcher(const std::filesystem::path& path);
  ~FolderWatcher();
  FolderWatcher(const FolderWatcher&) = delete;
  FolderWatcher& operator=(const FolderWatcher&) = delete;

  // Waits at most so long for a change since the last call (the first: since construction). After
  // the first change it waits until nothing has happened for a moment, at most a second, so that
  // files copied at once are one change. False: nothing changed in that time.
  bool AwaitChange(int64_t timeout_ms);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer::search
