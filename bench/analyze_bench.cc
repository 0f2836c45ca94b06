// Why: how fast a text becomes the index's terms: it bounds how fast documents are indexed and
// found passages are read. The sum tells whether two versions make the same terms.
//   build/analyze_bench FILE...
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "search/index/analyzer.h"

namespace pioneer::search {
namespace {

constexpr size_t kPieceBytes = 700;  // a passage's
constexpr int kRounds = 5;

uint64_t Mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x100000001B3; }

uint64_t SumOf(const std::vector<Term>& terms) {
  uint64_t sum = 0xCBF29CE484222325;
  for (const Term& term : terms) {
    for (const char c : term.text) sum = Mix(sum, static_cast<uint8_t>(c));
    for (const uint32_t n : {static_cast<uint32_t>(term.kind), term.word, term.position, term.begin,
                             term.end}) {
      sum = Mix(sum, n);
    }
  }
  return sum;
}

void Bench(const char* file) {
  const MappedFile mapped(file);
  const std::string_view text(reinterpret_cast<const char*>(mapped.bytes().data()),
                              mapped.bytes().size());
  double best = 1e9;
  size_t n_terms = 0;
  uint64_t sum = 0;
  for (int round = 0; round < kRounds; ++round) {
    n_terms = sum = 0;
    double seconds = 0;
    for (size_t at = 0; at < text.size(); at += kPieceBytes) {
      const Stopwatch analyzing;
      const std::vector<Term> terms = Analyze(text.substr(at, kPieceBytes));
      seconds += analyzing.Seconds();
      n_terms += terms.size();
      sum = Mix(sum, SumOf(terms));
    }
    best = std::min(best, seconds);
  }
  fmt::print("{}: {:.1f} MB/s, {:.1f} million terms a second; {} terms, sum {:016x}\n", file,
             static_cast<double>(text.size()) / 1e6 / best,
             static_cast<double>(n_terms) / 1e6 / best, n_terms, sum);
}

}  // namespace
}  // namespace pioneer::search

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: analyze_bench FILE...\n");
    return 2;
  }
  for (int i = 1; i < argc; ++i) pioneer::search::Bench(argv[i]);
  return 0;
}
