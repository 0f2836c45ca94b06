// Why: how many megabytes of text a second one thread tokenizes.
//   tokenizer_bench VOCABULARY.gguf TEXT...
// A TEXT is a plain file (.jsonl: the strings of its "text" fields, one document each), of which
// the first 16 MB are read. Each text is tokenized three times; the best time counts.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "model/vocabulary.h"
#include "text/tokenizer.h"

namespace {

using namespace pioneer;

constexpr size_t kMaxBytes = size_t{16} << 20;

std::vector<std::string> ReadDocuments(const fs::path& path) {
  const std::string bytes = ReadFile(path).substr(0, kMaxBytes);
  if (path.extension() != ".jsonl") return {bytes};
  std::vector<std::string> documents;
  std::istringstream lines(bytes.substr(0, bytes.rfind('\n')));
  for (std::string line; std::getline(lines, line);) {
    documents.push_back(ParseJson(line).at("text").get<std::string>());
  }
  return documents;
}

// Of this thread, so that other programs do not count.
double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void Measure(const Tokenizer& tokenizer, const fs::path& path) {
  const std::vector<std::string> documents = ReadDocuments(path);
  size_t n_bytes = 0, n_tokens = 0;
  for (const std::string& document : documents) n_bytes += document.size();
  double best_s = 1e9;
  for (int round = 0; round < 3; ++round) {
    n_tokens = 0;
    const double start_s = CpuSeconds();
    for (const std::string& document : documents) n_tokens += tokenizer.Encode(document, {}).size();
    best_s = std::min(best_s, CpuSeconds() - start_s);
  }
  fmt::print("{:>24}: {:6.1f} MB/s, {} documents, {:.2f} bytes a token\n", path.filename().string(),
             static_cast<double>(n_bytes) / best_s / 1e6, documents.size(),
             static_cast<double>(n_bytes) / static_cast<double>(n_tokens));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: tokenizer_bench VOCABULARY.gguf TEXT...\n");
    return 2;
  }
  try {
    const auto tokenizer = MakeTokenizer(LoadVocabulary(*GgufFile::Open(argv[1])));
    fmt::print("{}\n", argv[1]);
    for (int i = 2; i < argc; ++i) Measure(*tokenizer, argv[i]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
