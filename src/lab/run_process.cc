#include "lab/run_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
extern "C" {
#include <sys/pidfd.h>  // of glibc 2.36, which does not say so itself
}

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <system_error>

#include "base/error.h"
#include "lab/run_summary.h"

namespace pioneer::lab {
namespace {

constexpr int kNice = 10;

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// The lock's file names its holder, but the file could be a copy and the id another process's by
// now: only who has the very file open is meant.
bool HasOpen(pid_t process, const fs::path& path) {
  struct stat wanted = {}, found = {};
  if (::stat(path.c_str(), &wanted) != 0) return false;
  std::error_code error;
  const fs::path open_files = fs::path("/proc") / std::to_string(process) / "fd";
  for (const auto& entry : fs::directory_iterator(open_files, error)) {
    if (::stat(entry.path().c_str(), &found) == 0 && SameFile(wanted, found)) return true;
  }
  return false;
}

// A file descriptor that is closed.
class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// What posix_spawn needs to know of the new process: files, signals, session.
class SpawnSettings {
 public:
  explicit SpawnSettings(const fs::path& output) : output_(output.string()) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, output_.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    // The service's sockets are none of its business, and would stay open when the service ends.
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&usual, signal);
    posix_spawnattr_setsigmask(&attributes_, &none);  // the service blocks those that stop it
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  std::string output_;
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

// As low as can be told without asking for rights. Where sessions share the processor in groups
// (sched(7), "The autogroup feature") it is the group's that counts.
void LowerPriority(pid_t process) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(process), kNice);
  std::ofstream(fmt::format("/proc/{}/autogroup", process)) << kNice;
}

}  // namespace

bool WouldStopInOrder(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  constexpr std::string_view kCaught = "SigCgt:\t";
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kCaught)) continue;
    uint64_t mask = 0;
    const char* begin = line.data() + kCaught.size();
    std::from_chars(begin, line.data() + line.size(), mask, 16);
    return (mask >> (SIGINT - 1) & 1) != 0;
  }
  return false;
}

void StopTraining(const RunFolder& folder) {
  const auto holder = RunHolder(folder);
  if (!holder) {
    Fail(ErrorCode::kInvalidArgument, "{} is not being trained now", folder.root.string());
  }
  // From here on the id stands for one process, even if it ends.
  const OwnedFd process(*holder > 0 ? ::pidfd_open(*holder, 0) : -1);
  if (process.get() < 0 || !HasOpen(*holder, folder.lock())) {
    Fail(ErrorCode::kIo, "cannot tell which process trains in {}: stop it where it was started",
         folder.root.string());
  }
  if (!WouldStopInOrder(*holder)) return;
  if (::pidfd_send_signal(process.get(), SIGINT, nullptr, 0) != 0 && errno != ESRCH) {
    FailErrno(
        fmt::format("cannot stop process {}, which trains in {}", *holder, folder.root.string()));
  }
}

pid_t StartTraining(const fs::path& program, const std::vector<std::string>& arguments,
                    const RunFolder& folder) {
  fs::create_directories(folder.root);
  const SpawnSettings settings(OutputPath(folder));
  std::vector<std::string> words = {"pioneer"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t process = 0;
  const int failed = ::posix_spawn(&process, program.c_str(), settings.files(),
                                   settings.attributes(), pointers.data(), environ);
  if (failed != 0) {
    errno = failed;
    FailErrno(fmt::format("cannot start {} in {}", program.string(), folder.root.string()));
  }
  LowerPriority(process);
  return process;
}

}  // namespace pioneer::lab
