#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/confinement.h"
#include "base/error.h"

namespace pioneer {
namespace {

// What the child needs, made before the fork.
struct Launch {
  std::vector<char*> arguments, environment;
  std::array<int, 4> descriptors;
  const ChildCommand* command;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void LimitResource(int resource, uint64_t value) {
  const rlimit limit = {value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

void SetChildLimits(const ChildLimits& limits) {
  if (limits.memory_bytes > 0) LimitResource(RLIMIT_AS, limits.memory_bytes);
  if (limits.cpu_seconds > 0) LimitResource(RLIMIT_CPU, limits.cpu_seconds);
  LimitResource(RLIMIT_FSIZE, limits.file_bytes);
  LimitResource(RLIMIT_CORE, 0);
  LimitResource(RLIMIT_NOFILE, limits.open_files);
}

// In the child, between fork and exec: system calls only.
[[noreturn]] void Become(const Launch& launch) {
  const ChildCommand& command = *launch.command;
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < 3; ++i) {
    const int fd = launch.descriptors[static_cast<size_t>(i)];
    ::dup2(fd >= 0 ? fd : nothing, i);
  }
  if (::chdir("/") != 0) ::_exit(kChildNotStarted);
  SetChildLimits(command.limits);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (command.filter && !ConfineThisProcess(*command.filter, command.landlock_rules)) {
    ::_exit(kChildNotConfined);
  }
  const int extra = launch.descriptors[3];
  if (extra >= 0) ::dup2(extra, 3);
  ::syscall(SYS_close_range, extra >= 0 ? 4u : 3u, ~0u, 0u);
  ::execve(launch.arguments[0], launch.arguments.data(), launch.environment.data());
  ::_exit(kChildNotStarted);
}

// One that no dup2() onto 0..3 overwrites before it is used.
Descriptor Lifted(int fd) {
  if (fd < 0) return Descriptor();
  Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 4));
  if (copy.get() < 0) FailErrno("cannot copy a descriptor");
  return copy;
}

}  // namespace

ChildProcess::ChildProcess(const ChildCommand& command) {
  const std::array<Descriptor, 4> copies = {Lifted(command.input), Lifted(command.output),
                                            Lifted(command.error), Lifted(command.extra)};
  Launch launch = {Pointers(command.arguments), Pointers(command.environment), {}, &command};
  for (size_t i = 0; i < copies.size(); ++i) launch.descriptors[i] = copies[i].get();
  pid_ = ::fork();
  if (pid_ == 0) Become(launch);
  if (pid_ < 0) FailErrno("cannot start a process");
  pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) Reap(/*kill_first=*/true);
}

int ChildProcess::Reap(bool kill_first) {
  if (kill_first) ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

std::string DescribeChildStatus(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return fmt::format("ended with status {}", WEXITSTATUS(status));
  return {};
}

}  // namespace pioneer
