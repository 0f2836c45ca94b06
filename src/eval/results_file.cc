#include "eval/results_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace pioneer::eval {
namespace {

Json ToJson(const ItemResult& result) {
  Json json = {{"id", result.id},
               {"scores", result.scores},
               {"output", result.output},
               {"tokens", result.n_tokens}};
  for (const TextPiece& piece : result.pieces) {
    json["pieces"].push_back({piece.loglikelihood, piece.n_words, piece.n_bytes});
  }
  return json;
}

ItemResult FromJson(const Json& json) {
  ItemResult result;
  result.id = json.at("id").get<std::string>();
  result.scores = json.at("scores").get<std::map<std::string, double>>();
  result.output = json.at("output").get<std::string>();
  result.n_tokens = json.at("tokens").get<int64_t>();
  for (const Json& piece : json.value("pieces", Json::array())) {
    result.pieces.push_back(
        {piece.at(0).get<double>(), piece.at(1).get<int64_t>(), piece.at(2).get<int64_t>()});
  }
  return result;
}

void CheckSameRun(const fs::path& path, const Json& there, const Json& run) {
  for (const auto& [key, value] : run.items()) {
    if (there.contains(key) && there[key] == value) continue;
    Fail(ErrorCode::kInvalidArgument,
         "{} holds results of another run: its {} is {}, not {}; choose another --out",
         path.string(), key, there.contains(key) ? DumpJson(there[key]) : "unknown",
         DumpJson(value));
  }
}

}  // namespace

ResultsFile::ResultsFile(const fs::path& path, const Json& run) : path_(path) {
  const std::string content = fs::exists(path) ? ReadFile(path) : "";
  const size_t whole = content.rfind('\n') == std::string::npos ? 0 : content.rfind('\n') + 1;
  ReadLines(content.substr(0, whole), run);
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) FailErrno("cannot write " + path.string());
  if (::ftruncate(fd_, static_cast<off_t>(whole)) != 0) FailErrno("cannot cut " + path.string());
  if (whole == 0) Write(DumpJson(run) + "\n");
}

ResultsFile::~ResultsFile() {
  if (fd_ >= 0) ::close(fd_);
}

void ResultsFile::ReadLines(const std::string& content, const Json& run) {
  int64_t number = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = content.find('\n', begin);
    const std::string_view line = std::string_view(content).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    try {
      const Json json = ParseJson(line);
      if (number == 1) {
        CheckSameRun(path_, json, run);
      } else {
        results_.push_back(FromJson(json));
      }
    } catch (const Json::exception& error) {
      Fail(ErrorCode::kCorruptFile, "{}, line {}: {}", path_.string(), number, error.what());
    }
  }
}

void ResultsFile::Append(const std::vector<ItemResult>& results) {
  std::string lines;
  for (const ItemResult& result : results) lines += DumpJson(ToJson(result)) + "\n";
  if (!lines.empty()) Write(lines);
}

void ResultsFile::Write(const std::string& lines) {
  for (size_t done = 0; done < lines.size();) {
    const ssize_t n = ::write(fd_, lines.data() + done, lines.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) FailErrno("cannot write " + path_.string());
    done += static_cast<size_t>(n);
  }
  if (::fdatasync(fd_) != 0) FailErrno("cannot write " + path_.string());
}

}  // namespace pioneer::eval
