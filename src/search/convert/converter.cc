#include "search/convert/converter.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/confinement.h"
#include "base/error.h"
#include "base/file.h"
#include "search/convert/wire.h"
#include "search/convert/worker.h"

namespace pioneer::search {
namespace {

constexpr int kFilesPerWorker = 2000;
constexpr uint64_t kMaxResultBytes = uint64_t{192} << 20;
constexpr int kCancelLookMs = 100;

// Sanitizers take address space as they like.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsMemory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kLimitsMemory = false;
#else
constexpr bool kLimitsMemory = true;
#endif
#else
constexpr bool kLimitsMemory = true;
#endif

// Beside the program itself.
std::string ConvertProgram() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path program = self.parent_path() / "pioneer-convert";
  if (::access(program.c_str(), X_OK) != 0) {
    Fail(ErrorCode::kIo, "{} is missing, without which no file is read; build it again",
         program.string());
  }
  return program;
}

const char* FindPdfToText() {
  for (const char* path : {"/usr/bin/pdftotext", "/usr/local/bin/pdftotext", "/bin/pdftotext"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return nullptr;
}

// Waits until `fd` can be read. False: not in time.
bool AwaitReadable(int fd, double seconds, const CancelToken& cancel) {
  const Stopwatch watch;
  for (;;) {
    cancel.Check();
    const double left_ms = (seconds - watch.Seconds()) * 1e3;
    if (left_ms <= 0) return false;
    pollfd event = {fd, POLLIN, 0};
    if (::poll(&event, 1, std::clamp(static_cast<int>(std::ceil(left_ms)), 1, kCancelLookMs)) > 0) {
      return true;
    }
  }
}

std::string ReadWhole(int fd) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) FailErrno("cannot read a converter's text");
  std::string content(static_cast<size_t>(status.st_size), '\0');
  size_t at = 0;
  while (at < content.size()) {
    const ssize_t n = ::pread(fd, content.data() + at, content.size() - at, static_cast<off_t>(at));
    if (n <= 0) break;
    at += static_cast<size_t>(n);
  }
  content.resize(at);
  return content;
}

void SendRequest(int socket, const std::string& bytes, const std::array<int, 2>& descriptors) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(descriptors))> control = {};
  iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message = {};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(descriptors));
  // A worker that died is noticed when its answer is awaited.
  ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

[[noreturn]] void FailByStatus(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kChildNotConfined) {
    Fail(ErrorCode::kIo,
         "this system does not let a converter be confined (seccomp), so no file is read");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kChildNotStarted) {
    Fail(ErrorCode::kIo, "a converter cannot be started");
  }
  Fail(ErrorCode::kCorruptFile, "it brought its converter down ({}), so it is skipped",
       DescribeChildStatus(status).empty() ? "which ended" : DescribeChildStatus(status));
}

uint64_t FileBytes(int file) {
  struct stat status = {};
  if (::fstat(file, &status) != 0) FailErrno("cannot read it");
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace

struct Converter::Worker {
  explicit Worker(const ConvertLimits& limits) : Worker(limits, MakeEnds()) {}
  Worker(const ConvertLimits& limits, std::array<Descriptor, 2> ends)
      : socket(std::move(ends[0])), process(Command(limits, ends[1].get())) {}

  static std::array<Descriptor, 2> MakeEnds() {
    std::array<int, 2> ends = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      FailErrno("cannot talk to a converter");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
  }
  static ChildCommand Command(const ConvertLimits& limits, int end) {
    ChildCommand command;
    command.arguments = {ConvertProgram()};
    command.environment = {"LANG=C.UTF-8"};
    command.error = STDERR_FILENO;
    command.extra = end;
    command.limits.memory_bytes = kLimitsMemory ? limits.memory_bytes : 0;
    command.limits.file_bytes = kMaxResultBytes;
    return command;
  }

  Descriptor socket;
  ChildProcess process;
  int files = 0;
};

Converter::Converter(const ConvertLimits& limits) : limits_(limits) {}
Converter::~Converter() = default;

Converted Converter::Convert(int file, Format format, std::string_view name,
                             std::string_view charset, const CancelToken& cancel) {
  if (FileBytes(file) > kMaxOriginalBytes) {
    Fail(ErrorCode::kInvalidArgument, "it is larger than {} MiB", kMaxOriginalBytes >> 20);
  }
  if (format != Format::kPdf) return Ask(file, format, name, charset, cancel);
  const Descriptor text = RunPdfToText(file, cancel);
  return Ask(text.get(), format, name, "utf-8", cancel);
}

Converted Converter::ConvertMemory(std::string_view bytes, Format format, std::string_view name,
                                   std::string_view charset, const CancelToken& cancel) {
  const Descriptor file = MakeMemoryFile(bytes);
  return Convert(file.get(), format, name, charset, cancel);
}

Converted Converter::Ask(int file, Format format, std::string_view name, std::string_view charset,
                         const CancelToken& cancel) {
  if (worker_ && worker_->files >= kFilesPerWorker) worker_.reset();
  if (!worker_) worker_ = std::make_unique<Worker>(limits_);
  ++worker_->files;
  const Descriptor result = MakeMemoryFile();
  const ConvertRequest request = {format, std::string(name.substr(0, 1024)),
                                  std::string(charset.substr(0, 64))};
  SendRequest(worker_->socket.get(), EncodeRequest(request), {file, result.get()});

  // A worker whose answer is not taken cannot be used again.
  std::unique_ptr<Worker> worker = std::move(worker_);
  if (!AwaitReadable(worker->socket.get(), limits_.seconds, cancel)) {
    Fail(ErrorCode::kUnsupported, "reading it took longer than {:g} s, so it is skipped",
         limits_.seconds);
  }
  std::array<char, kMaxReplyBytes + 1> reply;
  const ssize_t n = ::recv(worker->socket.get(), reply.data(), reply.size(), 0);
  if (n <= 0) FailByStatus(worker->process.Reap(/*kill_first=*/false));
  worker_ = std::move(worker);
  if (reply[0] != 0) {
    const int code = static_cast<unsigned char>(reply[0]) - 1;
    const bool known = code <= static_cast<int>(ErrorCode::kInternal);
    throw Error(known ? static_cast<ErrorCode>(code) : ErrorCode::kInternal,
                std::string(reply.data() + 1, static_cast<size_t>(n) - 1));
  }
  return DecodeConverted(ReadWhole(result.get()));
}

Descriptor Converter::RunPdfToText(int file, const CancelToken& cancel) {
  const char* program = FindPdfToText();
  if (program == nullptr) {
    Fail(ErrorCode::kUnsupported,
         "reading PDF files needs the program pdftotext; install poppler-utils");
  }
  if (filter_.empty()) filter_ = MakeSystemCallFilter(CallList::kProgram);
  Descriptor text = MakeMemoryFile();
  const Descriptor rules(MakeLandlockRules(FileReach::kSystemPrograms));
  ChildCommand command;
  command.arguments = {program, "-q", "-htmlmeta", "-enc", "UTF-8", "-", "-"};
  command.environment = {"LANG=C.UTF-8"};
  command.input = file;
  command.output = text.get();
  command.limits.memory_bytes = limits_.memory_bytes;
  command.limits.cpu_seconds = static_cast<uint64_t>(std::ceil(limits_.seconds)) + 1;
  command.limits.file_bytes = 2 * kMaxDocumentBytes;
  command.filter = &filter_;
  command.landlock_rules = rules.get();
  ::lseek(file, 0, SEEK_SET);
  ChildProcess child(command);
  if (!AwaitReadable(child.pidfd(), limits_.seconds, cancel)) {
    Fail(ErrorCode::kUnsupported, "reading it took longer than {:g} s, so it is skipped",
         limits_.seconds);
  }
  const int status = child.Reap(/*kill_first=*/false);
  // pdftotext's own statuses (1: broken, 3: not allowed to be copied) leave no text.
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= kChildNotConfined) FailByStatus(status);
  if (WEXITSTATUS(status) == 1) {
    Fail(ErrorCode::kCorruptFile, "this PDF is broken, cut short or locked with a password");
  }
  if (WEXITSTATUS(status) == 3) {
    Fail(ErrorCode::kUnsupported, "this PDF does not allow its text to be taken out");
  }
  return text;
}

}  // namespace pioneer::search
