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

// As long as rows hardly differ: so many rows cost what the first does, as where memory is the
// limit.
constexpr double kRowsOfOneStep = 16;
constexpr double kBeliefVariance = 0.1;  // of rows; what that belief is worth
constexpr double kLineRate = 0.03;

void Learn(double& known, double seen, double rate) {
  if (known == 0) {
    known = seen;
  } else {
    known += rate * (std::clamp(seen, known / kMostChange, known * kMostChange) - known);
  }
}

}  // namespace

void StepCosts::Observe(int n_answer_rows, int n_prompt_rows, double seconds) {
  n_mixed_ = n_answer_rows > 0 && n_prompt_rows > 0 ? n_mixed_ + 1 : 0;
  if (!(seconds > 0)) return;
  if (n_prompt_rows == 0) {
    if (n_answer_rows == 0) return;
    Learn(answer_seconds_[n_answer_rows], seconds, kAnswerRate);
    answer_line_.Observe(n_answer_rows, seconds);
    return;
  }
  const double answers = AnswerSeconds(n_answer_rows);
  if (n_answer_rows > 0 && answers == 0) {  // as good as it can be told
    const double rest = seconds - n_prompt_rows * row_seconds_;
    if (row_seconds_ > 0 && rest > 0) answer_seconds_[n_answer_rows] = rest;
    return;
  }
  if (n_answer_rows == 0 && n_prompt_rows < kTellingRows) return;
  const double row = (seconds - answers) / n_prompt_rows;
  if (row > 0 || row_seconds_ > 0) Learn(row_seconds_, row, kRowRate);
}

int StepCosts::PromptRows(int n_answers) const {
  if (n_mixed_ >= kMixedSteps) return 0;
  const double answers = AnswerSeconds(n_answers);
  if (answers == 0) return kUnknownRows;
  // As long as nothing is known of prompts, a row of them counts as much as one of answers.
  const double row = row_seconds_ > 0 ? row_seconds_ : answers / n_answers;
  const double target = target_seconds_ > 0 ? target_seconds_ : kUsualRatio * answers;
  const double rows = std::floor((target - answers) / row);
  return static_cast<int>(std::clamp<double>(rows, kLeastPromptRows, kMostRows));
}

void StepCosts::Line::Observe(double rows_seen, double seconds_seen) {
  if (seconds == 0) {
    rows = rows_seen;
    seconds = seconds_seen;
    return;
  }
  const double expected = seconds + SecondsPerRow() * (rows_seen - rows);
  const double d_rows = rows_seen - rows;
  const double d_seconds =
      std::clamp(seconds_seen, expected / kMostChange, expected * kMostChange) - seconds;
  rows += kLineRate * d_rows;
  seconds += kLineRate * d_seconds;
  variance = (1 - kLineRate) * (variance + kLineRate * d_rows * d_rows);
  covariance = (1 - kLineRate) * (covariance + kLineRate * d_rows * d_seconds);
}

// Between nothing and all that a step takes.
double StepCosts::Line::SecondsPerRow() const {
  const double believed = seconds / (kRowsOfOneStep + rows);
  const double seen = (covariance + kBeliefVariance * believed) / (variance + kBeliefVariance);
  return std::clamp(seen, 0.1 * believed, seconds / rows);
}

double StepCosts::AnswerStepSeconds(int n_rows) const {
  if (answer_line_.seconds == 0) return 0;
  return answer_line_.seconds + answer_line_.SecondsPerRow() * (n_rows - answer_line_.rows);
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
