#include "train/source_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr size_t kMaxOutputBytes = 65536;
constexpr int kLookForCancelMs = 200;

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// The reading end of a program's output.
struct OutputPipe {
  int fd[2] = {-1, -1};
  OutputPipe() {
    if (pipe2(fd, O_CLOEXEC) != 0) FailErrno("cannot make a pipe");
  }
  ~OutputPipe() {
    for (const int end : fd) {
      if (end >= 0) close(end);
    }
  }
  void CloseWriter() {
    close(fd[1]);
    fd[1] = -1;
  }
};

// Reads until the program closes its output; false when cancelled.
bool Collect(int fd, const CancelToken& cancel, std::string& output) {
  std::array<char, 4096> piece;
  while (!cancel.cancelled()) {
    pollfd wait{fd, POLLIN, 0};
    const int ready = poll(&wait, 1, kLookForCancelMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t n = read(fd, piece.data(), piece.size());
    if (n <= 0) return true;
    const size_t room = kMaxOutputBytes - std::min(output.size(), kMaxOutputBytes);
    output.append(piece.data(), std::min(room, static_cast<size_t>(n)));
  }
  return false;
}

}  // namespace

ProgramResult RunProgram(const std::vector<std::string>& arguments, const fs::path& folder,
                         const CancelToken& cancel) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  OutputPipe pipe;
  FileActions actions;
  posix_spawn_file_actions_addopen(actions.get(), 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(actions.get(), pipe.fd[1], 1);
  posix_spawn_file_actions_adddup2(actions.get(), pipe.fd[1], 2);
  posix_spawn_file_actions_addchdir_np(actions.get(), folder.c_str());
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, argv[0], actions.get(), nullptr, argv.data(), environ);
  if (failed == ENOENT) return {};
  if (failed != 0) {
    errno = failed;
    FailErrno("cannot start " + arguments[0]);
  }
  pipe.CloseWriter();
  ProgramResult result;
  result.found = true;
  const bool done = Collect(pipe.fd[0], cancel, result.output);
  if (!done) kill(pid, SIGTERM);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!done) cancel.Check();
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace pioneer
