#include "search/index/source_watches.h"

#include "base/error.h"
#include "base/log.h"
#include "search/fetch/folder_watcher.h"

namespace pioneer::search {
namespace {

constexpr int64_t kLookMs = 500;  // how soon a watch notices that it should end
constexpr int kQuietLooks = 10;   // between two readings of a folder that never rests

}  // namespace

void SourceWatches::Update(const std::map<std::string, Folder>& folders) {
  for (auto watch = watches_.begin(); watch != watches_.end();) {
    if (folders.contains(watch->first)) {
      ++watch;
      continue;
    }
    watch->second->ends = true;
    watch->second->thread.join();
    watch = watches_.erase(watch);
  }
  for (const auto& [id, folder] : folders) {
    if (watches_.contains(id)) continue;
    auto watch = std::make_unique<Watch>();
    watch->folder = folder;
    Watch& made = *watch;
    watches_.emplace(id, std::move(watch));
    made.thread = std::thread([this, id = id, &made] { Run(id, made); });
  }
}

void SourceWatches::Run(const std::string& id, Watch& watch) {
  try {
    FolderWatcher watcher(watch.folder.path);
    if (!watch.folder.is_read_now) on_change_(id);
    int quiet = 0;
    bool changed = false;
    while (!watch.ends) {
      changed = watcher.AwaitChange(kLookMs) || changed;
      ++quiet;
      if (!changed || quiet < kQuietLooks) continue;
      on_change_(id);
      changed = false;
      quiet = 0;
    }
  } catch (const Error& error) {
    spdlog::warn("{} is not watched: {}", watch.folder.path, error.what());
  }
}

}  // namespace pioneer::search
