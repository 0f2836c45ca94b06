// Why: how long it takes to learn a vocabulary from much text.
//   bpe_bench TEXT MEGABYTES VOCABULARY_SIZE THREADS
// TEXT is a plain file; where it is shorter than asked for, it is read again from its start, each
// time with other words (a number goes behind every 64th one), so that new words keep coming.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "text/bpe_trainer.h"

namespace {

using namespace pioneer;

constexpr size_t kDocumentBytes = size_t{200} * 1000;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

std::string WithNewWords(const std::string& text, int round) {
  std::string out;
  int words = 0;
  for (const char c : text) {
    if (c == ' ' && ++words % 64 == 0) out += fmt::format("{}", round);
    out += c;
  }
  return out;
}

void Measure(const std::string& text, size_t bytes, int vocab_size, int n_threads) {
  BpeTrainerOptions options;
  options.vocab_size = vocab_size;
  options.n_threads = n_threads;
  const Stopwatch watch;
  const double cpu_s = CpuSeconds();
  double read_s = 0;
  options.progress = [&](const BpeTrainerProgress& progress) {
    if (progress.stage == BpeTrainerProgress::Stage::kReading) read_s = watch.Seconds();
  };
  size_t at = 0, done = 0;
  int round = 0;
  const Vocabulary vocabulary = TrainBpe(
      [&]() -> std::optional<std::string> {
        if (done >= bytes) return std::nullopt;
        if (at >= text.size()) {
          at = 0;
          ++round;
        }
        std::string document = text.substr(at, kDocumentBytes);
        at += document.size();
        done += document.size();
        return round == 0 ? document : WithNewWords(document, round);
      },
      options);
  fmt::print(
      "{:6} MB, vocabulary {}, {} threads: {:6.1f} s, of it {:5.1f} s reading; {:6.1f} s of CPU\n",
      done / 1000000, vocabulary.tokens.size(), n_threads, watch.Seconds(), read_s,
      CpuSeconds() - cpu_s);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "bpe_bench TEXT MEGABYTES VOCABULARY_SIZE THREADS\n");
    return 2;
  }
  try {
    Measure(ReadFile(argv[1]), std::stoul(argv[2]) * 1000000, std::stoi(argv[3]),
            std::stoi(argv[4]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
