#include "engine/guessing.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <utility>

namespace pioneer {
namespace {

// What is believed before anything was tried, for 2, 3, 4, 8, 16 and 32 tokens before, and of a
// draft model; and how many tries that belief is worth.
constexpr std::array<double, 7> kBelief = {0.3, 0.45, 0.6, 0.75, 0.9, 0.95, 0.6};
constexpr double kBeliefWeight = 2;
// What a further try leaves of the earlier ones, and a step, so that what failed is tried again.
constexpr double kMemoryOfTries = 0.97, kMemoryOfSteps = 0.99;
// Chances and seconds are estimates, and a guess that just breaks even wins nothing where they are
// right: so a row must promise more than it costs.
constexpr double kMargin = 1.1;

struct Step {
  int n_rows = 0;
  double n_tokens = 0;       // that it brings, on average
  double other_seconds = 0;  // beside what its rows take
};

// Whether tokens come faster by the longer one.
bool Pays(const Step& step, const Step& longer, const StepCosts& costs) {
  const double seconds = costs.AnswerStepSeconds(step.n_rows) + step.other_seconds;
  const double more_seconds =
      costs.AnswerStepSeconds(longer.n_rows) + longer.other_seconds - seconds;
  const double more_tokens = longer.n_tokens - step.n_tokens;
  return seconds > 0 && more_tokens * seconds > kMargin * more_seconds * step.n_tokens;
}

}  // namespace

// Of the guess i, before which others stand.
int GuessOdds::LevelOf(int n_matched, int i) {
  if (n_matched == kDrafted) return kLevels - 1;
  const int n = n_matched + i;
  if (n < 4) return n < 3 ? 0 : 1;
  return std::min(static_cast<int>(std::bit_width(static_cast<unsigned>(n))) - 1, kLevels - 2);
}

std::vector<double> GuessOdds::Chances(int n_matched, int n) const {
  static_assert(kBelief.size() == kLevels);
  std::vector<double> chances;
  double all = 1;
  for (int i = 0; i < n; ++i) {
    const int level = LevelOf(n_matched, i);
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
    Record& record = records_[LevelOf(n_matched, i)];
    record.Fade(kMemoryOfTries);
    record.tried += 1;
    record.right += i < n_right ? 1 : 0;
  }
}

bool SureGuessPays(int n_answers, int n_rows, const StepCosts& costs) {
  const Step step{n_rows, static_cast<double>(n_answers), 0};
  return Pays(step, {n_rows + 1, step.n_tokens + 1, 0}, costs);
}

std::vector<int> ChooseGuesses(std::span<const std::vector<double>> chances, int n_rows,
                               int most_rows, const StepCosts& costs) {
  std::vector<int> n_guesses(chances.size(), 0);
  std::priority_queue<std::pair<double, size_t>> next;  // the chance of each answer's next guess
  for (size_t i = 0; i < chances.size(); ++i) {
    if (!chances[i].empty()) next.emplace(chances[i].front(), i);
  }
  Step step{n_rows, static_cast<double>(chances.size()), 0};
  while (step.n_rows < most_rows && !next.empty()) {
    const auto [chance, i] = next.top();
    const Step longer{step.n_rows + 1, step.n_tokens + chance, 0};
    if (!Pays(step, longer, costs)) break;
    step = longer;
    next.pop();
    const int n = ++n_guesses[i];
    if (n < std::ssize(chances[i])) next.emplace(chances[i][n], i);
  }
  return n_guesses;
}

int ChooseDraftRounds(std::span<const double> chances, int most, int n_rows, double n_tokens,
                      double round_seconds, const StepCosts& costs) {
  Step step{n_rows, n_tokens, 0};
  std::vector<double> all_right(chances.begin(), chances.end());
  for (int round = 0; round < most; ++round) {
    Step longer = step;
    longer.n_rows += static_cast<int>(chances.size());
    longer.other_seconds += round_seconds;
    for (const double chance : all_right) longer.n_tokens += chance;
    if (!Pays(step, longer, costs)) return round;
    step = longer;
    for (size_t i = 0; i < chances.size(); ++i) all_right[i] *= chances[i];
  }
  return most;
}

}  // namespace pioneer
