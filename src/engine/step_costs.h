// Why: a prompt shares its steps with answers that somebody reads, and each of its rows makes all
// of them wait; a guessed token is a row that may bring one more. What a row costs differs by
// model, machine and length, so it is learned from the steps that were run. Pure logic: the caller
// has the clock.
#pragma once

#include <map>

namespace pioneer {

// Not thread-safe.
class StepCosts {
 public:
  static constexpr int kUnknownRows = 32;
  // After so many steps with prompts one goes without, since a machine's speed changes: what
  // answers alone take must be known to tell what rows add.
  static constexpr int kMixedSteps = 16;
  // In all others, no fewer rows are allowed: a prompt must come to its end.
  static constexpr int kLeastPromptRows = 4;

  // How long a step with answers in it should take; 0: 1.7 times as long as it takes without
  // prompts, which leaves a margin to twice as long.
  explicit StepCosts(double target_seconds) : target_seconds_(target_seconds) {}

  // n_answer_rows: one for each answer, and those of tokens that were guessed or forced.
  void Observe(int n_answer_rows, int n_prompt_rows, double seconds);
  // Rows of prompts for a step with n_answers > 0; kUnknownRows as long as it is not known what
  // answers take.
  int PromptRows(int n_answers) const;
  // What a step of so many rows without prompts takes, on average; 0: not known.
  double AnswerStepSeconds(int n_rows) const;

 private:
  // Of steps without prompts: moving averages of rows and seconds, and of how they differ from
  // these together.
  struct Line {
    double rows = 0, seconds = 0;  // 0 seconds: not known
    double variance = 0, covariance = 0;
    void Observe(double rows_seen, double seconds_seen);
    double SecondsPerRow() const;
  };
  double AnswerSeconds(int n_answers) const;  // 0: not known

  const double target_seconds_;
  std::map<int, double> answer_seconds_;  // of steps without prompts, by rows
  Line answer_line_;
  double row_seconds_ = 0;  // that a row of a prompt adds; 0: not known
  int n_mixed_ = 0;         // steps with both since one with answers alone
};

}  // namespace pioneer
