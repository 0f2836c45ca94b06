// Why: judging a model takes hours, and what is judged must not be lost: each item's result is on
// the disk soon after it is known, and a run that was ended at any moment goes on with the next
// item.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace pioneer::eval {

// A part of a text: what errors of few long texts are estimated from.
struct TextPiece {
  double loglikelihood = 0;
  int64_t n_words = 0, n_bytes = 0;
};

struct ItemResult {
  std::string id;
  std::map<std::string, double> scores;
  std::string output;                  // what the model wrote or chose; of a text, nothing
  int64_t n_tokens = 0;                // scored or written
  std::vector<TextPiece> pieces = {};  // of a text
};

// Lines of JSON: first what was judged and how, then an item each; only ever appended to. A line
// that a crash cut off is dropped. One thread, one process.
class ResultsFile {
 public:
  // Opens or makes the file. `run` is what results depend on: where the file has another, it throws
  // Error{kInvalidArgument} that says what differs. Throws Error{kIo, kCorruptFile}.
  ResultsFile(const fs::path& path, const Json& run);
  ~ResultsFile();
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  const std::vector<ItemResult>& results() const { return results_; }
  // When it returns, they are on the disk.
  void Append(const std::vector<ItemResult>& results);

 private:
  void ReadLines(const std::string& content, const Json& run);
  void Write(const std::string& lines);

  const fs::path path_;
  int fd_ = -1;
  std::vector<ItemResult> results_;
};

}  // namespace pioneer::eval
