// Why: what changes in a folder is found without being asked for.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace pioneer::search {

// A thread for each folder. Update() and the destructor: one thread.
class SourceWatches {
 public:
  // `on_change` gets a source's id, on the watch's thread; also once when the watch of a source
  // begins that is not being read just now, for what changed while nobody watched. It must not
  // throw.
  explicit SourceWatches(std::function<void(const std::string&)> on_change)
      : on_change_(std::move(on_change)) {}
  ~SourceWatches() { Update({}); }
  SourceWatches(const SourceWatches&) = delete;
  SourceWatches& operator=(const SourceWatches&) = delete;

  struct Folder {
    std::string path;
    bool is_read_now = false;
  };
  // Watches these, by source, and no others any more.
  void Update(const std::map<std::string, Folder>& folders);

 private:
  struct Watch {
    Folder folder;
    std::atomic<bool> ends = false;
    std::thread thread;
  };

  void Run(const std::string& id, Watch& watch);

  const std::function<void(const std::string&)> on_change_;
  std::map<std::string, std::unique_ptr<Watch>> watches_;
};

}  // namespace pioneer::search
