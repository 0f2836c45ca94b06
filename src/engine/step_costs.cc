#include "engine/step_costs.h"

#include <algorithm>
#include <cmath>

namespace pioneer {
namespace {

constexpr double kUsualRatio = 1.7;
constexpr double kAnswerRate = 0.3, kRowRate = 0.3;  // how fast the averages move
// A single step may be slow for any reason: its time counts for at most so many times what is
// known, and at least for one of so many parts.
constexpr double kMostChange = 2.0;
// Fewer rows without answers say nothing of what a row adds: reading the weights is all they cost.
constexpr int kTellingRows = 32;
constexpr double kMostRows = 1 << 20;

void Learn(double& known, double seen, double rate) {
  if (known == 0) {
    known = seen;
  } else {
    known += rate * (std::clamp(seen, known / kMostChange, known * kMostChange) - known);
  }
}

}  // namespace

void StepCosts::Observe(int n_answers, int n_prompt_rows, double seconds) {
  n_mixed_ = n_answers > 0 && n_prompt_rows > 0 ? n_mixed_ + 1 : 0;
  if (!(seconds > 0)) return;
  if (n_prompt_rows == 0) {
    if (n_answers > 0) Learn(answer_seconds_[n_answers], seconds, kAnswerRate);
    return;
  }
  const double answers = AnswerSeconds(n_answers);
  if (n_answers > 0 && answers == 0) {  // as good as it can be told
    const double rest = seconds - n_prompt_rows * row_seconds_;
    if (row_seconds_ > 0 && rest > 0) answer_seconds_[n_answers] = rest;
    return;
  }
  if (n_answers == 0 && n_prompt_rows < kTellingRows) return;
  const double row = (seconds - answers) / n_prompt_rows;
  if (row > 0 || row_seconds_ > 0) Learn(row_seconds_, row, kRowRate);
}

int StepCosts::PromptRows(int n_answers) const {
  if (n_mixed_ >= kMixedSteps) return 0;
  const double answers = AnswerSeconds(n_answers);
  if (answers == 0 || row_seconds_ == 0) return kUnknownRows;
  const double target = target_seconds_ > 0 ? target_seconds_ : kUsualRatio * answers;
  const double rows = std::floor((target - answers) / row_seconds_);
  return static_cast<int>(std::clamp<double>(rows, kLeastPromptRows, kMostRows));
}

double StepCosts::AnswerSeconds(int n_answers) const {
  if (n_answers == 0 || answer_seconds_.empty()) return 0;
  const auto above = answer_seconds_.lower_bound(n_answers);
  if (above == answer_seconds_.end()) return std::prev(above)->second;
  if (above == answer_seconds_.begin()) return above->second;
  const auto below = std::prev(above);
  return n_answers - below->first < above->first - n_answers ? below->second : above->second;
}

}  // namespace pioneer
