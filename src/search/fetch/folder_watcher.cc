#include "search/fetch/folder_watcher.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"

namespace pioneer::search {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
constexpr int64_t kQuietMs = 300;
constexpr int64_t kMostMs = 900;

}  // namespace

class FolderWatcher::Impl {
 public:
  explicit Impl(const fs::path& path) : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (inotify_.get() < 0) FailErrno("cannot watch folders");
    std::error_code error;
    if (!fs::exists(path, error)) Fail(ErrorCode::kNotFound, "there is no {}", path.string());
    if (fs::is_directory(path, error)) {
      Watch(path);
    } else {
      // The folder, because programs replace files rather than write into them.
      file_name_ = path.filename();
      WatchOne(path.parent_path());
    }
  }

  bool AwaitChange(int64_t timeout_ms) {
    const Stopwatch watch;
    while (!TakeEvents()) {
      const int64_t left = timeout_ms - static_cast<int64_t>(watch.Seconds() * 1e3);
      if (left <= 0) return false;
      AwaitEvent(left);
    }
    const Stopwatch since_change;
    while (since_change.Seconds() * 1e3 < kMostMs && AwaitEvent(kQuietMs)) TakeEvents();
    return true;
  }

 private:
  void WatchOne(const fs::path& folder) {
    const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
    if (watch >= 0) {
      folders_[watch] = folder;
    } else if (errno == ENOSPC) {
      Fail(
          ErrorCode::kIo,
          "there are more folders than this system watches; raise fs.inotify.max_user_watches with "
          "sysctl");
    }  // otherwise it went away meanwhile, or cannot be read: nothing to see there
  }

  void Watch(const fs::path& folder) {
    WatchOne(folder);
    std::error_code error;
    constexpr auto kSkip = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator all(folder, kSkip, error), end; !error && all != end;
         all.increment(error)) {
      std::error_code ignored;
      if (!all->is_directory(ignored) || all->is_symlink(ignored)) continue;
      if (all->path().filename().string().starts_with('.')) {
        all.disable_recursion_pending();
      } else {
        WatchOne(all->path());
      }
    }
  }

  bool AwaitEvent(int64_t timeout_ms) {
    pollfd event = {inotify_.get(), POLLIN, 0};
    return ::poll(&event, 1, static_cast<int>(std::min<int64_t>(timeout_ms, 1 << 30))) > 0;
  }

  // Whether any of what happened since counts.
  bool TakeEvents() {
    bool changed = false;
    alignas(inotify_event) std::array<char, 16384> buffer;
    for (ssize_t n = 0; (n = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0;) {
      for (ssize_t at = 0; at < n;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        changed = Take(*event) || changed;
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return changed;
  }

  bool Take(const inotify_event& event) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) return true;
    const auto folder = folders_.find(event.wd);
    if (folder == folders_.end()) return false;
    if ((event.mask & IN_IGNORED) != 0) {
      folders_.erase(folder);
      return true;
    }
    const std::string name = event.len > 0 ? event.name : "";
    if (!file_name_.empty() && name != file_name_) return false;
    if (name.starts_with('.')) return false;  // editors' and downloads' unfinished files
    const bool arrived = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
    if ((event.mask & IN_ISDIR) != 0 && arrived) Watch(fs::path(folder->second) / name);
    // An empty file that was created will be closed after it was written.
    return event.mask != IN_CREATE;
  }

  Descriptor inotify_;
  std::string file_name_;  // "" = the whole folder
  std::map<int, fs::path> folders_;
};

FolderWatcher::FolderWatcher(const fs::path& path) : impl_(std::make_unique<Impl>(path)) {}
FolderWatcher::~FolderWatcher() = default;

bool FolderWatcher::AwaitChange(int64_t timeout_ms) { return impl_->AwaitChange(timeout_ms); }

}  // namespace pioneer::search
