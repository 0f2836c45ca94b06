#include "eval/code_runner.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/confinement.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/utf8.h"

namespace pioneer::eval {
namespace {

constexpr int kReportFd = 3;  // where the program's last line says that it was reached

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

// Takes what is there; the rest beyond `max` is thrown away.
void Drain(int fd, size_t max, std::string& output) {
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), std::min(static_cast<size_t>(n), max - output.size()));
  }
}

// True when the child ended in time; reads its output meanwhile.
bool AwaitEnd(const ChildProcess& child, int output_fd, const CodeLimits& limits,
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
  const std::string said = DescribeChildStatus(status);
  return said.empty() ? "ended before its end" : said;
}

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
    : limits_(limits), python_(FindPython()), filter_(MakeSystemCallFilter(CallList::kProgram)) {
  has_landlock_ = Descriptor(MakeLandlockRules(FileReach::kSystemPrograms)).get() >= 0;
}

CodeResult CodeRunner::RunPython(const std::string& program, const CancelToken& cancel) const {
  const std::string nonce = Nonce();
  const Descriptor source = MakeMemoryFile(
      fmt::format("{}\nimport os as _os\n_os.write({}, b'{}')\n", program, kReportFd, nonce));
  Pipe output, report;
  const Descriptor rules(MakeLandlockRules(FileReach::kSystemPrograms));
  ChildCommand command;
  // -I: neither the environment nor the folder; -B: no byte code is kept.
  command.arguments = {python_, "-I", "-B", "-"};
  command.environment = {"LANG=C.UTF-8", "PYTHONHASHSEED=0"};
  command.input = source.get();
  command.output = command.error = output.writing.get();
  command.extra = report.writing.get();
  command.limits.memory_bytes = static_cast<uint64_t>(limits_.memory_bytes);
  command.limits.cpu_seconds = static_cast<uint64_t>(std::ceil(limits_.seconds)) + 1;
  command.filter = &filter_;
  command.landlock_rules = rules.get();
  ChildProcess child(command);
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
  if (WEXITSTATUS(status) == kChildNotConfined) {
    Fail(ErrorCode::kUnsupported,
         "this system does not let a program be confined (seccomp), so models' programs are not "
         "run here");
  }
  if (WEXITSTATUS(status) == kChildNotStarted) {
    Fail(ErrorCode::kUnsupported, "{} cannot be started", python_);
  }
}

}  // namespace pioneer::eval
