// Why: a guessed token is one more row of a step. It pays where rows are cheap and the guess is
// likely right; both are learned while answers run, so that guessing is never slower than not.
// Pure logic: no model, no clock.
//
// A step of r rows takes T(r) = a + b r (engine/step_costs.h) and brings N tokens. The next row,
// right with chance c, makes tokens come faster iff c / b > N / T(r); so rows are added from the
// likeliest on until that, with a margin, fails.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine/step_costs.h"

namespace pioneer {

// How often guesses of one answer were right, by how much stood before them. Recent ones count
// most.
class GuessOdds {
 public:
  static constexpr int kDrafted = -1;  // as n_matched: a draft model's guesses
  // The chance that the first i + 1 of n guesses are all right, for each i; n_matched tokens before
  // the first are those of the place they come from.
  std::vector<double> Chances(int n_matched, int n) const;
  // After each step of the answer, also one without guesses.
  void Observe(int n_matched, int n_guessed, int n_right);

 private:
  static constexpr int kLevels = 7;
  struct Record {
    double tried = 0, right = 0;
    void Fade(double factor) {
      tried *= factor;
      right *= factor;
    }
  };
  static int LevelOf(int n_matched, int i);

  std::array<Record, kLevels> records_;
};

// Whether looking for guesses can be worth it: would a row that is surely right pay, beside n_rows
// rows that bring n_answers answers one token each?
bool SureGuessPays(int n_answers, int n_rows, const StepCosts& costs);

// How many guesses of each answer to run beside n_rows rows that bring each answer one token: at
// most most_rows in all. chances[i] are those of answer i, which fall.
std::vector<int> ChooseGuesses(std::span<const std::vector<double>> chances, int n_rows,
                               int most_rows, const StepCosts& costs);

// How many tokens a draft model should guess for some answers, each of which is right with its
// chance if those before it are, in a step of n_rows rows that bring n_tokens. Each token of all
// takes round_seconds to guess. At most `most`.
int ChooseDraftRounds(std::span<const double> chances, int most, int n_rows, double n_tokens,
                      double round_seconds, const StepCosts& costs);

}  // namespace pioneer
