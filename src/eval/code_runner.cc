#include "eval/code_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/utf8.h"
#include "eval/code_confinement.h"

namespace pioneer::eval {
namespace {

constexpr int kNotConfined = 125;  // statuses of a child that never became the program
constexpr int kNotStarted = 126;
constexpr int kReportFd = 3;  // where the program's last line says that it was reached

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string FindPython() {
  std::string places = "/usr/bin";
  if (const char* path = std::getenv("PATH")) places += std::string(":") + path;
  for (size_t begin = 0; begin <= places.size();) {
    const size_t end = std::min(places.find(':', begin), places.size());
    const fs::path candidate = fs::path(places.substr(begin, end - begin)) / "python3";
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  Fail(ErrorCode::kUnsupported, "python3 is needed to run programs that models write; install it");
}

// A program in memory, at its beginning.
Descriptor MemoryFile(const std::string& content) {
  Descriptor file(::memfd_create("program", MFD_CLOEXEC));
  const auto n = static_cast<ssize_t>(content.size());
  const bool written = file.get() >= 0 && ::write(file.get(), content.data(), content.size()) == n;
  if (!written || ::lseek(file.get(), 0, SEEK_SET) != 0) FailErrno("cannot keep a program");
  return file;
}

// What the child needs, made before the fork.
struct Launch {
  const char* python;
  int program, output, report, landlock_rules;
  const std::vector<uint64_t>* filter;
  CodeLimits limits;
};

void Limit(int resource, uint64_t value) {
  const rlimit limit = {value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
}

// In the child, between fork and exec: system calls only.
[[noreturn]] void Become(const Launch& launch) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(launch.program, STDIN_FILENO);
  ::dup2(launch.output, STDOUT_FILENO);
  ::dup2(launch.output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(kNotStarted);
  Limit(RLIMIT_AS, static_cast<uint64_t>(launch.limits.memory_bytes));
  Limit(RLIMIT_CPU, static_cast<uint64_t>(std::ceil(launch.limits.seconds)) + 1);
  Limit(RLIMIT_FSIZE, 0);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_NOFILE, 64);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!ConfineThisProcess(*launch.filter, launch.landlock_rules)) ::_exit(kNotConfined);
  ::dup2(launch.report, kReportFd);
  ::syscall(SYS_close_range, kReportFd + 1u, ~0u, 0u);
  // -I: neither the environment nor the folder; -B: no byte code is kept.
  const char* const arguments[] = {launch.python, "-I", "-B", "-", nullptr};
  const char* const environment[] = {"LANG=C.UTF-8", "PYTHONHASHSEED=0", nullptr};
  ::execve(launch.python, const_cast<char* const*>(arguments),
           const_cast<char* const*>(environment));
  ::_exit(kNotStarted);
}

// Takes what is there; the rest beyond `max` is thrown away.
void Drain(int fd, size_t max, std::string& output) {
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), std::min(static_cast<size_t>(n), max - output.size()));
  }
}

// A child that is killed and forgotten when this goes out of scope.
class Child {
 public:
  explicit Child(const Launch& launch) : pid_(::fork()) {
    if (pid_ == 0) Become(launch);
    if (pid_ < 0) FailErrno("cannot start a process");
    pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  }
  ~Child() {
    if (pid_ > 0) Reap(/*kill_first=*/true);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int pidfd() const { return pidfd_.get(); }
  int Reap(bool kill_first) {
    if (kill_first) ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
  Descriptor pidfd_;
};

// True when the child ended in time; reads its output meanwhile.
bool AwaitEnd(const Child& child, int output_fd, const CodeLimits& limits,
              const CancelToken& cancel, std::string& output) {
  constexpr int kLook = 100;  // ms, for `cancel`
  const Stopwatch watch;
  while (watch.Seconds() < limits.seconds) {
    cancel.Check();
    std::array<pollfd, 2> events = {{{child.pidfd(), POLLIN, 0}, {output_fd, POLLIN, 0}}};
    const double left_ms = std::ceil((limits.seconds - watch.Seconds()) * 1e3);
    ::poll(events.data(), events.size(), std::clamp(static_cast<int>(left_ms), 1, kLook));
    if ((events[1].revents & POLLIN) != 0) Drain(output_fd, limits.output_bytes, output);
    if ((events[0].revents & POLLIN) != 0) return true;
    // A program that closed its output is waited for without it.
    if ((events[1].revents & POLLHUP) != 0) output_fd = -1;
  }
  return false;
}

std::string DescribeStatus(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return fmt::format("ended with status {}", WEXITSTATUS(status));
  return "ended before its end";
}

struct Pipe {
  // Reading never blocks, writing does.
  Pipe() {
    std::array<int, 2> ends = {-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) FailErrno("cannot make a pipe");
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  Descriptor reading, writing;
};

// Who does not know it cannot pretend to have run to the end.
std::string Nonce() {
  std::array<unsigned char, 16> bytes;
  SecureRandomBytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

CodeRunner::CodeRunner(const CodeLimits& limits)
    : limits_(limits), python_(FindPython()), filter_(MakeSystemCallFilter()) {
  has_landlock_ = Descriptor(MakeLandlockRules()).get() >= 0;
}

CodeResult CodeRunner::RunPython(const std::string& program, const CancelToken& cancel) const {
  const std::string nonce = Nonce();
  const Descriptor source = MemoryFile(
      fmt::format("{}\nimport os as _os\n_os.write({}, b'{}')\n", program, kReportFd, nonce));
  Pipe output, report;
  const Descriptor rules(MakeLandlockRules());
  Child child({python_.c_str(), source.get(), output.writing.get(), report.writing.get(),
               rules.get(), &filter_, limits_});
  output.writing.Close();
  report.writing.Close();

  CodeResult result;
  const bool ended = AwaitEnd(child, output.reading.get(), limits_, cancel, result.output);
  const int status = child.Reap(/*kill_first=*/!ended);
  Drain(output.reading.get(), limits_.output_bytes, result.output);
  result.output = RepairUtf8(result.output);
  if (!ended) {
    result.problem = fmt::format("took longer than {:g} s", limits_.seconds);
    return result;
  }
  CheckStarted(status);
  std::string said;
  Drain(report.reading.get(), nonce.size() + 1, said);
  result.passed = status == 0 && said == nonce;
  if (!result.passed) result.problem = DescribeStatus(status);
  return result;
}

void CodeRunner::CheckStarted(int status) const {
  if (!WIFEXITED(status)) return;
  if (WEXITSTATUS(status) == kNotConfined) {
    Fail(ErrorCode::kUnsupported,
         "this system does not let a program be confined (seccomp), so models' programs are not "
         "run here");
  }
  if (WEXITSTATUS(status) == kNotStarted) {
    Fail(ErrorCode::kUnsupported, "{} cannot be started", python_);
  }
}

}  // namespace pioneer::eval
