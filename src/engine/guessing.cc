#include "engine/guessing.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <utility>

namespace pioneer {
namespace {

// What is believed before anything was tried, for 2, 3, 4, 8, 16 tokens before, and 32; and how
// many tries that belief is worth.
constexpr std::array<double, 6> kBelief = {0.3, 0.45, 0.6, 0.75, 0.9, 0.95};
constexpr double kBeliefWeight = 2;
// What a further try leaves of the earlier ones, and a step, so that what failed is tried again.
constexpr double kMemoryOfTries = 0.97, kMemoryOfSteps = 0.99;

}  // namespace

int GuessOdds::LevelOf(int n_matched) {
  if (n_matched < 4) return n_matched < 3 ? 0 : 1;
  return std::min(static_cast<int>(std::bit_width(static_cast<unsigned>(n_matched))) - 1,
                  kLevels - 1);
}

std::vector<double> GuessOdds::Chances(int n_matched, int n) const {
  std::vector<double> chances;
  double all = 1;
  for (int i = 0; i < n; ++i) {
    const int level = LevelOf(n_matched + i);
    const Record& record = records_[level];
    all *= (record.right + kBeliefWeight * kBelief[level]) / (record.tried + kBeliefWeight);
    chances.push_back(all);
  }
  return chances;
}

void GuessOdds::Observe(int n_matched, int n_guessed, int n_right) {
  for (Record& record : records_) record.Fade(kMemoryOfSteps);
  // Behind the first that is wrong nothing was tried.
  for (int i = 0; i < std::min(n_right + 1, n_guessed); ++i) {
    Record& record = records_[LevelOf(n_matched + i)];
    record.Fade(kMemoryOfTries);
    record.tried += 1;
    record.right += i < n_right ? 1 : 0;
  }
}

std::vector<int> ChooseGuesses(std::span<const std::vector<double>> chances, int n_rows,
                               int most_rows, const StepCosts& costs) {
  std::vector<int> n_guesses(chances.size(), 0);
  std::priority_queue<std::pair<double, size_t>> next;  // the chance of each answer's next guess
  for (size_t i = 0; i < chances.size(); ++i) {
    if (!chances[i].empty()) next.emplace(chances[i].front(), i);
  }
  auto n_tokens = static_cast<double>(chances.size());
  for (; n_rows < most_rows && !next.empty(); ++n_rows) {
    const auto [chance, i] = next.top();
    if (!costs.RowPays(n_rows, n_tokens, chance)) break;
    next.pop();
    n_tokens += chance;
    const int n = ++n_guesses[i];
    if (n < std::ssize(chances[i])) next.emplace(chances[i][n], i);
  }
  return n_guesses;
}

}  // namespace pioneer
