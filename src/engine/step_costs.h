// Why: a prompt shares its steps with answers that somebody reads, and each of its rows makes all
// of them wait. What a row costs differs by model, machine and length, so it is learned from the
// steps that were run. Pure logic: the caller has the clock.
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
  static constexpr int kLeastPromptRows = 8;

  // How long a step with answers in it should take; 0: 1.7 times as long as it takes without
  // prompts, which leaves a margin to twice as long.
  explicit StepCosts(double target_seconds) : target_seconds_(target_seconds) {}

  void Observe(int n_answers, int n_prompt_rows, double seconds);
  // Rows of prompts for a step with n_answers > 0; kUnknownRows while the costs are not known.
  int PromptRows(int n_answers) const;

 private:
  double AnswerSeconds(int n_answers) const;  // 0: not known

  const double target_seconds_;
  std::map<int, double> answer_seconds_;  // of steps without prompts, by number of answers
  double row_seconds_ = 0;                // that a row of a prompt adds; 0: not known
  int n_mixed_ = 0;                       // steps with both since one with answers alone
};

}  // namespace pioneer
