#include "cli/memory_probe.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <string>
#include <vector>

#include "base/clock.h"

namespace pioneer {
namespace {

constexpr int64_t kThreadBytes = int64_t{64} << 20, kLeastBytes = int64_t{256} << 20;
constexpr int kPasses = 24;
// Places read in turns by one thread: more lines on the way than one stream's prefetcher asks for.
constexpr int kStreams = 4;
constexpr int64_t kLine = 64 / sizeof(uint64_t);

// Reads every line of [data, data + n) and returns something that depends on all of them.
uint64_t SumOf(const uint64_t* data, int64_t n) {
  const int64_t stream = n / kStreams / kLine * kLine;
  std::array<uint64_t, kLine> sums = {};
  for (int64_t i = 0; i < stream; i += kLine) {
    for (int s = 0; s < kStreams; ++s) {
      const uint64_t* line = data + s * stream + i;
      for (size_t j = 0; j < sums.size(); ++j) sums[j] += line[j];
    }
  }
  uint64_t sum = 0;
  for (const uint64_t part : sums) sum += part;
  return sum;
}

}  // namespace

double MeasureReadBandwidth(ThreadPool& pool) {
  const int64_t n_threads = pool.size();
  const int64_t each = std::max(kThreadBytes, kLeastBytes / n_threads) / 8;  // numbers
  std::vector<std::vector<uint64_t>> data(static_cast<size_t>(n_threads));
  pool.Run([&](int thread) { data[thread].assign(static_cast<size_t>(each), 1); });
  std::atomic<uint64_t> sum{0};  // a result that is used cannot be left out
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const Stopwatch stopwatch;
    pool.Run([&](int thread) { sum += SumOf(data[thread].data(), each); });
    best = std::max(best, static_cast<double>(n_threads * each * 8) / stopwatch.Seconds());
  }
  return sum > 0 ? best : 0;
}

int64_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kKey = "VmHWM:";
    if (line.starts_with(kKey)) return std::strtoll(line.c_str() + kKey.size(), nullptr, 10) * 1024;
  }
  return 0;
}

}  // namespace pioneer
