// Why: other search programs are judged by the same questions, scores and clock, without a line of
// them in here: they are asked through a pipe.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <limits>

#include "base/child_process.h"
#include "base/error.h"
#include "base/json.h"
#include "eval/search_eval.h"

namespace pioneer::eval {
namespace {

constexpr size_t kMostLineBytes = size_t{1} << 20;
constexpr int kLookForCancelMs = 200;

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  return variables;
}

// The command is in the words of a shell, and begins in the folder in which this program did.
ChildCommand MakeCommand(const std::string& command, const std::filesystem::path& folder,
                         const Pipe& questions, const Pipe& results) {
  ChildCommand child;
  child.arguments = {"/bin/sh",
                     "-c",
                     "cd \"$1\" && exec " + command + " \"$2\"",
                     "sh",
                     std::filesystem::current_path().string(),
                     std::filesystem::absolute(folder).string()};
  child.environment = Environment();
  child.input = questions.reading.get();
  ::fcntl(child.input, F_SETFL, 0);  // a program expects to wait for its input
  child.output = results.writing.get();
  child.error = STDERR_FILENO;
  child.limits.file_bytes = std::numeric_limits<uint64_t>::max();
  child.limits.open_files = 1024;
  return child;
}

class PeerSearcher : public Searcher {
 public:
  PeerSearcher(const std::string& command, const std::filesystem::path& folder, CancelToken cancel)
      : command_(command),
        cancel_(std::move(cancel)),
        child_(MakeCommand(command, folder, questions_, results_)) {
    questions_.reading.Close();
    results_.writing.Close();
    name_ = Read<std::string>("name");
  }
  std::string name() const override { return name_; }

  std::vector<std::string> Search(const std::string& question) override {
    Write(DumpJson(Json(question)) + "\n");
    return Read<std::vector<std::string>>();
  }

 private:
  [[noreturn]] void FailEnded() {
    const std::string how = DescribeChildStatus(child_.Reap(/*kill_first=*/false));
    Fail(ErrorCode::kInvalidArgument, "the program \"{}\" {}", command_,
         how.empty() ? "ended before it had answered" : how);
  }

  // Where the program has ended, the reading of its answer tells how.
  void Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(questions_.writing.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EPIPE) return;
      if (n < 0) FailErrno("cannot ask the program \"" + command_ + "\"");
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }

  std::string ReadLine() {
    while (true) {
      if (const size_t end = read_.find('\n'); end != read_.npos) {
        std::string line = read_.substr(0, end);
        read_.erase(0, end + 1);
        return line;
      }
      if (read_.size() > kMostLineBytes) {
        Fail(ErrorCode::kInvalidArgument, "the program \"{}\" wrote a line of over {} bytes",
             command_, kMostLineBytes);
      }
      cancel_.Check();
      pollfd wait{results_.reading.get(), POLLIN, 0};
      if (::poll(&wait, 1, kLookForCancelMs) <= 0) continue;
      std::array<char, 4096> piece;
      const ssize_t n = ::read(results_.reading.get(), piece.data(), piece.size());
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n <= 0) FailEnded();
      read_.append(piece.data(), static_cast<size_t>(n));
    }
  }

  // Of the next line: a part, or all of it.
  template <typename T>
  T Read(const char* part = nullptr) {
    const std::string line = ReadLine();
    try {
      const Json json = ParseJson(line);
      return (part ? json.at(part) : json).template get<T>();
    } catch (const std::exception& error) {
      Fail(ErrorCode::kInvalidArgument, "the program \"{}\" wrote {}: {}", command_,
           line.substr(0, 200), error.what());
    }
  }

  const std::string command_;
  const CancelToken cancel_;
  std::string name_;
  Pipe questions_, results_;
  std::string read_;  // and not yet taken
  ChildProcess child_;
};

}  // namespace

std::unique_ptr<Searcher> MakePeerSearcher(const std::string& command,
                                           const std::filesystem::path& folder,
                                           const CancelToken& cancel) {
  return std::make_unique<PeerSearcher>(command, folder, cancel);
}

}  // namespace pioneer::eval
